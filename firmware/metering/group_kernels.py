"""Bins to groups (IEC 61000-4-7), powers to amplitudes. Time critical, allocates nothing.

A cell is four words of an order h: its line, subgroup and group, and the interharmonic centred
subgroup between h and h + 1. What is loaded here is never negative, so loads are
the same on 32-bit and 64-bit builds.
"""

import micropython

CELL_BYTES = 16
LINE, SUBGROUP, GROUP, INTER = 0, 1, 2, 3  # words of a cell
ROOM = 13  # words for the powers of an order


@micropython.viper
def powers(bins: ptr32, x: int, room: ptr32, cells: ptr32, shifts: ptr8, cycles: int, orders: int):
    """Sums of squares of orders 0 .. `orders` - 1 to the cells from the second on; the last order
    only serves what is below it. A sum is to be multiplied by 4**shift: one shift for the first
    three of a cell, one for the fourth. Word `x` of `bins` is half an order before bin 0, an order
    is `cycles` bins of two words; `room` is for ROOM words."""
    bins = ptr32(int(bins) + (x << 2))
    half = cycles >> 1
    row = cycles << 3
    above = 0  # of the order before: bins 2 .. half, and their shift
    above_s = 0
    while orders:
        seen = 0
        p = room
        n = cycles + 1
        while n:
            x = bins[0]
            seen = x | seen
            y = x * x
            x = bins[1]
            seen = x | seen
            p[0] = x * x + y
            bins = ptr32(int(bins) + 8)
            p = ptr32(int(p) + 4)
            n -= 1
        s = 0
        while seen >> s > 8191:  # 26 squares below 2**26 fit 31 bits
            s += 1
        if s:  # they were too large: once more
            bins = ptr32(int(bins) - row - 8)
            p = room
            n = cycles + 1
            while n:
                x = bins[0] >> s
                y = x * x
                x = bins[1] >> s
                p[0] = x * x + y
                bins = ptr32(int(bins) + 8)
                p = ptr32(int(p) + 4)
                n -= 1
        bins = ptr32(int(bins) - 8)  # the edge belongs to the next order, too
        p = room
        edges = p[0]
        below = p[1] + p[2] + p[3]
        if half > 5:
            below = p[4] + below
        p = ptr32(int(p) + (half << 2) - 4)
        sub = p[0] + p[1] + p[2]
        high = p[3] + p[4] + p[5]
        cells[4] = p[1]
        cells[5] = sub
        if half > 5:
            high = p[6] + high
            p = ptr32(int(p) + 4)
        edges = p[6] + edges
        cells[6] = (edges >> 1) + below + sub + high
        # between the order before and this one, at the larger of two shifts
        if above_s < s:
            above = above >> (s - above_s << 1)
            above_s = s
        cells[3] = (below >> (above_s - s << 1)) + above
        shifts[1] = above_s
        cells = ptr32(int(cells) + 16)
        shifts = ptr8(int(shifts) + 2)
        shifts[0] = s
        above = p[6] + high
        above_s = s
        orders -= 1


@micropython.viper
def amplitudes(cells: ptr32, x: int, shifts: ptr8, out: ptr32, at: int, roots: ptr16, orders: int):
    """Roots of the cells from the second on to as many from byte `at` of `out`: rms in sample
    words >> 4. `x` is the power of two that the values were raised by."""
    gain = x + 5
    cells = ptr32(int(cells) + 16)
    shifts = ptr8(int(shifts) + 2)
    out = ptr32(int(out) + at)
    while orders:
        s = shifts[0]
        n = 4
        while n:
            if n == 1:
                s = shifts[1]
            x = cells[0]
            if x:
                e = 0
                if x < 0x4000:
                    x = x << 16
                    e = 8
                if x < 0x400000:
                    x = x << 8
                    e = e + 4
                if x < 0x4000000:
                    x = x << 4
                    e = e + 2
                if x < 0x10000000:
                    x = x << 2
                    e = e + 1
                t = ptr16(int(roots) + (x >> 22 << 1))
                x = ((t[1] - t[0]) * (x >> 8 & 0x3FFF) >> 14) + t[0]
                x = x * 23170 >> 4 >> e >> (gain - s)
            out[0] = x
            cells = ptr32(int(cells) + 4)
            out = ptr32(int(out) + 4)
            n -= 1
        shifts = ptr8(int(shifts) + 2)
        orders -= 1


@micropython.viper
def root(x: int, roots: ptr16) -> int:
    """256 times the square root of 0 <= x < 2**30, good to 16 ppm or one."""
    if x < 1:
        return 0
    e = 0
    while x < 0x10000000:
        x = x << 2
        e = e + 1
    t = ptr16(int(roots) + (x >> 22 << 1))
    x = ((t[1] - t[0]) * (x >> 8 & 0x3FFF) >> 14) + t[0]
    return x << 7 >> e


@micropython.viper
def ratios(cells: ptr32, at: int, out: ptr32, to: int, roots: ptr16, peak: int, dead: int):
    """Six figures, to byte `to`, of the channel whose cells stand from byte `at` on: what lines,
    subgroups, groups from order 2 on, odd and even lines are together, in 0.01 % of order 1; and
    `peak`, in units of the ring less the half that was cut off, in 0.001 of all groups from order
    0 on. 0 where there is less than `dead` to compare with, 99999 beyond ten times as much."""
    base = int(cells) + at
    out = ptr32(int(out) + to)
    k = 0
    while k < 6:
        first = 32 + (k << 2)
        whole_at = 16 + (k << 2)
        step = 16
        n = 49
        if k > 2:
            whole_at = 16
            first = 48
            step = 32
            n = 24
            if k == 4:
                first = 32
                n = 25
            if k == 5:
                first = 8
                step = 16
                n = 51
        # the root of the sum of squares, of values below 2**23
        cells = ptr32(base + first)
        seen = 0
        count = n
        while count:
            seen = cells[0] | seen
            cells = ptr32(int(cells) + step)
            count -= 1
        s = 0
        while seen >> s > 4095:  # 63 squares below 2**24 fit
            s += 1
        half = 1 << s >> 1
        x = 0
        while n:
            cells = ptr32(int(cells) - step)
            v = cells[0] + half >> s
            x = v * v + x
            n -= 1
        if x:
            e = 0
            while x < 0x10000000:
                x = x << 2
                e += 1
            t = ptr16(int(roots) + (x >> 22 << 1))
            x = ((t[1] - t[0]) * (x >> 8 & 0x3FFF) >> 14) + t[0]
            x = x << 3 >> e << s >> 4
        # what it is a part of, or crest: one long division
        cells = ptr32(base + whole_at)
        whole = cells[0]
        unit = 10000
        if k == 5:
            whole = x
            x = (peak << 8) + 128
            unit = 1000
        if whole < dead:
            v = 0
        elif x > whole * 10 - 1:
            v = 99999
        else:
            v = 0
            seen = 0
            n = 14
            while n:
                n -= 1
                seen = seen + seen
                v = v + v
                if unit >> n & 1:
                    seen = seen + x
                while seen >= whole:
                    seen = seen - whole
                    v += 1
            if seen + seen >= whole:
                v += 1
        out[0] = v
        out = ptr32(int(out) + 4)
        k += 1
