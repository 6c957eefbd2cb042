"""Records of the energy journal as bytes: a whole one of 256 bytes, and short ones against it.

Whole (big endian): CRC-32 over the rest; kind; tariff, 0x80 with registers, 0x40 when the supply
had failed; time without samples (4 ms); sequence; boot; UTC ms (6 bytes); sign of the scale; six
registers of the metrology unit (6 bytes each); 24 energies in mWh (7 bytes each, to 72 TWh); what
is below one mWh, 1/256 each; when the supply failed, less UTC (2 ms, signed).
Short, of one slot or two: CRC-32, begun with the sequence of the whole one it builds on; kind;
tariff; time without samples; records since that one; ms since it (3 bytes); the upper 32 of 48
bits by which each register went on (to 0.02 mWh); which energies moved (24 bits), and by how many
mWh (3 bytes each). Below one mWh is left out: a cut costs less than that a register.
"""

import struct
from collections import namedtuple

from micropython import const

from firmware.core.crc import crc32

SLOT = const(64)
WHOLE = const(256)
CELLS = const(24)
REGISTERS = const(6)

_KIND_WHOLE = const(0xA5)
_KIND_SHORT = const(0x5A)  # one slot; 0x5B: two
_HAS_WAYS = const(0x80)
_HAS_FAILED = const(0x40)
_HEAD = ">IBBHIIHII"  # as above to the sign; UTC in two parts
_AT_REGISTERS = const(26)
_AT_CELLS = const(62)
_AT_RESTS = const(230)
_AT_FAILED = const(254)
_SHORT_HEAD = ">IBBHBBH"  # records since, ms since in two parts
_AT_STEPS = const(12)
_AT_MOVED = const(36)
_AT_DELTAS = const(39)
_MISSING_MS = const(4)
_FAILED_MS = const(2)
_MASK48 = (1 << 48) - 1
_MOST = 1 << 56
_BLANK = b"\xff" * WHOLE

# utc_ms: when the energies were so; cells: 24 in mWh, rests: 24 in 1/256 mWh; ways: (six
# registers of the metrology unit where they stood for these energies, ms without samples, sign
# of the scale), or None; failed_ms: UTC when the supply failed, 0 while it is good. A short record
# gives its own time for that: what counts is the first of them.
Entry = namedtuple(
    "Entry", ("sequence", "boot", "utc_ms", "tariff", "cells", "rests", "ways", "failed_ms")
)


def whole(entry):
    """The 256 bytes; None when a number does not fit."""
    registers, missing_ms, scale = entry.ways or ((), 0, 0)
    missing = -(-missing_ms // _MISSING_MS)
    if max(entry.cells) >= _MOST or min(entry.cells) < 0:
        return None
    if missing > 0xFFFF:  # nothing can be said of them after so long
        registers, missing = (), 0
    bits = _bits(entry, registers)
    utc_ms = entry.utc_ms & _MASK48
    out = bytearray(WHOLE)
    struct.pack_into(
        _HEAD,
        out,
        0,
        0,
        _KIND_WHOLE,
        bits,
        missing,
        entry.sequence,
        entry.boot,
        utc_ms >> 32,
        utc_ms & 0xFFFFFFFF,
        scale,
    )
    for k, count in enumerate(registers):
        out[_AT_REGISTERS + 6 * k : _AT_REGISTERS + 6 * k + 6] = _bytes(count & _MASK48, 6)
    for k in range(CELLS):
        out[_AT_CELLS + 7 * k : _AT_CELLS + 7 * k + 7] = _bytes(entry.cells[k], 7)
        out[_AT_RESTS + k] = entry.rests[k] if entry.rests else 0
    if entry.failed_ms:
        ago = (entry.failed_ms - entry.utc_ms) // _FAILED_MS
        struct.pack_into(">h", out, _AT_FAILED, max(-0x8000, min(ago, 0x7FFF)))
    struct.pack_into(">I", out, 0, crc32(memoryview(out)[4:]))
    return out


def short(entry, base):
    """64 or 128 bytes that tell `entry` to who has the whole record `base`; None when they
    cannot."""
    since, later_ms = entry.sequence - base.sequence, entry.utc_ms - base.utc_ms
    deltas = [now - then for now, then in zip(entry.cells, base.cells)]
    if not (0 < since < 256 and 0 <= later_ms < 1 << 24 and min(deltas) >= 0):
        return None
    if max(deltas) >= 1 << 24 or entry.boot != base.boot:
        return None
    steps, missing = _steps(entry, base)
    if steps is None:
        return None
    moved = [k for k in range(CELLS) if deltas[k]]
    size = SLOT if _AT_DELTAS + 3 * len(moved) <= SLOT else 2 * SLOT
    out = bytearray(size)
    kind = _KIND_SHORT + size // SLOT - 1
    bits = _bits(entry, steps)
    later = later_ms >> 16, later_ms & 0xFFFF
    struct.pack_into(_SHORT_HEAD, out, 0, 0, kind, bits, missing, since, *later)
    for k, step in enumerate(steps):
        struct.pack_into(">I", out, _AT_STEPS + 4 * k, step)
    mask = sum([1 << k for k in moved])
    out[_AT_MOVED : _AT_MOVED + 3] = _bytes(mask, 3)
    at = _AT_DELTAS
    for k in moved:
        out[at : at + 3] = _bytes(deltas[k], 3)
        at += 3
    struct.pack_into(">I", out, 0, crc32(memoryview(out)[4:], base.sequence))
    return out


def _bits(entry, registers):
    return entry.tariff | (_HAS_WAYS if registers else 0) | (_HAS_FAILED if entry.failed_ms else 0)


def _steps(entry, base):
    """(how far the registers went, in 2**16 counts; time without samples); (None, 0): no."""
    if entry.ways is None:
        return (), 0
    registers, missing_ms, scale = entry.ways
    missing = -(-missing_ms // _MISSING_MS)
    if base.ways is None or base.ways[2] != scale or missing > 0xFFFF:
        return None, 0
    return [((r - b) & _MASK48) >> 16 for r, b in zip(registers, base.ways[0])], missing


def length(data):
    """Bytes of the record whose first slot this is, by its kind; 0: it is none."""
    kind = data[4]
    if kind == _KIND_WHOLE:
        return WHOLE
    if _KIND_SHORT <= kind <= _KIND_SHORT + 1:
        return (kind - _KIND_SHORT + 1) * SLOT
    return 0


def is_blank(data):
    """Is this much flash erased, 256 bytes at most?"""
    return data == _BLANK[: len(data)]


def parse(data, base):
    """The Entry of a record's bytes, None when they are damaged. `base`: the whole record that
    was read last in this block, or None."""
    head = struct.unpack_from(">I", data, 0)[0]
    body = memoryview(data)[4:]
    if data[4] == _KIND_WHOLE:
        return _parse_whole(data) if crc32(body) == head else None
    if base is None or crc32(body, base.sequence) != head:
        return None
    return _parse_short(data, base)


def _parse_whole(data):
    head = struct.unpack_from(_HEAD, data, 0)
    _, _, bits, missing, sequence, boot, high, low, scale = head
    cells = tuple([_int(data, _AT_CELLS + 7 * k, 7) for k in range(CELLS)])
    ways = None
    if bits & _HAS_WAYS:
        registers = [_int(data, _AT_REGISTERS + 6 * k, 6) for k in range(REGISTERS)]
        ways = (registers, missing * _MISSING_MS, scale)
    rests = bytes(data[_AT_RESTS : _AT_RESTS + CELLS])
    utc_ms, failed_ms = (high << 32) + low, 0
    if bits & _HAS_FAILED:
        failed_ms = utc_ms + struct.unpack_from(">h", data, _AT_FAILED)[0] * _FAILED_MS
    return Entry(sequence, boot, utc_ms, bits & 15, cells, rests, ways, failed_ms)


def _parse_short(data, base):
    _, _, bits, missing, since, high, low = struct.unpack_from(_SHORT_HEAD, data, 0)
    cells = list(base.cells)
    mask, at = _int(data, _AT_MOVED, 3), _AT_DELTAS
    for k in range(CELLS):
        if mask >> k & 1:
            cells[k] += _int(data, at, 3)
            at += 3
    ways = None
    if bits & _HAS_WAYS:
        steps = struct.unpack_from(">6I", data, _AT_STEPS)
        registers = [(b + (s << 16)) & _MASK48 for b, s in zip(base.ways[0], steps)]
        ways = (registers, missing * _MISSING_MS, base.ways[2])
    utc_ms = base.utc_ms + (high << 16) + low
    failed_ms = utc_ms if bits & _HAS_FAILED else 0
    sequence, cells = base.sequence + since, tuple(cells)
    return Entry(sequence, base.boot, utc_ms, bits & 15, cells, None, ways, failed_ms)


def _bytes(value, size):
    return value.to_bytes(size, "big")


def _int(data, at, size):
    return int.from_bytes(memoryview(data)[at : at + size], "big")
