"""Defects that can be planted into the codecs at run time, to prove that fuzzing finds them.

Each is a mistake that somebody could make; `plant` puts it into the modules that are loaded.
"""

from firmware.codec import dlt645, dlt698_reader, framer, gdw1376_2_unit, modbus


def _length():
    """DL/T 645: a frame longer than 16 data bytes is taken on the word of its length."""
    right = dlt645.measure

    def measure(buf, at, end):
        if end - at > 12 and buf[at + 7] == 0x68 and buf[at + 9] > 16:
            return min(12 + buf[at + 9], end - at)
        return right(buf, at, end)

    dlt645.measure = measure


def _count():
    """DL/T 698.45: lengths and counts are not held against the bytes left."""

    def skip(self, size):
        at = self.at
        self.at = at + size
        return at

    dlt698_reader.Reader.skip = skip


def _growth():
    """Framer: a buffer that grows, so seldom that a run of any size grows alike and only the
    heap tells."""
    right = framer.Framer.feed
    kept = bytearray()
    count = due = 0

    def feed(self, data):
        nonlocal count, due
        count += 1
        if count > due:
            due = count + count // 64
            kept.extend(bytes(80))
        right(self, data)

    framer.Framer.feed = feed


def _patience():
    """Framer: silence does not end a wait for bytes that a lying length promised."""
    framer.Framer.expire = lambda self: None


def _blob():
    """Q/GDW 1376.2: a field is cut short where the unit ends too early."""

    def take(self, size):
        raw = self.data[self.at : self.at + size]
        self.at += len(raw)
        return raw

    gdw1376_2_unit._Reader.take = take


def _crc():
    """Modbus: no CRC is made of an exception reply."""
    right = modbus.measure

    def measure(buf, at, end):
        size = right(buf, at, end)
        if size == framer.FCS and buf[at + 1] & 0x80:
            return 5
        return size

    modbus.measure = measure


PLANTS = {
    "length": _length,
    "count": _count,
    "growth": _growth,
    "patience": _patience,
    "blob": _blob,
    "crc": _crc,
}


def plant(name):
    PLANTS[name]()
