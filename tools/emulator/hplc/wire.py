"""Frames of the port between a terminal and its carrier module, by the emulator's own few lines
from the layout (68 L L C R[6] A* AFN DT1 DT2 unit CS 16), and the meters' frames in a payload.
"""

from collections import namedtuple

UP, PRIMARY, HPLC = 0x80, 0x40, 3  # C: from the module, it began, communication type
_START, _END, _PREAMBLE = 0x68, 0x16, 0xFE
_LEAST, _MOST = 15, 2048
_MODULE = 0x04  # R, byte 0: an address field follows
_GAP_S = 0.5  # a frame whose bytes pause so long is given up

# addresses: a list of six bytes each, as sent; fn: 1 for F1
Frame = namedtuple("Frame", "control info addresses afn fn unit")


def build(control, info, afn, fn, unit=b"", addresses=()):
    """`info`: the six bytes of R but for the module flag, which follows from `addresses`."""
    info = bytearray(info)
    info[0] |= _MODULE if addresses else 0
    dt = bytes([1 << (fn - 1) % 8, (fn - 1) // 8])
    body = bytes([control]) + bytes(info) + b"".join(addresses) + bytes([afn]) + dt + unit
    return (
        bytes([_START])
        + (len(body) + 5).to_bytes(2, "little")
        + body
        + bytes([sum(body) & 0xFF, _END])
    )


class Reader:
    """Bytes in, whole Frames out."""

    def __init__(self):
        self.bad = 0  # starts that turned out to be none
        self._data = b""
        self._heard_s = 0.0

    def feed(self, data, now):
        if self._data and now - self._heard_s > _GAP_S:
            self.bad += 1
            self._data = b""
        self._heard_s = now
        self._data += data
        frames = []
        while True:
            at = self._data.find(_START)
            if at < 0:
                self._data = b""
                return frames
            self._data = self._data[at:]
            if len(self._data) < 3:
                return frames
            size = int.from_bytes(self._data[1:3], "little")
            if _LEAST <= size <= _MOST and len(self._data) < size:
                return frames
            frame = _frame(self._data[:size]) if _LEAST <= size <= _MOST else None
            if frame is None:
                self.bad += 1
                self._data = self._data[1:]
            else:
                frames.append(frame)
                self._data = self._data[size:]


def _frame(raw):
    if raw[-1] != _END or sum(raw[3:-2]) & 0xFF != raw[-2]:
        return None
    first = raw[4]
    size = 12 + 6 * (first >> 4) if first & _MODULE else 0
    body = raw[10:-2]
    if len(body) < size + 3:
        return None
    addresses = [body[at : at + 6] for at in range(0, size, 6)]
    afn, dt1, dt2 = body[size : size + 3]
    if dt1.bit_count() != 1:
        return None
    fn = 8 * dt2 + dt1.bit_length()
    return Frame(raw[3], raw[4:10], addresses, afn, fn, body[size + 3 :])


def meter_frames(payload):
    """The meters' frames in a payload, each with its preamble; None when it is anything else."""
    frames, at = [], 0
    while at < len(payload):
        start = at
        while at < len(payload) and payload[at] == _PREAMBLE:
            at += 1
        if len(payload) < at + 12 or payload[at] != _START:
            return None
        if payload[at + 7] == _START:  # DL/T 645: 68 A0..A5 68 C L
            size = 12 + payload[at + 9]
        else:  # DL/T 698.45: 68 L L
            size = 2 + (int.from_bytes(payload[at + 1 : at + 3], "little") & 0x3FFF)
        at += size
        if at > len(payload) or payload[at - 1] != _END:
            return None
        frames.append(payload[start:at])
    return frames
