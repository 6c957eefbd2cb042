"""Exact sums and extremes of windows, 64 bits wide, without the heap. Not for ISRs.

A row is eight 32-bit words: a sum as four words of weight 2**0, 2**16, 2**32 and 2**48, each the
plain sum of 16-bit pieces (good for 16384 values), then the lowest and the highest value as 64-bit
numbers. Everything is modulo 2**32 or of 16-bit loads, so 32-bit and 64-bit builds agree.
"""

import micropython

ROW = 8  # words
ROW_BYTES = 32


@micropython.viper
def accumulate(now: ptr16, row: ptr32, rules: ptr8, n: int):
    """Add `n` 64-bit values to the sums of as many rows: the value where its rule is 0, else the
    square of what must be within 0 .. 2**31 - 1."""
    while n:
        if rules[0]:
            low = now[0] * now[0]
            middle = now[0] * now[1] << 1
            high = now[1] * now[1]
            row[0] = row[0] + (low & 0xFFFF)
            row[1] = row[1] + (low >> 16 & 0xFFFF) + (middle & 0xFFFF)
            row[2] = row[2] + (middle >> 16 & 0xFFFF) + (high & 0xFFFF)
            row[3] = row[3] + (high >> 16)
        else:
            row[0] = row[0] + now[0]
            row[1] = row[1] + now[1]
            row[2] = row[2] + now[2]
            row[3] = row[3] + ((now[3] ^ 0x8000) - 0x8000)
        now = ptr16(int(now) + 8)
        row = ptr32(int(row) + 32)
        rules = ptr8(int(rules) + 1)
        n -= 1


@micropython.viper
def add(src: ptr32, dst: ptr32, n: int):
    """Add the sums of `n` rows to those of others."""
    while n:
        dst[0] = dst[0] + src[0]
        dst[1] = dst[1] + src[1]
        dst[2] = dst[2] + src[2]
        dst[3] = dst[3] + src[3]
        src = ptr32(int(src) + 32)
        dst = ptr32(int(dst) + 32)
        n -= 1


@micropython.viper
def widen(src: ptr16, row: ptr16, n: int, are_rows: int, is_first: int):
    """Widen the extremes of `n` rows by those of other rows, or else by 64-bit values.
    `is_first`: there were none before."""
    row = ptr16(int(row) + 16)
    step = 8
    apart = 0  # bytes from the low to the high one of `src`
    if are_rows:
        src = ptr16(int(src) + 16)
        step = 32
        apart = 8
    while n:
        for is_high in range(2):
            if is_high:
                src = ptr16(int(src) + apart)
                row = ptr16(int(row) + 8)
            # signed top, then the rest as unsigned: moved down by half its range
            top = ((src[3] ^ 0x8000) - 0x8000) << 16 | src[2]
            old = ((row[3] ^ 0x8000) - 0x8000) << 16 | row[2]
            if top == old:
                top = (src[1] - 0x8000) << 16 | src[0]
                old = (row[1] - 0x8000) << 16 | row[0]
            is_new = is_first
            if is_high:
                if top > old:
                    is_new = 1
            elif top < old:
                is_new = 1
            if is_new:
                row[0] = src[0]
                row[1] = src[1]
                row[2] = src[2]
                row[3] = src[3]
        src = ptr16(int(src) + step - apart)
        row = ptr16(int(row) + 24)
        n -= 1
