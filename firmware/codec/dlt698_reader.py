"""A cursor over the bytes of an APDU that never reads behind their end (A-XDR, big endian).

Every length and count is judged against the bytes that are left before anything is made of it.
"""

from firmware.core.errors import CodecError


class Reader:
    def __init__(self, buf, at=0):
        self.buf = buf
        self.at = at
        self.end = len(buf)

    def left(self):
        return self.end - self.at

    def skip(self, size):
        """Move on by `size` bytes; returns where they begin. CodecError when they are missing."""
        at = self.at
        if size > self.end - at:
            raise CodecError("byte %d: %d more expected, %d left" % (at, size, self.end - at))
        self.at = at + size
        return at

    def take(self, size):
        at = self.skip(size)
        return bytes(self.buf[at : at + size])

    def number(self, size):
        """Unsigned, `size` bytes."""
        at = self.skip(size)
        if size == 1:
            return self.buf[at]
        return int.from_bytes(self.buf[at : at + size], "big")

    def signed(self, size):
        value = self.number(size)
        return value - (1 << 8 * size) if value >> 8 * size - 1 else value

    def length(self):
        """A length: one byte below 128, else 8n and n bytes; some firmware sends more of them
        than it needs. `take` judges what it says."""
        first = self.number(1)
        if first < 128:
            return first
        if not 1 <= first & 127 <= 4:
            raise CodecError("a length of %d bytes" % (first & 127))
        return self.number(first & 127)

    def octets(self):
        return self.take(self.length())

    def count(self, least=1):
        """Number of elements, each at least `least` bytes long; said as a length is."""
        count = self.length()
        if count * least > self.left():
            raise CodecError("%d elements do not fit %d bytes" % (count, self.left()))
        return count

    def close(self):
        if self.left():
            raise CodecError("%d bytes follow the end" % self.left())
