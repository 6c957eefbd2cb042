"""Nodes of the HPLC module for tests of its reading, without a port: the meters' frames are made by
the codecs' builders of the other side, or by hand. A helper, not a test."""

from binascii import unhexlify

from firmware.codec import dlt645
from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_down as down
from firmware.config.archive import Row
from firmware.core.clock import Clock
from firmware.core.log import Log
from modules.hplc import meters as meters_
from modules.hplc import nodes as nodes_
from modules.hplc.meters import Meters
from modules.hplc.nodes import Nodes
from modules.hplc.reading import Reading
from modules.hplc.routed import Routed

CFG = {"lanes": 2, "reply_s": 30, "alarm_s": 300, "data_s": 900}
A, B, C = "000000000012", "000000000034", "000000000056"


class Ask:
    def __init__(self, unit, node, done, afn):
        self.unit, self.node, self.done, self.afn = unit, node, done, afn
        self.sent_ms = 0


class Desk:
    """Where requests end up."""

    def __init__(self):
        self.asks = []
        self.heard_ms = 0

    def ask(self, afn, fn, unit, node, wait_ms, tries, done):
        self.asks.append(Ask(unit, node, done, afn))
        return self.asks[-1]

    def cancel(self, ask):
        self.asks.remove(ask)


class News:
    def __init__(self):
        self.values = {}
        self.told = []

    def put(self, device, point, value, bits=0, stamp_ms=0, is_state=False):
        self.values[device, point] = (value, bits)

    def lost(self, device):
        self.told.append(("lost", device))

    def back(self, device):
        if ("back", device) not in self.told:
            self.told.append(("back", device))


class Rig:
    def __init__(self, *rows, **cfg):
        self.ms = 0
        clock = Clock(lambda: 0, lambda a, b: 0, lambda: 1790000100000)
        clock.ms = lambda: self.ms
        self.meters = Meters(Log(clock, lambda line: None))
        loaded = [self.meters.load(Row(2, kind, address, 0, "-", address)) for kind, address in rows]
        self.nodes = Nodes(
            [row[1] for row in rows], [row[1] for row in loaded], [row[0] for row in loaded]
        )
        self.desk, self.news = Desk(), News()
        self.heard = []
        self.reading = Reading(
            self.nodes, self.meters, self.desk, dict(CFG, **cfg), clock, self.heard.append
        )
        self.routed = Routed(self.nodes, self.meters, self.reading)
        self.reading.news = self.news
        self.reading.is_open = True
        for node in range(len(rows)):
            self.nodes.set(node, nodes_.JOINED)

    def step(self, seconds=0):
        self.ms += 1000 * seconds
        self.desk.heard_ms = self.ms
        self.reading.step(self.ms)
        return [ask.node for ask in self.desk.asks]

    def answer(self, payload, at=0):
        """The module's answer to a request: F1H F1 up, or 13H F1 up."""
        ask = self.desk.asks.pop(at)
        size = len(payload)
        unit = b"\x02" + bytes([size & 255, size >> 8]) + payload
        if ask.afn == gdw.ROUTE_FORWARD:
            unit = b"\0\0\x02" + bytes([size]) + payload
        ask.done(gdw.Frame(0x83, None, (), ask.afn, 1, unit))

    def deny(self, error, at=0):
        self.desk.asks.pop(at).done(gdw.Frame(0x83, None, (), 0, 2, bytes([error])))

    def silence(self, at=0):
        self.answer(b"", at)

    def asked(self, at=0):
        """Frames in a request."""
        ask = self.desk.asks[at]
        return meters_.split(down.decode(ask.afn, 1, ask.unit)["data"])

    def serve(self, at=0, table=None, spoil=lambda frames: frames):
        """Answer as the meters would."""
        answers = [reply(frame, table or TABLE) for frame in self.asked(at)]
        self.answer(b"".join(spoil([frame for frame in answers if frame])), at)


# what a meter without blocks shows, low byte first
TABLE = {
    "04000504": "0100", "04000505": "0000", "04000506": "0000", "04000507": "0000",
    "00010000": "11223300", "00010100": "01000000", "00010200": "02000000",
    "00010300": "03000000", "00010400": "04000000", "02010100": "0022", "02010200": "0122",
    "02010300": "0222", "02020100": "001000", "02020200": "002000", "02020300": "003000",
    "02030000": "004000", "02800002": "0050",
}  # fmt: skip


def reply(frame, table):
    said = dlt645.parse(frame)
    if said.di in table:
        return dlt645.build(said.addr, 0x91, said.di, unhexlify(table[said.di]))
    return dlt645.build(said.addr, 0xD1, "", b"\x02")


def point(rig, name, node=0):
    for i, row in enumerate(rig.nodes.profiles[node].points):
        if row[0] == name:
            return rig.news.values.get((node, i))
    return None


def finish(rig, spoil=lambda frames: frames):
    """Serve until nothing is wanted; how many requests it took."""
    count = 0
    while rig.step(1) and count < 80:
        rig.serve(0, None, spoil)
        count += 1
    return count
