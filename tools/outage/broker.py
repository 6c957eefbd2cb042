"""A broker for one client, by hand from MQTT 3.1.1 (OASIS, 29 October 2014), sharing nothing with
the terminal's code: it looks at every byte the terminal sends, and can be told to misbehave.

It forwards to a head-end, put(topic, payload); what the head-end says goes to the client as far
as it is there and has asked for the topic.
"""

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14
_FIXED = {CONNECT: 0, PUBACK: 0, SUBSCRIBE: 2, PINGREQ: 0, DISCONNECT: 0}  # flags, table 2.2


class ProtocolError(Exception):
    """The terminal's bytes are not MQTT."""


def packed(kind, flags, body):
    size, length = b"", len(body)
    while True:
        size += bytes([length % 128 | (128 if length > 127 else 0)])
        length //= 128
        if not length:
            return bytes([kind << 4 | flags]) + size + body


def text(data, at):
    """(string, index behind it), 1.5.3."""
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    if end > len(data):
        raise ProtocolError("a string longer than its packet")
    return data[at + 2 : end], end


class Session:
    """One connection of the client."""

    def __init__(self, broker, wire, number):
        self.number = number  # of the connection
        self._broker = broker
        self._wire = wire
        self._buffer = b""
        self.is_up = False
        self.filters = []
        self._next = 0
        self._unanswered = set()

    def gone(self):
        self._broker.left(self)

    def feed(self, data):
        self._buffer += data
        while True:
            packet = self._split()
            if packet is None:
                return
            try:
                self._take(*packet)
            except ProtocolError as error:
                self._broker.complain(str(error))
                self._wire.close()
                return

    def _split(self):
        """(kind, flags, body) of the next whole packet, 2.2.3."""
        length, at = 0, 1
        while True:
            if at >= len(self._buffer):
                return None
            byte = self._buffer[at]
            length += (byte & 127) << 7 * (at - 1)
            at += 1
            if not byte & 128:
                break
        if len(self._buffer) < at + length:
            return None
        first, body = self._buffer[0], self._buffer[at : at + length]
        self._buffer = self._buffer[at + length :]
        return first >> 4, first & 15, body

    def _take(self, kind, flags, body):
        if kind != PUBLISH and _FIXED.get(kind) != flags:
            raise ProtocolError(f"packet {kind} with flags {flags}")
        if (kind == CONNECT) == self.is_up:
            raise ProtocolError(f"packet {kind} out of turn")
        if kind == CONNECT:
            self._connect(body)
        elif kind == PUBLISH:
            self._publish(flags, body)
        elif kind == SUBSCRIBE:
            topic, end = text(body, 2)
            if body[end:] not in (b"\0", b"\1"):
                raise ProtocolError("a SUBSCRIBE that is not one filter")
            self.filters.append(topic.decode())
            self._say(SUBACK, body[:2] + body[end:])
        elif kind == PUBACK:
            if len(body) != 2 or body not in self._unanswered:
                raise ProtocolError("a PUBACK for what was never sent")
            self._unanswered.remove(body)
        elif kind == PINGREQ:
            self._say(PINGRESP, b"")

    def _connect(self, body):
        name, at = text(body, 0)
        if name != b"MQTT" or body[at] != 4:
            raise ProtocolError("a CONNECT of another protocol")
        flags = body[at + 1]
        if flags & 1 or not flags & 2:
            raise ProtocolError(f"CONNECT flags {flags:02x}")
        at += 4
        for has in (True, flags & 4, flags & 4, flags & 128, flags & 64):
            if has:
                _, at = text(body, at)
        if at != len(body):
            raise ProtocolError("a CONNECT with something behind it")
        self.is_up = True
        self._say(CONNACK, b"\0\0")
        self._broker.came(self)

    def _publish(self, flags, body):
        if flags >> 1 & 3 != 1:
            raise ProtocolError("a PUBLISH of another QoS than 1")
        topic, at = text(body, 0)
        pid, payload = body[at : at + 2], body[at + 2 :]
        if len(pid) < 2 or pid == b"\0\0":
            raise ProtocolError("a PUBLISH without an id")
        self._say(PUBACK, pid)
        self._broker.forward(topic.decode(), payload)

    def _say(self, kind, body, flags=0):
        self._wire.send(packed(kind, flags, body))

    def deliver(self, topic, payload):
        if topic not in self.filters:
            return
        self._next = self._next % 65535 + 1
        pid = self._next.to_bytes(2, "big")
        self._unanswered.add(pid)
        name = topic.encode()
        self._say(PUBLISH, len(name).to_bytes(2, "big") + name + pid + payload, 2)

    def close(self):
        self._wire.close()


class Broker:
    """`hold_s`: what came waits so long before it is passed on, and dies with the broker;
    `loses`: what comes for the head-end is thrown away, since that one is not there."""

    def __init__(self, time, put, accepted=lambda number: None):
        """accepted(number): a session on that connection is."""
        self.sessions = []
        self.complaints = []  # sentences about the terminal's bytes
        self.connects = 0
        self.kick_s = None  # a session ends so long after it was accepted
        self.hold_s = 0.0
        self.loses = False
        self.bytes = {}  # kind of topic: bytes of payload and topic
        self._time = time
        self._put = put
        self._accepted = accepted
        self._life = 0

    def complain(self, sentence):
        self.complaints.append(sentence)

    def session(self, wire, number=0):
        return Session(self, wire, number)

    def came(self, session):
        """The client is accepted; an older session of it ends (3.1.4)."""
        for other in self.sessions[:]:
            other.close()
        self.sessions = [session]
        self.connects += 1
        self._accepted(session.number)
        if self.kick_s is not None:
            self._time.later(self.kick_s, session.close)

    def left(self, session):
        if session in self.sessions:
            self.sessions.remove(session)

    def forward(self, topic, payload):
        kind = topic.rsplit("/", 1)[-1]
        self.bytes[kind] = self.bytes.get(kind, 0) + len(topic) + len(payload)
        if self.loses:
            return
        life = self._life
        self._time.later(self.hold_s + 0.005, lambda: self._pass_on(life, topic, payload))

    def _pass_on(self, life, topic, payload):
        if life == self._life:
            self._put(topic, payload)

    def die(self):
        """With everything it had accepted and not passed on."""
        self._life += 1
        for session in self.sessions[:]:
            session.close()

    def publish(self, topic, payload):
        for session in self.sessions:
            session.deliver(topic, payload)
