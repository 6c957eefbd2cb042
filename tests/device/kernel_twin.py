"""The sampling kernels once more, in big integers and in the order of the definition. A helper.

Shares no code with firmware/metering/kernels.py; words are what `struct` reads from the burst.
"""

import struct

SIZE = 28


def low32(value):
    """Two's complement of 32 bits."""
    return ((value + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def sets_of(buf, at, sets):
    return [struct.unpack_from(">7i", buf, at + SIZE * k) for k in range(sets)]


class Twin:
    """Error feedback of three voltages and four currents, and what a block sums up to."""

    def __init__(self, shifts):
        self.shifts = list(shifts)
        self.volt_rest = [0] * 3  # in 1/64 of y
        self.amp_rest = [0] * 4  # in units of the word
        self.y = []  # the quantised voltages of late, a row of three a set

    def volts(self, words):
        for row in words:
            ys = []
            for k in range(3):
                fine = (row[2 * k + 1] >> 8) + self.volt_rest[k]
                ys.append(fine >> 6)
                self.volt_rest[k] = fine % 64
            self.y.append(ys)
        self.y = self.y[-150:]

    def amps(self, words):
        """The four currents of a block, quantised; None when one leaves 13 bits."""
        rest = list(self.amp_rest)
        rows = []
        for row in words:
            xs = []
            for k in range(4):
                full = row[2 * k] + rest[k]
                xs.append(full >> self.shifts[k])
                rest[k] = full - (xs[k] << self.shifts[k])
                if not -4096 <= xs[k] <= 4095:
                    return None
            rows.append(xs)
        self.amp_rest = rest
        return rows

    def block(self, words, delay):
        """The sums of a block whose voltages were taken last, modulo 2**32."""
        xs = self.amps(words)
        if xs is None:
            return None
        n = len(words)
        y = self.y[len(self.y) - n :]
        late = self.y[len(self.y) - n - delay : len(self.y) - delay]
        out = [sum([row[k] for row in y]) for k in range(3)]
        out += [sum([row[k] ** 2 for row in y]) for k in range(3)]
        for k in range(3):
            out.append(sum([row[k] for row in xs]))
            out.append(sum([row[k] ** 2 for row in xs]))
            out.append(sum([a[k] * b[k] for a, b in zip(xs, y)]))
            out.append(sum([a[k] * b[k] for a, b in zip(xs, late)]))
        out.append(sum([row[3] for row in xs]))
        out.append(sum([row[3] ** 2 for row in xs]))
        return [low32(v) for v in out]


def totals_of(block, shifts):
    """What a folded block adds: sums of y, of y*y, then each current's in units of the word."""
    out = list(block[:6])
    for k in range(4):
        base, s = 6 + 4 * k, shifts[k]
        out += [block[base] << s, block[base + 1] << 2 * s]
        if k < 3:
            out += [block[base + 2] << s, block[base + 3] << s]
    return out


def joined(totals):
    """The limbs of kernels.fold as integers, in the order of totals_of."""
    at = 3
    out = list(totals[:3])

    def take(limbs):
        nonlocal at
        value = 0
        for k in range(limbs):
            value += totals[at + k] << 22 * k
        at += limbs
        out.append(value)

    for _ in range(3):
        take(2)
    for k in range(4):
        for limbs in (2, 3, 2, 2) if k < 3 else (2, 3):
            take(limbs)
    return out


def sliver(words, part, shifts, y, late):
    """kernels.edge: the words of the sets before and after a crossing, the voltages before them
    (quantised already), and those of both sets a quarter cycle ago."""
    before = part * part >> 11
    after = part - before - 512

    def weighted(a, b):
        return ((a >> 5) * before >> 5) + ((b >> 5) * after >> 5)

    volts, squares, amps = [], [], []
    for k in range(4):
        x0, x1 = words[0][2 * k] >> shifts[k], words[1][2 * k] >> shifts[k]
        amps += [(x0 * before + x1 * after) >> 10, weighted(x0 * x0, x1 * x1)]
        if k < 3:
            v0, v1 = y[k], words[1][2 * k + 1] >> 14
            volts.append((v0 * before + v1 * after) >> 10)
            squares.append(weighted(v0 * v0, v1 * v1))
            amps.append(weighted(v0 * x0, v1 * x1))
            amps.append(weighted(late[0][k] * x0, late[1][k] * x1))
    return volts + squares + amps


def half_sums(y, words, phase, block, shift, k):
    """kernels.halves: (u, i) of a block before its crossing at set k, and of all of it."""
    u, i = block[3 + phase] >> 2, (block[7 + 4 * phase] << 2 * shift) >> 30
    n = len(words)
    part = range(k) if 2 * k <= n else range(k, n)
    part_u = sum([y[m][phase] ** 2 for m in part]) >> 2
    part_i = sum([(words[m][2 * phase] >> 16) ** 2 for m in part]) << 2
    if 2 * k > n:
        part_u, part_i = u - part_u, i - part_i
    return part_u, part_i, u, i
