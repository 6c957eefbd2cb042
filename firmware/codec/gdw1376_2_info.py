"""The information field R of a Q/GDW 1376.2 frame: six bytes whose layout differs by direction.

Module flag and relay level, which say what the address field holds, are taken from R by
`address_size` and given to it by the writers; everything else is a Down or an Up.
Undefined bits are read over and written as 0: editions differ in them.
"""

from collections import namedtuple

from micropython import const

from firmware.core.errors import CodecError

SIZE = const(6)

_MODULE = const(0x04)  # byte 0: aimed at a node, an address field follows
_KILO = const(0x8000)  # bytes 3-4 down: the rate is in kbit/s

# bypass: 1 = not through the route; attached: the node hangs on another; collision: detect it;
# coding: error-correction code; answer: bytes expected, 0 = default; rate: 0 = default, in
# kbit/s where kilo is 1, else in bit/s
Down = namedtuple(
    "Down",
    ("bypass", "attached", "collision", "channel", "coding", "answer", "rate", "kilo", "seq"),
)
# phase: 1..3, 0 = unknown; kind: characteristic of the meter's channel; heard, answered: signal
# quality of the last hop of the command and of the answer, 1 best .. 15, 0 = none; event: the
# module has one to tell; line, area: flags of newer editions
Up = namedtuple(
    "Up",
    ("bypass", "channel", "phase", "kind", "heard", "answered", "event", "line", "area", "seq"),
)


def down(seq, bypass=0, attached=0, collision=0, channel=0, coding=0, answer=0, rate=0, kilo=0):
    """A Down whose other fields are the defaults."""
    return Down(bypass, attached, collision, channel, coding, answer, rate, kilo, seq)


def up(seq, bypass=0, channel=0, phase=0, kind=0, heard=0, answered=0, event=0, line=0, area=0):
    """An Up whose other fields are the defaults."""
    return Up(bypass, channel, phase, kind, heard, answered, event, line, area, seq)


def address_size(first):
    """Bytes of the address field by the first byte of R: 0, or 12 and 6 for each relay."""
    return 12 + 6 * (first >> 4) if first & _MODULE else 0


def read_down(buf, at):
    """The Down whose six bytes start at `at`."""
    first = buf[at]
    rate = buf[at + 3] | buf[at + 4] << 8
    return Down(
        first & 1,
        first >> 1 & 1,
        first >> 3 & 1,
        buf[at + 1] & 15,
        buf[at + 1] >> 4,
        buf[at + 2],
        rate & 0x7FFF,
        rate >> 15,
        buf[at + 5],
    )


def read_up(buf, at):
    """The Up whose six bytes start at `at`."""
    flags = buf[at + 4]
    return Up(
        buf[at] & 1,
        buf[at + 1] & 15,
        buf[at + 2] & 15,
        buf[at + 2] >> 4,
        buf[at + 3] & 15,
        buf[at + 3] >> 4,
        flags & 1,
        flags >> 1 & 1,
        flags >> 2 & 1,
        buf[at + 5],
    )


def write_down(info, relays):
    """Six bytes; `relays` 0..15 are in the address field, -1: there is none. CodecError."""
    first = _pick(info.bypass, 1, "route flag") | _pick(info.attached, 1, "attached flag") << 1
    first |= _pick(info.collision, 1, "collision flag") << 3 | _path(relays)
    channel = _pick(info.channel, 15, "channel") | _pick(info.coding, 15, "coding") << 4
    rate = _pick(info.rate, 0x7FFF, "rate") | _pick(info.kilo, 1, "rate unit") * _KILO
    answer = _pick(info.answer, 255, "answer length")
    return bytes([first, channel, answer, rate & 255, rate >> 8, _pick(info.seq, 255, "sequence")])


def write_up(info, relays):
    """Six bytes, as in `write_down`."""
    first = _pick(info.bypass, 1, "route flag") | _path(relays)
    channel = _pick(info.channel, 15, "channel")
    phase = _pick(info.phase, 15, "phase") | _pick(info.kind, 15, "characteristic") << 4
    quality = _pick(info.heard, 15, "quality") | _pick(info.answered, 15, "quality") << 4
    flags = _pick(info.event, 1, "event flag") | _pick(info.line, 1, "line flag") << 1
    flags |= _pick(info.area, 1, "area flag") << 2
    return bytes([first, channel, phase, quality, flags, _pick(info.seq, 255, "sequence")])


def _path(relays):
    if relays < 0:
        return 0
    return _MODULE | _pick(relays, 15, "relay level") << 4


def _pick(value, most, what):
    if not 0 <= value <= most:
        raise CodecError("the %s is 0 to %d, not %d" % (what, most, value))
    return int(value)  # a flag may come as a bool
