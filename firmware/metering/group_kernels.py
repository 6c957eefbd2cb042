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
def root_sum_square(values: ptr32, x: int, step: int, count: int, roots: object) -> int:
    """Of `count` values below 2**23, at most 63, from byte `x` on and `step` bytes apart."""
    values = ptr32(int(values) + x)
    seen = 0
    n = count
    while n:
        seen = values[0] | seen
        values = ptr32(int(values) + step)
        n -= 1
    s = 0
    while seen >> s > 4095:
        s += 1
    half = 1 << s >> 1
    total = 0
    n = count
    while n:
        values = ptr32(int(values) - step)
        x = values[0] + half >> s
        total = x * x + total
        n -= 1
    return int(root(total, roots)) >> 4 << s >> 4
