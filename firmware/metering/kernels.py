"""The sampling kernels: exact sums straight from the raw SPI burst. Time critical.

A *set* is 28 bytes: IA VA IB VB IC VC IN, each a big-endian signed 32-bit word (x_PCF,
5.27). A kernel reads a word as code = word >> 4 = high * 4096 + low, with `high` the top
16 bits and `low` the next 12. Products are kept as three sums (hh, hl, ll), which are
exact in 32 bits for at most BLOCK sets of samples within +-2**27. Nothing is allocated,
every intermediate fits 32 bits, so the result is bit-identical on 32-bit and 64-bit words.

Loads are bytes and halves because `ptr32` is zero-extended on a 64-bit port; pointers walk
with constant offsets (see the twin in tests/host for the same arithmetic in big integers).
"""

import micropython
from micropython import const

SET_BYTES = 28  # seven words
WORD_CODES = 16  # a code is a word over this
BLOCK = 64  # most sets a call may take before a sum could leave 32 bits
PHASE_WORDS = 14  # written by `phase`: see PHASE below
BLOCK_WORDS = 46  # three phases, and four of the neutral: sum, hh, hl, ll

# PHASE: sum_i sum_v  ii_hh ii_hl ii_ll  vv_hh vv_hl vv_ll  p_hh p_hl p_ll  q_hh q_hl q_ll
# where p = v[n] * i[n], q = v[n - delay] * i[n], and hl of a product is vh*il + vl*ih.

_SET = const(28)


@micropython.viper
def phase(now: ptr8, late: ptr8, sets: int, out: ptr32) -> int:
    """Sums of one phase over `sets` sets. `now` points at its current word of the first set,
    `late` at its voltage word `delay` sets earlier. 0, or non-zero when a sample left range."""
    range_bits = 0
    sum_i = 0
    sum_v = 0
    ii_hh = 0
    ii_hl = 0
    ii_ll = 0
    vv_hh = 0
    vv_hl = 0
    vv_ll = 0
    p_hh = 0
    p_hl = 0
    p_ll = 0
    q_hh = 0
    q_hl = 0
    q_ll = 0
    n = sets
    while n:
        ih = ((now[0] ^ 0x80) - 0x80) << 8 | now[1]
        il = now[2] << 4 | now[3] >> 4
        vh = ((now[4] ^ 0x80) - 0x80) << 8 | now[5]
        vl = now[6] << 4 | now[7] >> 4
        dh = ((late[0] ^ 0x80) - 0x80) << 8 | late[1]
        dl = late[2] << 4 | late[3] >> 4
        range_bits = range_bits | (ih + 2048) | (vh + 2048) | (dh + 2048)
        sum_i = sum_i + (ih << 12) + il
        sum_v = sum_v + (vh << 12) + vl
        ii_hh = ih * ih + ii_hh
        ii_hl = ih * il + ii_hl
        ii_ll = il * il + ii_ll
        vv_hh = vh * vh + vv_hh
        vv_hl = vh * vl + vv_hl
        vv_ll = vl * vl + vv_ll
        p_hh = vh * ih + p_hh
        p_hl = vh * il + vl * ih + p_hl
        p_ll = vl * il + p_ll
        q_hh = dh * ih + q_hh
        q_hl = dh * il + dl * ih + q_hl
        q_ll = dl * il + q_ll
        now = ptr8(int(now) + _SET)
        late = ptr8(int(late) + _SET)
        n -= 1
    out[0] = sum_i
    out[1] = sum_v
    out[2] = ii_hh
    out[3] = ii_hl
    out[4] = ii_ll
    out[5] = vv_hh
    out[6] = vv_hl
    out[7] = vv_ll
    out[8] = p_hh
    out[9] = p_hl
    out[10] = p_ll
    out[11] = q_hh
    out[12] = q_hl
    out[13] = q_ll
    return range_bits >> 12


@micropython.viper
def neutral(now: ptr8, sets: int, out: ptr32) -> int:
    """Sum and square sums of the neutral current; the same conventions as `phase`."""
    range_bits = 0
    total = 0
    hh = 0
    hl = 0
    ll = 0
    n = sets
    while n:
        high = ((now[0] ^ 0x80) - 0x80) << 8 | now[1]
        low = now[2] << 4 | now[3] >> 4
        range_bits = range_bits | (high + 2048)
        total = total + (high << 12) + low
        hh = high * high + hh
        hl = high * low + hl
        ll = low * low + ll
        now = ptr8(int(now) + _SET)
        n -= 1
    out[0] = total
    out[1] = hh
    out[2] = hl
    out[3] = ll
    return range_bits >> 12


@micropython.viper
def block(buf: ptr8, at: int, sets: int, delay: int, out: ptr32) -> int:
    """All BLOCK_WORDS sums over `sets` <= BLOCK sets from byte `at` of `buf`; `delay` bytes of
    older sets must stand before `at`. 0, or non-zero when a sample left its range."""
    now = int(buf) + at
    base = int(out)
    bad = int(phase(ptr8(now), ptr8(now + 4 - delay), sets, ptr32(base)))
    bad |= int(phase(ptr8(now + 8), ptr8(now + 12 - delay), sets, ptr32(base + 56)))
    bad |= int(phase(ptr8(now + 16), ptr8(now + 20 - delay), sets, ptr32(base + 112)))
    bad |= int(neutral(ptr8(now + 24), sets, ptr32(base + 168)))
    return bad


@micropython.viper
def fold(words: ptr16, totals: ptr32, n: int):
    """Add `n` signed 32-bit block sums to totals of two 32-bit words each (low, high):
    total = high * 65536 + low, exact for up to 32768 calls between clearings."""
    while n:
        totals[0] = totals[0] + words[0]
        totals[1] = totals[1] + ((words[1] ^ 0x8000) - 0x8000)
        words = ptr16(int(words) + 4)
        totals = ptr32(int(totals) + 8)
        n -= 1


@micropython.viper
def rising(buf: ptr8, at: int, sets: int, arm: int, armed: ptr8) -> int:
    """Index of the first set at which the channel word at byte `at` rises through zero, or -1.
    It must have been below -`arm` (units of the top 16 bits) since the last crossing; `armed[0]`
    keeps that between calls."""
    p = ptr8(int(buf) + at)
    k = 0
    ready = armed[0]
    while k < sets:
        high = ((p[0] ^ 0x80) - 0x80) << 8 | p[1]
        if ready:
            if high >= 0:
                armed[0] = 0
                return k
        elif high + arm < 0:
            ready = 1
        p = ptr8(int(p) + _SET)
        k += 1
    armed[0] = ready
    return -1
