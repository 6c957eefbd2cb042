"""The MQTT client of one session as a state machine: bytes in, packets out. Sans-I/O.

It decides what is sent next and what the broker's packets mean; `session` moves the bytes.
QoS 1 with clean sessions: only the outbox remembers, and what was not acknowledged goes out
again in the next connection (which is a new publish, so no DUP; 3.3.1.1). What a PUBACK means
is the outbox's business.
"""

from firmware.core.errors import CodecError, UplinkError
from firmware.uplink import mqtt
from firmware.uplink.deadlines import Deadlines
from firmware.uplink.outbox import Outbox

_NO_OUTBOX = Outbox(0, 0, 0, 0)  # between connections


class Engine:
    def __init__(self, clock, log, codec, limits, keepalive_ms, birth=None):
        """`birth` is (topic, payload, retain, qos) or None."""
        self.codec = codec
        self.waits = Deadlines(clock, limits.bounds(keepalive_ms))
        self.is_up = False  # between CONNACK and the end of the connection
        self.up_since = None  # clock.ms() of the CONNACK; None: it never came
        self.connects = 0  # sessions the broker accepted
        self.published = 0  # messages of the outbox sent for the first time
        self.delivered = 0  # ... acknowledged by the broker
        self.republished = 0  # ... sent again
        self.refused = 0  # messages MQTT cannot carry, filters the broker denied
        self.received = 0
        self.subscriptions = []  # (filter, callback)
        self._clock = clock
        self._log = log
        self._limits = limits
        self._keepalive_ms = keepalive_ms
        self._birth = birth
        self._clear()

    def _clear(self):
        self._outbox = _NO_OUTBOX
        self._framer = mqtt.Framer(self._limits.rx_bytes)
        self._flight = []  # (packet id, kind of answer awaited, item or None), oldest first
        self._todo = []  # (topic, payload, retain): births; (filter, None, False): filters
        self._replies = []  # PUBACKs we owe
        self._heard_ms = self._sent_ms = self._clock.ms()

    def begin(self, outbox):
        """A connection is open: the CONNECT to send first."""
        self._clear()
        self._outbox = outbox
        self.up_since = None
        self.waits.begin("CONNACK")
        return self.codec.connect()

    def end(self):
        """The connection is gone; what was in flight waits in the outbox again."""
        self.is_up = False
        self.waits.clear()
        self._outbox.give_back()
        self._clear()

    def subscribe(self, topic, callback):
        """As Session.subscribe."""
        self.codec.subscribe(1, topic)  # judges it here, where somebody can be told
        self.subscriptions.append((topic, callback))
        if self.is_up:
            self._todo.append((topic, None, False))

    # What is sent next, most urgent first.

    def next_packet(self):
        """A packet, or None when there is nothing to send now."""
        packet = self._choose()
        if packet is not None:
            self._sent_ms = self._clock.ms()
        return packet

    def _choose(self):
        if self._replies:
            return self._replies.pop(0)
        if not self.is_up:
            return None
        if self._is_quiet() and not self.waits.is_waiting("PINGRESP"):
            self.waits.begin("PINGRESP")
            return self.codec.ping()
        if len(self._flight) >= self._limits.window:
            return None
        if self._todo:
            return self._set_up(*self._todo.pop(0))
        return self._publish()

    def _is_quiet(self):
        """Was either direction silent for half a keepalive?"""
        quiet_ms = self._clock.ms() - min(self._heard_ms, self._sent_ms)
        return quiet_ms * 2 >= self._keepalive_ms

    def _set_up(self, topic, payload, retain):
        pid = self._next_pid()
        if payload is None:
            self._fly(pid, mqtt.SUBACK, None)
            return self.codec.subscribe(pid, topic)
        self._fly(pid, mqtt.PUBACK, None)
        return self.codec.publish(pid, topic, payload, retain)

    def _publish(self):
        """The outbox's next item that MQTT can carry."""
        is_full = len(self._flight) >= self._limits.live_window
        item = self._outbox.take(is_full)
        while item is not None:
            pid = self._next_pid()
            try:
                packet = self.codec.publish(pid, item.topic, item.payload)
            except CodecError as error:
                # It would be refused for ever and hold up all that follow: out with it.
                self.refused += 1
                self._log.error("uplink", str(error))
                self._outbox.discard(item)
                item = self._outbox.take(is_full)
                continue
            if item.tries:
                self.republished += 1
            else:
                self.published += 1
            item.tries += 1
            self._fly(pid, mqtt.PUBACK, item)
            return packet
        return None

    def _next_pid(self):
        return self.codec.next_pid([entry[0] for entry in self._flight])

    def _fly(self, pid, kind, item):
        self._flight.append((pid, kind, item))
        self.waits.begin("ack")

    # What the broker says.

    def feed(self, chunk):
        """Bytes of the broker. CodecError or UplinkError when they end the connection."""
        self._heard_ms = self._clock.ms()
        self._framer.feed(chunk)
        packet = self._framer.next()
        while packet is not None:
            self.waits.end("packet")
            self._take(*self.codec.decode(packet))
            packet = self._framer.next()
        if self._framer.is_partial:
            self.waits.begin("packet")

    def _take(self, kind, value, more):
        if (kind == mqtt.CONNACK) == self.is_up:
            raise CodecError("the broker sent a packet out of turn")
        if kind == mqtt.CONNACK:
            self._accept(value)
        elif kind == mqtt.PINGRESP:
            self.waits.end("PINGRESP")
        elif kind == mqtt.PUBLISH:
            self._hand_on(value[0], value[1], more)
        else:
            self._settle(value, kind, more)

    def _accept(self, code):
        self.waits.end("CONNACK")
        mqtt.check_connack(code)
        self.is_up = True
        self.connects += 1
        self.up_since = self._clock.ms()
        self._outbox.begin()
        if self._birth is not None:
            self._todo.append(self._birth[:3])
        for topic, _ in self.subscriptions:
            self._todo.append((topic, None, False))
        self._log.info("uplink", "the broker accepts us")

    def _hand_on(self, topic, payload, reply):
        self.received += 1
        if reply:
            if len(self._replies) >= self._limits.replies:
                raise UplinkError("the broker sends but does not take the answers")
            self._replies.append(reply)
        for pattern, callback in self.subscriptions:
            if mqtt.matches(pattern, topic):
                callback(topic, payload)

    def _settle(self, pid, kind, granted):
        """PUBACK or SUBACK. The oldest in flight sets the clock that the others wait by."""
        found = [entry for entry in self._flight if entry[:2] == (pid, kind)]
        if not found:
            raise CodecError("the broker acknowledged %d, which nobody sent" % pid)
        entry = found[0]
        was_oldest = entry is self._flight[0]
        self._flight.remove(entry)
        if was_oldest:
            self.waits.end("ack")
            if self._flight:
                self.waits.begin("ack")
        if kind == mqtt.SUBACK and granted & 0x80:
            self.refused += 1
            self._log.error("uplink", "the broker denies a subscription")
        if entry[2] is not None:
            self.delivered += 1
            self._outbox.remove(entry[2])
