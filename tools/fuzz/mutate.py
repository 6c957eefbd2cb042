"""What is done to good frames: lengths lie, bits flip, pieces are missing or doubled.

"Sealed" is with the checksum made right, where the length says; "fitted" with the outer length
made right, too: only then are the readers of what is inside reached.
"""

LIES = (0, 1, 2, 0x10, 0x7F, 0x80, 0x81, 0x82, 0x84, 0x88, 0xFE, 0xFF)
_MARKS = b"\x68\x68\x68\x16\xfe\x01\x03\x00"  # what frames begin and end with


class Mutator:
    """Does one thing to a good frame; every method returns the bytes for the line."""

    def __init__(self, codec, seeds, rng):
        self.codec, self.seeds, self.rng = codec, seeds, rng
        # every length field of every seed gets its turn
        self.fields = [(raw, field) for raw in seeds for field in codec.lengths(raw)]
        rng.shuffle(self.fields)
        self.turn = 0
        self.flipped = 0  # bits, by flips()
        self.intended = set()  # frames that were made to be right

    def pick(self):
        return self.rng.choice(self.seeds)

    def sent(self, raw):
        raw = bytes(raw)
        self.intended.add(raw[: self.codec.probe(raw, 0)[0]])
        return raw

    def _lied(self):
        """(bytes with a lying length field, the place of the field)"""
        raw, (at, size, big) = self.fields[self.turn % len(self.fields)]
        self.turn += 1
        out = bytearray(raw)
        order = "big" if big else "little"
        true = int.from_bytes(raw[at : at + size], order)
        left = len(raw) - at - size
        # what is just right, just wrong, and the edges of every encoding
        values = (true - 1, true + 1, 2 * true, true - 2, left, left - 1, left - 3, *LIES)
        value = self.rng.choice((*values, self.rng.randrange(256**size), 256**size - 1))
        out[at : at + size] = (value % 256**size).to_bytes(size, order)
        return out, at

    def lie(self):
        return bytes(self._lied()[0]) + self.rng.choice((b"", b"", self.pick()))

    def lie_sealed(self):
        return self.sent(self.codec.seal(self._lied()[0]))

    def lie_fitted(self):
        """Inside lies, outside is right: bytes come or go behind the field, too."""
        out, at = self._lied()
        start, tail = self.codec.body(out)
        if at >= start and start < len(out) - tail:
            if self.rng.random() < 0.5:
                end = self.rng.randrange(start, len(out) - tail + 1)
                del out[end : max(end, min(len(out) - tail, end + self.rng.choice((1, 2, 7, 60))))]
            elif self.rng.random() < 0.5:
                more = self.rng.randbytes(self.rng.choice((1, 2, 6, 50)))
                out[len(out) - tail : len(out) - tail] = more
        return self.sent(self.codec.fit(out))

    def flips(self):
        out = bytearray(self.pick())
        self.flipped = self.rng.randint(1, 3)
        for _ in range(self.flipped):
            out[self.rng.randrange(len(out))] ^= 1 << self.rng.randrange(8)
        return bytes(out)

    def flips_sealed(self):
        """The checksum is right, what it covers is not."""
        raw = bytearray(self.pick())
        for _ in range(self.rng.randint(1, 4)):
            at = self.rng.randrange(len(raw))
            raw[at] = self.rng.choice((raw[at] ^ 1 << self.rng.randrange(8), *LIES))
        return self.sent(self.codec.seal(raw))

    def truncated(self):
        raw = self.pick()
        return raw[: self.rng.randrange(len(raw))] + self.rng.choice((b"", self.pick()))

    def glued(self):
        first, second = self.pick(), self.pick()
        lap = self.rng.choice((0, 0, 1, 2, self.rng.randrange(len(first))))
        return first[: len(first) - lap] + self.rng.choice((b"", b"\xfe" * 4)) + second

    def noise(self, most=120):
        """With start bytes, end bytes and pieces of frames in it."""
        out = bytearray(self.rng.randbytes(self.rng.randrange(1, most)))
        for _ in range(len(out) // 6):
            out[self.rng.randrange(len(out))] = self.rng.choice(
                b"\x68\x68\x68\x16\xfe\x01\x03\x00"
            )
        if self.rng.random() < 0.5:
            raw = self.pick()
            out += raw[: self.rng.randint(1, min(14, len(raw)))]
        return bytes(out)

    def in_noise(self):
        return self.noise() + self.pick() + self.noise(30)

    def wrong_end(self):
        out = bytearray(self.pick())
        out[-1] ^= self.rng.randint(1, 255)
        return bytes(out)

    def moved(self):
        """Bytes doubled, lost or put in, and the frame made right around them."""
        out = bytearray(self.pick())
        start, tail = self.codec.body(out)
        at = self.rng.randrange(start, max(start + 1, len(out) - tail))
        kind = self.rng.randrange(3)
        if kind == 0:
            out[at:at] = out[start:at]
        elif kind == 1:
            del out[at : max(at, min(len(out) - tail, at + self.rng.choice((1, 4, 6))))]
        else:
            out[at:at] = self.rng.randbytes(self.rng.randint(1, 8))
        return self.sent(self.codec.fit(out))

    def nested(self):
        """A frame within a frame, again and again, as deep as it goes."""
        out = bytearray(self.pick())
        for _ in range(self.rng.randint(1, 12)):
            inner = bytes(out)
            out = bytearray(self.rng.choice(self.seeds))
            start, tail = self.codec.body(out)
            out[start : len(out) - tail] = inner
            if len(out) > 1800:
                break
        return self.sent(self.codec.fit(out))

    def clean(self):
        return self.pick()
