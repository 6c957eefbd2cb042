"""The session's state machine on a clock of our own: hours of silence take milliseconds."""

from firmware.core.clock import Clock
from firmware.core.errors import CodecError, UplinkError
from firmware.core.log import Log
from firmware.uplink.engine import Engine
from firmware.uplink.limits import Limits
from firmware.uplink.mqtt import Codec
from firmware.uplink.outbox import Outbox

BIRTH = (b"s", b"on", True, 1)
CONNACK = b"\x20\x02\0\0"


class Bench:
    """An engine, its box, and a clock that is moved by hand."""

    def __init__(self, keepalive_s=30, accept=True, birth=None, **limits):
        self.us = 0
        self.lines = []
        clock = Clock(lambda: self.us, lambda a, b: a - b, lambda: 0)
        codec = Codec(b"st1", keepalive_s=keepalive_s)
        log = Log(clock, self.lines.append)
        self.engine = Engine(clock, log, codec, Limits(**limits), keepalive_s * 1000, birth)
        self.box = Outbox()
        self.clock = clock
        self.engine.begin(self.box)
        if accept:
            self.engine.feed(CONNACK)

    def go(self, ms):
        self.us += ms * 1000
        return self.clock.ms()

    def sent(self):
        """Every packet the engine wants to send now."""
        out = []
        packet = self.engine.next_packet()
        while packet is not None:
            out.append(bytes(packet))
            packet = self.engine.next_packet()
        return out


def ack(pid):
    return bytes((0x40, 2, pid >> 8, pid & 255))


def raises(error, function, *arguments):
    try:
        function(*arguments)
    except error:
        return True
    return False


def test_nothing_before_connack():
    bench = Bench(accept=False)
    bench.box.put_event(b"t", b"1")
    assert bench.sent() == [] and not bench.engine.is_up
    bench.go(10_000)
    assert bench.engine.waits.overdue() is None
    bench.go(1)
    assert bench.engine.waits.overdue() == "CONNACK"
    assert raises(CodecError, bench.engine.feed, b"\x40\x02\0\x01")  # nothing else may come first
    assert raises(UplinkError, Bench(accept=False).engine.feed, b"\x20\x02\0\x05")


def test_birth_and_filters_first():
    bench = Bench(accept=False, birth=BIRTH)
    got = []
    bench.engine.subscribe(b"c/#", lambda topic, payload: got.append((topic, payload)))
    bench.box.put_event(b"t", b"1")
    bench.engine.feed(CONNACK)
    assert bench.sent() == [
        b"\x33\x07\0\x01s\0\x01on",
        b"\x82\x08\0\x02\0\x03c/#\x01",
        b"\x32\x06\0\x01t\0\x031",
    ]
    bench.engine.feed(ack(1) + b"\x90\x03\0\x02\x01" + ack(3))
    assert bench.engine.published == bench.engine.delivered == 1
    bench.engine.feed(b"\x32\x08\0\x03c/x\0\x09!" + b"\x30\x03\0\x01zz"[:5])
    assert got == [(b"c/x", b"!")]  # what no filter asked for is counted, not handed on
    assert bench.engine.received == 2 and bench.sent() == [ack(9)]


def test_denied_filter():
    bench = Bench()
    bench.engine.subscribe(b"secret", None)
    assert len(bench.sent()) == 1
    bench.engine.feed(b"\x90\x03\0\x01\x80")
    assert bench.engine.refused == 1 and "denies" in bench.lines[-1]


def test_window_and_order():
    bench = Bench(window=3)
    for n in range(5):
        bench.box.put_event(b"t", b"%d" % n)
    assert [packet[-1:] for packet in bench.sent()] == [b"0", b"1", b"2"]
    bench.engine.feed(ack(2))
    assert [packet[-1:] for packet in bench.sent()] == [b"3"]
    bench.engine.feed(ack(1) + ack(3) + ack(4))
    assert [packet[-1:] for packet in bench.sent()] == [b"4"]
    assert len(bench.box) == 1 and bench.engine.delivered == 4
    assert raises(CodecError, bench.engine.feed, ack(77))


def test_events_do_not_wait_for_live_values():
    bench = Bench(window=4, live_window=2)
    for i in range(5):
        bench.box.put_live("d%d" % i, b"l", b"%d" % i)
    assert len(bench.sent()) == 2
    for i in range(3):
        bench.box.put_event(b"e", b"%d" % i)
    assert [packet[2:5] for packet in bench.sent()] == [b"\0\x01e"] * 2
    bench.engine.feed(ack(1))  # of a live value: the place is the third event's
    assert [packet[2:5] for packet in bench.sent()] == [b"\0\x01e"]
    bench.engine.feed(ack(3) + ack(4) + ack(5))
    assert [packet[2:5] for packet in bench.sent()] == [b"\0\x01l"]


def test_republished_unchanged():
    bench = Bench()
    for n in range(3):
        bench.box.put_event(b"t", b"body %d" % n)
    first = bench.sent()
    bench.engine.feed(ack(2))
    bench.engine.end()
    assert len(bench.box) == 2 and not bench.engine.is_up
    bench.box.put_event(b"t", b"body 3")
    bench.engine.begin(bench.box)
    bench.engine.feed(CONNACK)
    again = bench.sent()
    # the same but for the packet id, in the old order, before what is younger
    assert [packet[7:] for packet in again] == [first[0][7:], first[2][7:], b"body 3"]
    assert (bench.engine.published, bench.engine.republished) == (4, 2)


def test_oldest_sets_the_clock():
    """A PUBACK lost for good is noticed although others keep coming."""
    bench = Bench()
    for n in range(4):
        bench.box.put_event(b"t", b"%d" % n)
    bench.sent()
    for pid in (2, 3, 4):
        bench.go(3_300)
        bench.engine.feed(ack(pid))
    assert bench.engine.waits.overdue() is None
    bench.go(101)
    assert bench.engine.waits.overdue() == "ack"
    # and in order, each has its whole time: a slow link is not a dead one
    bench = Bench()
    for n in range(4):
        bench.box.put_event(b"t", b"%d" % n)
    bench.sent()
    for pid in (1, 2, 3, 4):
        bench.go(9_000)
        assert bench.engine.waits.overdue() is None
        bench.engine.feed(ack(pid))
    assert bench.engine.delivered == 4 and bench.engine.waits.worst_ms == 9_000


def test_keepalive():
    bench = Bench(keepalive_s=30)
    for _ in range(240):  # an hour
        bench.go(14_999)
        assert bench.sent() == []
        bench.go(1)
        assert bench.sent() == [b"\xc0\0"]
        assert bench.sent() == []  # one at a time
        bench.engine.feed(b"\xd0\0")
    bench.go(15_000)
    bench.sent()
    bench.go(10_001)  # 25 s after the last word: within 1.5 keepalives
    assert bench.engine.waits.overdue() == "PINGRESP"


def test_half_a_packet():
    bench = Bench()
    bench.engine.feed(b"\x30")
    bench.go(9_999)
    bench.engine.feed(b"\x10")  # trickling does not prolong it
    bench.go(2)
    assert bench.engine.waits.overdue() == "packet"


def test_flood_without_reading():
    bench = Bench(replies=5)
    message = b"\x32\x05\0\x01t\0\x01"
    bench.engine.feed(message * 5)
    assert raises(UplinkError, bench.engine.feed, message)


def test_unsendable_is_thrown_out():
    bench = Bench()
    for topic in (b"a", b"b/+", b"c"):
        bench.box.put_event(topic, b"x")
    assert len(bench.sent()) == 2 and bench.engine.refused == 1 and len(bench.box) == 2


def test_ids_survive_the_wrap():
    bench = Bench(window=4)
    bench.engine.codec.last_pid = 65530
    ids = []
    for _ in range(40):
        bench.box.put_event(b"t", b"x")
        for packet in bench.sent():
            pid = packet[5] << 8 | packet[6]
            ids.append(pid)
            bench.engine.feed(ack(pid))
    assert ids == [65531, 65532, 65533, 65534, 65535] + list(range(1, 36))


test_nothing_before_connack()
test_birth_and_filters_first()
test_denied_filter()
test_window_and_order()
test_events_do_not_wait_for_live_values()
test_republished_unchanged()
test_oldest_sets_the_clock()
test_keepalive()
test_half_a_packet()
test_flood_without_reading()
test_unsendable_is_thrown_out()
test_ids_survive_the_wrap()
print("OK")
