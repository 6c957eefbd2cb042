"""The one stream framer: bytes in, whole checked frames out. Sans-I/O, for every codec.

The codec supplies `measure(buf, at, end)`: the length of the checked frame that starts at
`at`, 0 while bytes are missing, or one of the reasons below (rejected here). The search goes
on one byte behind a rejected start (DL/T 645-2007 resynchronisation), so a false header never
costs more than itself. The buffer never grows; one bytes object is made for each good frame.
"""

from array import array

from micropython import const

CHECKSUM = const(-1)
END = const(-2)
HEADER = const(-3)
LENGTH = const(-4)  # longer than the buffer, or longer than the protocol allows
HCS = const(-5)
FCS = const(-6)
INCOMPLETE = const(-7)  # the line fell silent inside it

REASONS = ("checksum", "end byte", "header", "length", "hcs", "fcs", "incomplete")

_OFFSETS = const(0x3FFFFFFF)  # stream offsets wrap here: still a small int on 32 bits


class Framer:
    def __init__(self, measure, limit, start=0x68, idle=0xFE):
        """`limit` bytes of buffer, at least twice the longest frame. `start` is the byte a
        frame begins with, -1 for any; `idle` is line filling that is not counted as garbage."""
        self._measure = measure
        self._start = start
        self._idle = idle
        self._limit = limit
        self._view = memoryview(bytearray(limit))
        self._head = 0  # the next candidate
        self._tail = 0  # behind the last byte fed
        self._cut = 0  # a candidate before this may not wait for more: the line was silent
        self._base = 0  # stream offset of _view[0]
        self.frame_at = -1  # stream offset of the frame returned last; -1 before the first
        self.garbage = 0  # bytes outside every frame
        self.dropped = 0  # bytes that found the buffer full: next() was not called in time
        self.rejected = array("L", [0] * len(REASONS))  # by reason

    def feed(self, data):
        """Append bytes; those that do not fit are counted in `dropped`."""
        size = len(data)
        if size > self._limit - self._tail:
            self._compact()
            room = self._limit - self._tail
            if size > room:
                self.dropped += size - room
                data = memoryview(data)[:room]
                size = room
        self._view[self._tail : self._tail + size] = data
        self._tail += size

    def next(self):
        """One frame as bytes, or None: more bytes are needed."""
        while self._seek():
            at = self._head
            size = self._measure(self._view, at, self._tail)
            if size > 0:
                self._head = at + size
                self.frame_at = self._base + at & _OFFSETS
                return bytes(self._view[at : at + size])
            if size == 0:
                if self._tail - at >= self._limit:
                    size = LENGTH
                elif at < self._cut:
                    size = INCOMPLETE
                else:
                    return None
            self.rejected[-1 - size] += 1
            self.garbage += 1
            self._head = at + 1
        return None

    def expire(self):
        """The line fell silent: no candidate in the buffer may wait any longer. Call `next`
        until None afterwards; it finds the frames that stood behind a lying length."""
        self._cut = self._tail

    def pending(self):
        """Bytes held for a frame that is not complete."""
        return self._tail - self._head

    def count(self, reason):
        """Candidates rejected for CHECKSUM, END ... since construction."""
        return self.rejected[-1 - reason]

    def _seek(self):
        """Move to the next start byte; False when the buffer holds none (it is empty then)."""
        view = self._view
        start = self._start
        tail = self._tail
        at = self._head
        garbage = 0
        while at < tail:
            byte = view[at]
            if byte == start or start < 0:
                break
            if byte != self._idle:
                garbage += 1
            at += 1
        self.garbage += garbage
        self._head = at
        if at < tail:
            return True
        self._compact()
        return False

    def _compact(self):
        head = self._head
        if head:
            held = self._tail - head
            self._view[0:held] = self._view[head : self._tail]
            self._base = self._base + head & _OFFSETS
            self._cut = max(0, self._cut - head)
            self._head = 0
            self._tail = held
