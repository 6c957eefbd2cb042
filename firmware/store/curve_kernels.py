"""What a device has at one boundary, as a group of bits: the arithmetic, on bytes alone.

A group says first whether all is good (0), or of what quality: 1 1 and eight bits when all is
equally invalid; 1 0, and of each quantity 0, or 1 and eight bits. Behind that, of each quantity
that is not invalid (IV), the difference to the base row, modulo 2**64: as a number z without a
sign, 0 -1 1 -2 2 .. as 0 1 2 3 4, of L significant bits:
  L <= k       1, and the k low bits of z
  L < k + 12   L - k zeros, 1, and the L - 1 low bits
  else         12 zeros, L - 1 in six bits, and the L - 1 low bits
so the shortest code has the k that is the median of L. The chunk says it, by quantity: a byte at
AT says for how many, then follows k of each; more of them share in turn. Bits are counted from the
lowest of each byte on, in a buffer that was zero. Values are arrays of "q" as bytes.

Nothing is allocated, no bound is checked: a group of n quantities takes at most most(n) bytes, and
what is read has to be whole. tests/device has a twin in big integers.
"""

import micropython
from micropython import const

QUANTITIES = const(32)  # most of one device
AT = const(16)  # of the number of k in a chunk
SLOTS = const(8)  # of k, at most
STATE = const(16)  # bytes: 8 times the median of L by slot, and a number at work
ZEROS = bytes(8 * QUANTITIES)  # what a base row is compared with

_IV = const(0x80)  # core.quality
_LONG = const(12)


def most(quantities):
    """Bytes that a group of so many may take."""
    return (90 * quantities + 9) // 8


@micropython.viper
def encode(out: ptr8, at: int, now: ptr8, base: ptr8, bits: ptr8, n: int, state: ptr8) -> int:
    """Writes the group of `n` values `now` with their quality `bits` against `base` to `out` from
    bit `at` on, and learns the medians in `state`; where it ends."""
    slots = out[AT]
    first = bits[0]
    i = 0
    p = 0
    is_good = 1
    is_same = first & _IV
    while i < n:
        if bits[i]:
            is_good = 0
        if bits[i] != first:
            is_same = 0
        i += 1
    v = 0
    if not is_good:
        # the lead, as bits of v: two, and with one quality for all eight more
        v = 1
        i = 2
        if is_same:
            v = 3 | first << 2
            i = 10
        while i:
            out[at >> 3] = out[at >> 3] | (v & 1) << (at & 7)
            v >>= 1
            at += 1
            i -= 1
        if is_same:
            return at
        while p < n:
            v = bits[p]
            i = 1
            if v:
                v = v << 1 | 1
                i = 9
            while i:
                out[at >> 3] = out[at >> 3] | (v & 1) << (at & 7)
                v >>= 1
                at += 1
                i -= 1
            p += 1
    else:
        at += 1
    p = 0
    slot = 0
    while n:
        if not bits[0] & _IV:
            # the difference, and with its sign the number z, to state[8..15]
            borrow = 0
            i = 0
            while i < 8:
                v = now[p + i] - base[p + i] - borrow
                state[8 + i] = v & 255
                borrow = v >> 8 & 1
                i += 1
            v = 0
            is_same = 0
            if state[15] & 128:
                is_same = 255
            i = 0
            while i < 8:
                v = state[8 + i] << 1 | v
                state[8 + i] = v & 255 ^ is_same
                v >>= 8
                i += 1
            long = 64
            while long > 0 and not state[8 + (long - 1 >> 3)] >> (long - 1 & 7) & 1:
                long -= 1
            k = out[AT + 1 + slot]
            v = state[slot]
            if long > v >> 3:
                if v < 248:
                    state[slot] = v + 1
            elif v:
                state[slot] = v - 1
            if long <= k:
                out[at >> 3] = out[at >> 3] | 1 << (at & 7)
                at += 1
                long = k
            elif long - k < _LONG:
                at += long - k
                out[at >> 3] = out[at >> 3] | 1 << (at & 7)
                at += 1
                long -= 1
            else:
                at += _LONG
                long -= 1
                v = long
                i = 6
                while i:
                    out[at >> 3] = out[at >> 3] | (v & 1) << (at & 7)
                    v >>= 1
                    at += 1
                    i -= 1
            i = 0
            while i < long:
                v = state[8 + (i >> 3)] >> (i & 7) & 1
                out[at >> 3] = out[at >> 3] | v << (at & 7)
                at += 1
                i += 1
        bits = ptr8(int(bits) + 1)
        p += 8
        n -= 1
        slot += 1
        if slot == slots:
            slot = 0
    return at


@micropython.viper
def decode(buf: ptr8, at: int, n: int, base: ptr8, now: ptr8, bits: ptr8) -> int:
    """The group of `n` quantities from bit `at` on to `now`, 0 where nothing is kept, and `bits`;
    where it ends."""
    slots = buf[AT]
    is_good = 1 - (buf[at >> 3] >> (at & 7) & 1)
    at += 1
    is_same = 0
    if not is_good:
        is_same = buf[at >> 3] >> (at & 7) & 1
        at += 1
    p = 0
    i = 0
    v = 0
    while p < n:
        # of several that are the same only the first one says it
        if is_good or is_same and p:
            i = 0
        elif is_same:
            i = 1
        else:
            v = 0
            i = buf[at >> 3] >> (at & 7) & 1
            at += 1
        if i:
            v = (buf[at >> 3] | buf[(at >> 3) + 1] << 8) >> (at & 7) & 255
            at += 8
        bits[p] = v
        p += 1
    p = 0
    slot = 0
    while n:
        i = 0
        while i < 8:
            now[p + i] = 0
            i += 1
        if not bits[0] & _IV:
            k = buf[AT + 1 + slot]
            i = 0
            while i < _LONG and not buf[at >> 3] >> (at & 7) & 1:
                at += 1
                i += 1
            long = k
            if i < _LONG:
                at += 1
                if i:
                    long = k + i - 1
            else:
                v = buf[at >> 3] | buf[(at >> 3) + 1] << 8
                long = v >> (at & 7) & 63
                at += 6
            if i:
                now[p + (long >> 3)] = 1 << (long & 7)  # the highest bit, which is not written
            i = 0
            while i < long:
                v = buf[at >> 3] >> (at & 7) & 1
                now[p + (i >> 3)] = now[p + (i >> 3)] | v << (i & 7)
                at += 1
                i += 1
            # back to a sign, and to the value
            is_same = 0
            if now[p] & 1:
                is_same = 255
            v = 0
            i = 0
            while i < 8:
                k = now[p + i] >> 1
                if i < 7:
                    k = k | now[p + i + 1] << 7 & 128
                v = (k ^ is_same) + base[p + i] + v
                now[p + i] = v & 255
                v >>= 8
                i += 1
        bits = ptr8(int(bits) + 1)
        p += 8
        n -= 1
        slot += 1
        if slot == slots:
            slot = 0
    return at


@micropython.viper
def skip(buf: ptr8, at: int, counts: ptr8, first: int, until: int) -> int:
    """Where the groups of the devices first..until - 1 end, which have counts[device]
    quantities each."""
    slots = buf[AT]
    while first < until:
        n = counts[first]
        first += 1
        kept = -1  # bits: has the quantity a value?
        if buf[at >> 3] >> (at & 7) & 1:
            at += 1
            if buf[at >> 3] >> (at & 7) & 1:
                at += 9
                n = 0
            else:
                at += 1
                kept = 0
                i = 0
                while i < n:
                    if buf[at >> 3] >> (at & 7) & 1:
                        at += 8  # at the highest bit of the quality, IV
                        kept = kept | (1 - (buf[at >> 3] >> (at & 7) & 1)) << i
                    else:
                        kept = kept | 1 << i
                    at += 1
                    i += 1
        else:
            at += 1
        slot = 0
        i = 0
        while i < n:
            if kept >> i & 1:
                zeros = 0
                while zeros < _LONG and not buf[at >> 3] >> (at & 7) & 1:
                    at += 1
                    zeros += 1
                if zeros == _LONG:
                    at += 6 + ((buf[at >> 3] | buf[(at >> 3) + 1] << 8) >> (at & 7) & 63)
                elif zeros:
                    at += buf[AT + 1 + slot] + zeros
                else:
                    at += buf[AT + 1 + slot] + 1
            i += 1
            slot += 1
            if slot == slots:
                slot = 0
    return at


@micropython.viper
def clear(buf: ptr8, at: int, until: int):
    """Zeros in buf[at:until]."""
    while at < until:
        buf[at] = 0
        at += 1
