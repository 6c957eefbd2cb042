"""MQTT 3.1.1 packets made and read by unmodified umqtt.simple behind a socket of memory.

Sans-I/O: nothing here waits. A packet is made as one bytes object, so that one write sends
it; umqtt's own small writes would cost a delayed ACK each. Lengths are checked before umqtt
sees a byte, so its asserts and IndexErrors are out of reach. Works with 1.3.4 and 1.8.0.
"""

from micropython import const
from umqtt import simple

from firmware.core.errors import CodecError, UplinkError

# Kinds of packet, the high nibble of the first byte (table 2.1).
CONNACK = const(2)
PUBLISH = const(3)
PUBACK = const(4)
SUBACK = const(9)
PINGRESP = const(13)

_LAST_PID = const(65535)  # packet ids are 16 bits and never 0 (2.3.1); umqtt does not wrap
_TOPIC_BYTES = const(65535)  # length of a string is 16 bits (1.5.3)
_FILTER_BYTES = const(120)  # umqtt 1.3.4 writes the length of SUBSCRIBE into one byte, < 128
_PAYLOAD_BYTES = const(1 << 20)  # umqtt asserts below 2 MB: refused here, with a sentence

# What a broker says beside PUBLISH: first byte and, at the same place, remaining length.
_FIRST = b"\x20\x40\x90\xd0"
_LENGTHS = b"\x02\x02\x03\x00"

_REFUSALS = (
    "",
    "it does not speak MQTT 3.1.1",
    "it rejects the client id",
    "it is not available",
    "user name or password is wrong",
    "this client is not authorised",
)


class Pipe:
    """umqtt's "socket": reads come from `feed`, writes gather for `drain`."""

    def __init__(self):
        self._rx = b""
        self._at = 0
        self._tx = bytearray()

    def feed(self, data):
        """What the next reads return."""
        self._rx = data
        self._at = 0

    def drain(self):
        """All that was written since the last call."""
        tx = self._tx
        self._tx = bytearray()
        return tx

    def read(self, count):
        start = self._at
        self._at = start + count
        return self._rx[start : self._at]

    def write(self, data, count=None):
        self._tx += data if count is None else memoryview(data)[:count]

    def setblocking(self, flag):
        pass

    def settimeout(self, seconds):
        pass

    def connect(self, address):
        pass

    def close(self):
        pass


class _Network:
    """Stands in for the socket module while umqtt writes its CONNECT."""

    def __init__(self, pipe):
        self._pipe = pipe

    def socket(self, *_):
        return self._pipe

    def getaddrinfo(self, *_):
        return ((0, 0, 0, "", None),)


class Codec:
    """One client's packets. Topics, payloads, names and passwords are bytes."""

    def __init__(self, client_id, user=None, password=None, keepalive_s=30, will=None):
        """`will` is (topic, payload, retain, qos) or None; keepalive_s 1..65535."""
        self._pipe = Pipe()
        if user is not None and password is None:
            password = b""
        self._mqtt = simple.MQTTClient(client_id, "", 1, user, password, keepalive_s)
        self._mqtt.set_callback(self._store)
        if will is not None:
            check_topic(will[0])
            self._mqtt.set_last_will(*will)
        self._got = None  # the message umqtt's callback brought
        self.last_pid = 0  # the id used last
        self._hello = self._greet()  # also hands umqtt its socket

    def _store(self, topic, payload):
        self._got = (topic, payload)

    def _greet(self):
        self._pipe.feed(b"\x20\x02\0\0")
        real = _swap(simple, "socket", _Network(self._pipe))
        try:
            self._mqtt.connect(True)
        finally:
            _swap(simple, "socket", real)
        return self._pipe.drain()

    def connect(self):
        """CONNECT with a clean session: what must survive is kept by the outbox."""
        return self._hello

    def next_pid(self, taken):
        """The next packet id, 1..65535, that is not in `taken`."""
        pid = self.last_pid
        while True:
            pid = pid + 1 if pid < _LAST_PID else 1
            if pid not in taken:
                self.last_pid = pid
                return pid

    def publish(self, pid, topic, payload, retain=False):
        """PUBLISH at QoS 1 under that id; CodecError when topic or payload cannot be sent."""
        check_topic(topic)
        if len(payload) > _PAYLOAD_BYTES:
            raise CodecError("a payload of %d bytes is too long to publish" % len(payload))
        self._mqtt.pid = pid - 1  # umqtt adds the one
        self._pipe.feed(bytes((0x40, 2, pid >> 8, pid & 255)))
        self._mqtt.publish(topic, payload, retain, 1)
        return self._pipe.drain()

    def subscribe(self, pid, topic):
        """SUBSCRIBE to one filter at QoS 1; CodecError when it is longer than umqtt can say."""
        if not 0 < len(topic) <= _FILTER_BYTES:
            raise CodecError("a topic filter has 1 to %d bytes" % _FILTER_BYTES)
        self._mqtt.pid = pid - 1
        self._pipe.feed(bytes((0x90, 3, pid >> 8, pid & 255, 0)))
        self._mqtt.subscribe(topic, 1)
        return self._pipe.drain()

    def ping(self):
        self._mqtt.ping()
        return self._pipe.drain()

    def decode(self, packet):
        """Judge one whole packet of the broker.

        (CONNACK, return code, 0), (PUBACK, id, 0), (SUBACK, id, granted QoS or 128),
        (PINGRESP, 0, 0) or (PUBLISH, (topic, payload), answer to send); else CodecError.
        """
        first = packet[0]
        if first >> 4 == PUBLISH:
            return self._message(packet)
        at = _FIRST.find(packet[:1])
        if at < 0 or len(packet) - 2 != _LENGTHS[at]:
            raise CodecError("the broker sent 0x%02x with another length than it has" % first)
        kind = first >> 4
        if kind == PINGRESP:
            return kind, 0, 0
        if kind == CONNACK:
            return kind, packet[3], 0
        return kind, packet[2] << 8 | packet[3], packet[4] if kind == SUBACK else 0

    def _message(self, packet):
        qos = packet[0] >> 1 & 3
        if qos > 1:  # never asked for: all filters are subscribed at QoS 1
            raise CodecError("the broker sent a message of QoS %d" % qos)
        at = 2
        while packet[at - 1] & 0x80:
            at += 1
        rest = len(packet) - at
        if rest < 2 or rest < 2 + (packet[at] << 8 | packet[at + 1]) + 2 * qos:
            raise CodecError("the broker sent a message shorter than its topic")
        self._pipe.feed(packet)
        self._mqtt.wait_msg()
        return PUBLISH, self._got, self._pipe.drain()


class Framer:
    """Cuts the byte stream of the broker into packets of at most `limit` bytes."""

    def __init__(self, limit):
        self._limit = limit
        self._buf = bytearray()

    @property
    def is_partial(self):
        """Is part of a packet waiting for its rest?"""
        return len(self._buf) > 0

    def feed(self, chunk):
        self._buf += chunk

    def next(self):
        """One whole packet, or None for "more"; CodecError as soon as the length says too much."""
        buf = self._buf
        if buf and buf[0] not in _FIRST and buf[0] >> 4 != PUBLISH:
            raise CodecError("the broker sent 0x%02x, which begins no packet" % buf[0])
        length = 0
        at = 1
        while True:
            if at >= len(buf):
                return None
            length |= (buf[at] & 0x7F) << 7 * (at - 1)
            at += 1
            if not buf[at - 1] & 0x80:
                break
            if at > 4:  # four bytes are the most (2.2.3)
                raise CodecError("the broker sent a length that has no end")
        end = at + length
        if end > self._limit:
            raise CodecError("the broker announced a packet of %d bytes" % end)
        if end > len(buf):
            return None
        self._buf = buf[end:]
        return bytes(buf[:end])


def check_topic(topic):
    """CodecError unless the bytes can stand in a PUBLISH (4.7)."""
    if not 0 < len(topic) <= _TOPIC_BYTES:
        raise CodecError("a topic has 1 to 65535 bytes")
    if b"+" in topic or b"#" in topic or b"\0" in topic:
        raise CodecError("a topic has no wildcard and no NUL")


def check_connack(code):
    """UplinkError with the broker's reason unless it accepted (table 3.1)."""
    if code:
        why = _REFUSALS[code] if code < len(_REFUSALS) else "code %d" % code
        raise UplinkError("the broker refuses: " + why)


def matches(pattern, topic):
    """Does a topic filter with + and # match? Both are bytes (4.7.1)."""
    levels = pattern.split(b"/")
    names = topic.split(b"/")
    for index, level in enumerate(levels):
        if level == b"#":
            return True
        if index >= len(names) or level not in (b"+", names[index]):
            return False
    return len(levels) == len(names)


def _swap(module, name, value):
    """Give a module's name another value; the former one."""
    former = getattr(module, name)
    setattr(module, name, value)
    return former
