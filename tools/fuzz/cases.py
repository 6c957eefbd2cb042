"""The cases of one codec: seeds, what is done to them, and what must come of it.

A Case is (mode, parts, wanted, note, kind); a part is (bytes, cuts). The last part of a case of
frames is a whole good frame behind silence, which must always be found. Same seed, same cases.
"""

import random
from collections import Counter, namedtuple

from tools.fuzz import apdu698, apdus, data698, object698, text
from tools.fuzz.mutate import LIES, Mutator
from tools.fuzz.sums import Scan, flip_chance

EVERY_BYTE, ONE_GO = 0xFFFF, 0xFFFE  # in the place of the number of cuts

Case = namedtuple("Case", ("mode", "parts", "wanted", "kind"))


KINDS = (
    "lie", "lie_sealed", "lie_fitted", "clean", "flips", "flips_sealed", "truncated", "glued",
    "in_noise", "noise", "wrong_end", "moved", "lie_fitted", "nested", "lie_sealed", "flood",
)  # fmt: skip


class Cases:
    """Makes the cases of a codec and counts what chance may do in them."""

    def __init__(self, codec, seeds, values, seed):
        self.rng = random.Random(f"{codec.NAME} {seed}")
        self.codec, self.seeds, self.values = codec, seeds, values
        self.mutator = Mutator(codec, seeds, self.rng)
        # frames that were made, or stand within one that was: none of them passes by chance
        self.made = set(seeds)
        for raw in seeds:
            self.made.update(f for _, f in Scan(codec.probe, codec.START, raw[1:]).frames)
        self.good = [raw for raw in seeds if len(raw) < 80]
        self.kinds = Counter()
        self.by_chance = 0  # frames nobody made, whose checksum is right all the same
        self.expected = 0.0  # of those
        self.flips = [flip_chance(n) if codec.CHANCE > 1e-3 else 0.0 for n in range(4)]
        self.judged = 0  # frames whose content is known

    def draw(self, i):
        if self.codec.NAME == "dlt698" and i % 5 in (1, 3):
            return self._apdu() if i % 5 == 1 else self._data()
        if self.codec.NAME == "dlt698" and i % 5 == 4 and i % 4 == 0:
            return self._fragments(i)
        if hasattr(self.codec, "Exchange") and i % 4 == 3:
            return self._exchange(i)
        kind = KINDS[self.rng.randrange(len(KINDS))]
        if kind == "flood":
            raw = b""
            while len(raw) <= self.codec.LIMIT:
                raw += self.rng.choice((self.mutator.pick(), self.mutator.noise()))
            return self._frames(kind, [(raw[: self.codec.LIMIT + 200], ONE_GO)])
        raw = getattr(self.mutator, kind)()
        return self._frames(kind, [(raw, self._cuts(raw, i))])

    def _cuts(self, raw, i):
        """Whole, byte by byte, one cut at each place in its turn, or anyhow."""
        way = self.rng.randrange(4)
        if way == 0 or len(raw) < 2:
            return ()
        if way == 1:
            return EVERY_BYTE
        if way == 2:
            return (1 + i % (len(raw) - 1),)
        count = self.rng.randint(1, 6)
        return tuple(sorted({self.rng.randrange(1, len(raw)) for _ in range(count)}))

    def _scan(self, parts, intended, first=None):
        """(offset, frame) of every frame on the line, the parts one behind the other. `first`:
        the chance that the frame the line begins with passes, where it is a special one."""
        found = []
        base = 0
        for raw, cuts in parts:
            raw = raw[: self.codec.LIMIT] if cuts == ONE_GO else raw
            scan = Scan(self.codec.probe, self.codec.START, raw, None if base else first)
            self.expected += scan.expected
            for (at, frame), chance in zip(scan.frames, scan.chances, strict=True):
                found.append((base + at, frame))
                if frame not in intended:
                    self.by_chance += 1
                    self.expected += chance
            base += len(raw)
        return found

    def _frames(self, kind, parts):
        self.kinds[kind] += 1
        sentinel = self.rng.choice(self.good)
        parts.append((sentinel, ()))
        reading = self.codec.Reading() if hasattr(self.codec, "Reading") else self.codec
        wanted = []
        first = self.flips[self.mutator.flipped] if kind == "flips" else None
        for at, frame in self._scan(parts, self.mutator.intended | self.made, first):
            said = reading.content(frame)
            self.judged += "?" not in said
            wanted.append((at, frame, said))
        self.mutator.intended.clear()
        lost = sum(max(0, len(raw) - self.codec.LIMIT) for raw, cuts in parts if cuts == ONE_GO)
        return Case("F", parts, (wanted, f"dropped {lost}" if lost else ""), kind)

    def _fragments(self, i):
        """A cut APDU whose frames come, twice, not at all, or damaged."""
        size = self.rng.choice((60, 300, 900, 1010, 1100))
        apdu = self.rng.choice(apdus.replies())[:-2] + b"\0\0"
        if self.rng.random() < 0.7:
            apdu = b"\x85\x01\x05\x20\0\x02\0\x01\x09\x82" + size.to_bytes(2, "big")
            apdu += bytes(size) + b"\0\0"
        sent = object698.fragments(apdu, self.rng.choice((20, 100, 255)), self.rng.randrange(4096))
        for _ in range(self.rng.randrange(3)):
            at = self.rng.randrange(len(sent))
            way = self.rng.randrange(4)
            if way == 0:
                sent.insert(at, sent[at])
            elif way == 1 and len(sent) > 1:
                del sent[at]
            elif way == 2:
                sent[at] = self.rng.randbytes(2) + sent[at][2:]
            else:
                sent[at] = sent[at][: self.rng.randrange(3)]
        raws = [self.mutator.sent(object698.frame(0xE3, piece)) for piece in sent]
        return self._frames("fragments", [(raw, self._cuts(raw, i)) for raw in raws[:80]])

    def _exchange(self, i):
        request, replies = self.rng.choice(self.codec.exchanges(self.rng))
        replies = list(replies)
        good = set(replies)
        if self.rng.random() < 0.6:
            at = self.rng.randrange(len(replies))
            out = bytearray(replies[at])
            out[self.rng.randrange(len(out))] ^= 1 << self.rng.randrange(8)
            if self.rng.random() < 0.5:
                replies[at] = self.mutator.sent(self.codec.seal(out))
                good |= self.mutator.intended
                self.mutator.intended.clear()
            else:
                replies.insert(at, bytes(out))
        raw = b"".join(replies)
        parts = [(raw, self._cuts(raw, i))]
        if self.rng.random() < 0.5:
            noise = self.mutator.noise(30)
            parts.insert(0, (noise, self._cuts(noise, i)))
        self.kinds["exchange"] += 1
        exchange = self.codec.Exchange(request)
        outcomes = [exchange.take(frame) for _, frame in self._scan(parts, good | self.made)]
        counters = f"alien {exchange.alien} late {exchange.late} stale {exchange.stale}"
        wanted = ";".join([outcome for outcome in outcomes if outcome] + [counters])
        self.judged += 1
        return Case("T", [(request, ()), *parts], wanted, "exchange")

    def _changed(self, raw, read):
        """An APDU or Data with a lying length, bytes changed, lost, doubled or behind the end."""
        rng = self.rng
        out = bytearray(raw)
        marks = apdu698.marks(raw, read)
        way = rng.randrange(8)
        if way < 4 and marks:
            at, size, _ = rng.choice(marks)
            true = int.from_bytes(raw[at : at + size], "big")
            near = (true - 1, true + 1, len(raw) - at - size, len(raw), 2 * true)
            value = rng.choice((*near, *LIES, 256**size - 1))
            out[at : at + size] = (value % 256**size).to_bytes(size, "big")
        elif way < 6 and out:
            for _ in range(rng.randint(1, 3)):
                at = rng.randrange(len(out))
                out[at] = rng.choice((out[at] ^ 1 << rng.randrange(8), *LIES, rng.randrange(97)))
        elif way == 6:
            out = out[: rng.randrange(len(out) + 1)]
        if rng.random() < 0.2 and len(out) < 1500:
            at = rng.randrange(len(out) + 1)
            out[at:at] = rng.choice((out[:at], rng.randbytes(3), b"\x01\xff" * rng.randrange(300)))
        return bytes(out[:1900])

    def _apdu(self):
        raw = self._changed(self.rng.choice(apdus.replies()), apdu698.reply)
        self.kinds["apdu"] += 1
        self.judged += 1
        try:
            wanted = text.write(apdu698.read_reply(raw))
        except data698.Refused:
            wanted = "!"
        return Case("A", [(raw, ())], wanted, "apdu")

    def _data(self):
        if self.rng.random() < 0.15:
            raw = apdus.nested(self.rng.randrange(6, 700), self.rng.choice(self.values)[:40])
        else:
            raw = self._changed(self.rng.choice(self.values), data698.data)
        self.kinds["data"] += 1
        self.judged += 1
        try:
            wanted = text.write(data698.read_data(raw)) + "|="
        except data698.Refused:
            wanted = "!"
        return Case("D", [(raw, ())], wanted, "data")
