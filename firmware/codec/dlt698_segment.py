"""Link-layer fragments of DL/T 698.45: an APDU cut into frames whose control has SEGMENT set.

User data begins with two bytes, low first: bits 0-11 sequence, 14-15 kind. Every fragment but
the last is acknowledged by a frame of the other direction with the same sequence and no body.
Splitter sends, Joiner receives; neither knows frames, clocks or ports. Sequences start at 0
when sent and anywhere when received.
"""

from micropython import const

from firmware.core.errors import CodecError

FIRST = const(0)
LAST = const(1)
ACKNOWLEDGE = const(2)
MIDDLE = const(3)

_SEQUENCES = const(0x0FFF)


def header(kind, sequence):
    return bytes([sequence & 255, kind << 6 | sequence >> 8 & 15])


def split_header(data):
    """(kind, sequence) of the user data of a fragment; CodecError when it is too short."""
    if len(data) < 2:
        raise CodecError("a fragment has no header")
    return data[1] >> 6, data[0] | (data[1] & 15) << 8


class Splitter:
    """One APDU on its way out: send `fragment()`, then give what comes back to `take`."""

    def __init__(self, apdu, room):
        """For an APDU longer than `room`, the bytes of user data of a frame (dlt698.room)."""
        if not 3 <= room < len(apdu):
            raise CodecError("%d bytes are not cut into frames of %d" % (len(apdu), room))
        self._apdu = apdu
        self._body = room - 2
        self._at = 0
        self.sequence = 0

    def is_last(self):
        """The answer follows, no acknowledgement."""
        return self._at + self._body >= len(self._apdu)

    def fragment(self):
        """The user data to send, or to send again."""
        kind = LAST if self.is_last() else MIDDLE if self._at else FIRST
        return header(kind, self.sequence) + self._apdu[self._at : self._at + self._body]

    def take(self, data):
        """True when `data` acknowledges the fragment and the next one is due; an old or foreign
        acknowledgement is False."""
        if self.is_last() or split_header(data) != (ACKNOWLEDGE, self.sequence):
            return False
        self._at += self._body
        self.sequence = self.sequence + 1 & _SEQUENCES
        return True


class Joiner:
    """Fragments on their way in. `limit` bounds the APDU."""

    def __init__(self, limit):
        self.limit = limit
        self.acknowledge = b""  # user data to send back for the fragment taken last, or nothing
        self.repeated = 0  # fragments that came twice: our acknowledgement was lost
        self._held = None  # None: no first fragment yet
        self._sequence = 0  # of the fragment taken last

    def reset(self):
        self.acknowledge = b""
        self._held = None

    def is_begun(self):
        """A first fragment was taken, and the last is missing."""
        return self._held is not None

    def take(self, data):
        """The whole APDU, or None: acknowledge and wait. CodecError when a fragment does not
        fit behind the others; they are forgotten then."""
        self.acknowledge = b""
        kind, sequence = split_header(data)
        if kind == ACKNOWLEDGE:
            return None  # belongs to a Splitter
        if kind == FIRST:
            held = b""  # also when it is repeated: nothing was behind it
        else:
            held = self._held
            if held is None:
                raise CodecError("a fragment has no beginning")
            if kind == MIDDLE and sequence == self._sequence:
                self.repeated += 1
                self.acknowledge = header(ACKNOWLEDGE, sequence)
                return None
            if sequence != self._sequence + 1 & _SEQUENCES:
                self._held = None
                raise CodecError("fragment %d follows %d" % (sequence, self._sequence))
        if len(held) + len(data) - 2 > self.limit:
            self._held = None
            raise CodecError("the joined fragments exceed %d bytes" % self.limit)
        held += data[2:]
        self._sequence = sequence
        if kind == LAST:
            self._held = None
            return held
        self._held = held
        self.acknowledge = header(ACKNOWLEDGE, sequence)
        return None
