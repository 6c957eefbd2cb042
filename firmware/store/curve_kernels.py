"""What a device has at one boundary, as a group of bytes: the arithmetic, on bytes alone.

A group begins with two bits a quantity, four in a byte, the first one lowest. They say how long
the difference to the base row is (little-endian two's complement): 0..2: one to three bytes;
3: a byte more says it. Of that byte bits 0..3 are the length (0..8), bit 7: a byte of quality
bits follows, bit 6: nothing follows, all quantities are as this one. What is invalid (IV) has no
bytes and no value. Differences are modulo 2**64, so any 64-bit value has one. Values are arrays
of "q" as bytes. Nothing is allocated, no bound is checked: a group of n quantities takes at most
most(n) bytes, and what is read has to be whole. tests/device has a twin in big integers.
"""

import micropython
from micropython import const

QUANTITIES = const(32)  # most of one device

_IV = const(0x80)  # core.quality
_QUALITY = const(0x80)
_ALL = const(0x40)


def most(quantities):
    """Bytes that a group of so many may take."""
    return (quantities + 3) // 4 + 10 * quantities


@micropython.viper
def encode(out: ptr8, at: int, now: ptr8, base: ptr8, bits: ptr8, n: int) -> int:
    """Writes the group of `n` values `now` with their quality `bits` against `base` to
    out[at:]; where it ends."""
    tag = at
    at += (n + 3) >> 2
    i = tag
    while i < at:
        out[i] = 0
        i += 1
    first = bits[0]
    i = 0
    if first & _IV:
        while i < n and bits[i] == first:
            i += 1
        if i == n:
            out[tag] = 3
            out[at] = _QUALITY | _ALL
            out[at + 1] = first
            return at + 2
    i = 0
    p = 0
    while i < n:
        q = bits[i]
        code = 3
        size = 0
        start = at + 2  # behind the length and the quality, which are the rule for none
        if not q & _IV:
            borrow = 0
            while size < 8:
                d = now[p] - base[p] - borrow
                out[start + size] = d & 255
                borrow = (d >> 8) & 1
                p += 1
                size += 1
            # what only repeats the sign is left out
            while size > 1:
                d = out[start + size - 1]
                if d != 0 and d != 255 or (d ^ out[start + size - 2]) & 128:
                    break
                size -= 1
            if q == 0 and size <= 3:
                code = size - 1
        else:
            p += 8
        if code == 3:
            out[at] = size
            at += 1
            if q:
                out[at - 1] = size | _QUALITY
                out[at] = q
                at += 1
        d = 0
        while d < size:
            out[at] = out[start + d]
            at += 1
            d += 1
        d = tag + (i >> 2)
        out[d] = out[d] | code << ((i & 3) << 1)
        i += 1
    return at


@micropython.viper
def decode(buf: ptr8, at: int, n: int, base: ptr8, now: ptr8, bits: ptr8) -> int:
    """The group of `n` quantities at buf[at:] to `now`, 0 where nothing is kept, and `bits`;
    where it ends. `now` may be `base`."""
    tag = at
    at += (n + 3) >> 2
    left = 0  # are the quantities left as the one before?
    q = 0
    i = 0
    p = 0
    while i < n:
        size = 0
        if not left:
            q = 0
            size = (buf[tag + (i >> 2)] >> ((i & 3) << 1) & 3) + 1
            if size == 4:
                code = buf[at]
                at += 1
                size = code & 15
                if code & _QUALITY:
                    q = buf[at]
                    at += 1
                left = code & _ALL
        bits[i] = q
        k = 0
        if q & _IV:
            while k < 8:
                now[p] = 0
                p += 1
                k += 1
        else:
            d = 0
            fill = 0
            while k < 8:
                d = d >> 8
                if k < size:
                    d = d + buf[at + k]
                    fill = 0
                    if buf[at + k] & 128:
                        fill = 255
                else:
                    d = d + fill
                d = d + base[p]
                now[p] = d & 255
                p += 1
                k += 1
        at += size
        i += 1
    return at


@micropython.viper
def skip(buf: ptr8, at: int, counts: ptr8, first: int, until: int) -> int:
    """Where the groups of the devices first..until - 1 end, which have counts[device]
    quantities each."""
    while first < until:
        n = counts[first]
        tag = at
        at += (n + 3) >> 2
        i = 0
        while i < n:
            size = (buf[tag + (i >> 2)] >> ((i & 3) << 1) & 3) + 1
            if size == 4:
                code = buf[at]
                at += 1
                size = code & 15
                if code & _QUALITY:
                    at += 1
                if code & _ALL:
                    i = n
            at += size
            i += 1
        first += 1
    return at
