"""The emulated carrier module by frames written out by hand from the layout of Q/GDW 1376.2."""

import pytest

from tools.emulator.hplc import Module, fleet, wire
from tools.virtual.time import Time

MAIN = "010000000000"  # as sent


class Port:
    def __init__(self):
        self.time = Time()
        self.now, self.later = self.time.now, self.time.later
        self.sent = b""

    def send(self, data):
        self.sent += data


class Rig:
    def __init__(self, **options):
        self.port = Port()
        self.module = Module(self.port, 2, {"nodes": 6, "loss": 0, "partial": 0, **options})
        self.reader = wire.Reader()
        self.sequence = 0
        self.module.power(True)

    def heard(self, seconds):
        """Frames that came in so many seconds."""
        self.port.sent = b""
        self.port.time.run(self.port.time.us + round(seconds * 1e6), lambda: False)
        return self.reader.feed(self.port.sent, self.port.now())

    def ask(self, afn, dt, unit="", node="", seconds=0.2):
        """The answers to a request: those with its sequence."""
        self.sequence += 1
        first = "04" if node else "00"
        where = MAIN + node if node else ""
        text = f"43 {first} 00 00 0000 {self.sequence:02x} {where} {afn} {dt} {unit}"
        raw = bytes.fromhex(text)
        self.module.feed(
            b"\x68" + (len(raw) + 5).to_bytes(2, "little") + raw + bytes([sum(raw) & 255, 0x16])
        )
        frames = self.heard(seconds)
        return [f for f in frames if f.info[5] == self.sequence and not f.control & wire.PRIMARY]

    def start(self):
        """As in chapter 3, with all nodes on file and in."""
        self.heard(2)
        self.ask("05", "0100", MAIN)
        rows = [bytes.fromhex(a)[::-1].hex() + "02" for _, a in fleet.plan(6)]
        self.ask("11", "0100", f"{len(rows):02x}" + "".join(rows))
        self.ask("12", "0100")
        self.ask("05", "0200", "01")
        self.heard(30)
        self.ask("12", "0200")
        self.module.link._waiting.clear()

    def reports(self, seconds, afn=0x06, fn=5):
        return [
            frame.unit
            for frame in self.heard(seconds)
            if frame.control == 0xC3 and (frame.afn, frame.fn) == (afn, fn)
        ]


def one(frames):
    assert len(frames) == 1
    return frames[0]


def test_the_published_frames_are_understood():
    """12H F2 and its confirm, as an Eastsoft concentrator's dialogue has them."""
    rig = Rig()
    rig.heard(2)
    rig.module.feed(bytes.fromhex("680f00410000280000001202007d16"))
    frame = next(f for f in rig.heard(0.2) if not f.control & wire.PRIMARY)
    assert (frame.control, frame.afn, frame.fn) == (0x81, 0, 1) and len(frame.unit) == 6


def test_it_says_that_it_started_until_it_is_confirmed():
    rig = Rig()
    assert len(rig.reports(1, 3, 10)) == 0
    units = rig.reports(4, 3, 10)
    assert len(units) == 3 and len(units[0]) == 6 + 1 + 2 + 2 + 2 + 1 + 6 + 2 + 2 + 6 + 9 + 2


def test_the_archive():
    rig = Rig()
    rig.heard(2)
    add = "01 120000000000 02"
    assert one(rig.ask("11", "0100", add)).fn == 1
    assert one(rig.ask("11", "0100", add)).unit == b"\x06"  # it is there already
    assert one(rig.ask("11", "0200", "01 340000000000")).unit == b"\x07"
    assert one(rig.ask("10", "0100")).unit[:2] == b"\x01\0"
    listed = one(rig.ask("10", "0200", "0100 10")).unit
    assert listed == bytes.fromhex("0100 01 120000000000 0020")
    assert one(rig.ask("10", "0200", "0000 10")).unit == b"\x01"  # it counts from 1
    assert one(rig.ask("01", "0200")).fn == 1
    assert one(rig.ask("10", "0100")).unit[:2] == b"\0\0"


def test_nodes_join_when_the_route_runs():
    rig = Rig(join_s=10)
    rig.start()
    unit = one(rig.ask("10", "1002", "0100 20")).unit
    assert unit[:5] == bytes.fromhex("0700 0100 07")
    assert unit[5:16] == bytes.fromhex(MAIN + "0100 0000 40")  # the coordinator
    levels = [unit[5 + 11 * k + 10] & 15 for k in range(1, 7)]
    assert min(levels) == 1 and max(levels) == 2


def test_it_reads_a_meter_only_while_the_route_is_paused():
    rig = Rig()
    rig.start()
    address = next(a for kind, a in fleet.plan(6) if kind == "meter-645")
    node = bytes.fromhex(address)[::-1].hex()
    body = bytes.fromhex("68" + node + "68 11 04 33 33 34 33")
    request = (body + bytes([sum(body) & 255, 0x16])).hex()
    size = len(request) // 2
    reply = one(rig.ask("f1", "0100", f"02 00 {size:02x}00 {request}", node, 2))
    assert reply.addresses[0].hex() == node and reply.unit[0] == 2
    assert reply.unit[3:].lstrip(b"\xfe")[1:9].hex() == node + "6891"
    reply = one(rig.ask("13", "0100", f"02 00 00 {size:02x} {request}", node, 2))
    assert len(reply.unit) == 4 + reply.unit[3]
    two = one(rig.ask("13", "0100", f"02 00 00 {2 * size:02x} {request}{request}", node, 2))
    assert two.unit == b"\x6e"
    assert one(rig.ask("f1", "0100", f"02 00 {size:02x}00 {request}", "99" * 6)).unit == b"\x0c"
    rig.ask("12", "0400")
    assert one(rig.ask("f1", "0100", f"02 00 {size:02x}00 {request}", node, 2)).unit == b"\x09"


def test_an_outage_is_told_in_overlapping_lists():
    rig = Rig(nodes=6)
    rig.start()
    rig.module.set(outage=4)
    units = rig.reports(6)
    assert all(unit[:2] == b"\x05\x04" and unit[3] == 1 for unit in units)
    told = [unit[at : at + 6][::-1].hex() for unit in units for at in range(4, len(unit), 6)]
    assert set(told) == set(rig.module.status()["out"]) and len(told) > 4  # repeated
    rig.module.set(restore=4)
    units = rig.reports(4)
    assert units and all(unit[3] == 2 for unit in units)


def test_wrong_wishes_are_explained():
    rig = Rig()
    with pytest.raises(ValueError, match="outage"):
        rig.module.set(weather=3)
    with pytest.raises(ValueError, match="join_s"):
        Module(rig.port, 1, {"node": 3})
    with pytest.raises(ValueError, match="address"):
        rig.module.set(dead=["1"])


def test_a_fleet_is_the_seeds():
    assert fleet.plan(5, 3) == fleet.plan(9, 3)[:5] != fleet.plan(5, 4)
    assert len({address for _, address in fleet.plan(300)}) == 300
    assert all(len(address) == 12 for _, address in fleet.plan(300))


def test_without_power_it_is_still():
    rig = Rig()
    rig.module.power(False)
    assert rig.heard(5) == [] and rig.ask("10", "0100") == []
    rig.module.close()
