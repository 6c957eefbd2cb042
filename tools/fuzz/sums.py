"""The oracle's own checksums, and its own search for frames. Shares no code with the firmware."""


def _table(polynomial):
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ polynomial if crc & 1 else crc >> 1
        table.append(crc)
    return table


_X25 = _table(0x8408)
_MODBUS = _table(0xA001)


def x25(data):
    """HCS and FCS of DL/T 698.45."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _X25[(crc ^ byte) & 255]
    return crc ^ 0xFFFF


def modbus(data):
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _MODBUS[(crc ^ byte) & 255]
    return crc


def flip_chance(flips):
    """Probability that an 8-bit sum does not see so many flipped bits: their weights, up or down
    as the bits were, must add up to nothing. (A CRC-16 sees any three in frames this short.)"""
    sums = {0: 1.0}
    for _ in range(flips):
        after = {}
        for total, share in sums.items():
            for bit in range(8):
                for step in (1 << bit, -(1 << bit)):
                    key = (total + step) % 256
                    after[key] = after.get(key, 0.0) + share / 16
        sums = after
    return sums.get(0, 0.0)


class Scan:
    """The frames of a piece of line that ends in silence, by the rule every reader must follow:
    from the left, the first whole frame; behind a false start, one byte on.

    `probe(buf, at)` -> (size or 0, chance): `chance` is the probability with which a checksum of
    random bytes would have let this candidate pass, 0 where it was refused without one. For the
    candidate at 0 it is `first` where that is not None.
    """

    def __init__(self, probe, start, buf, first=None):
        self.frames = []  # (offset, bytes)
        self.expected = 0.0  # frames that pass by chance, of the candidates judged by checksum
        self.chances = []  # of each of `frames`
        at = 0
        while True:
            if start >= 0:
                at = buf.find(start, at)
            if not 0 <= at < len(buf):
                return
            size, chance = probe(buf, at)
            if at == 0 and chance and first is not None:
                chance = first
            if size:
                self.frames.append((at, bytes(buf[at : at + size])))
                self.chances.append(chance)
            else:
                self.expected += chance
            at += size or 1
