"""The sampling kernels: block floating point with error feedback, straight from the raw SPI burst.

A *set* is 28 bytes: IA VA IB VB IC VC IN, each a big-endian signed 32-bit word within +-2**27.
Voltages are quantised to y = word >> 14 and currents to x = word >> s, with a shift s for each
channel that keeps x within 13 bits; what a shift cuts off is carried into the next sample
(first-order error feedback), so that the error moves away from the mains frequency.
Products of a BLOCK of sets then fit 32 bits, and every sum is exact from there on.

`volts` leaves y + BIAS in place of the raw voltage words: the quarter-cycle product reads it
back DELAY sets later. All arithmetic is modulo 2**32 or stays within 31 bits, so results are
bit-identical on 32-bit and 64-bit words (ptr32 is zero-extended on a 64-bit port); the twin in
tests/device does the same in big integers. Nothing is allocated. The second argument is scratch:
the emitter keeps the first two in registers, and 15 % of the time is in it.
"""

import micropython
from micropython import const

SET_BYTES = 28
DELAY = 40  # sets: a quarter cycle at 50 Hz and 8 kSPS
BLOCK = 64  # most sets in a call: 64 * 8191 * 4096 stays below 2**31
VOLT_SHIFT = 14
SHIFT_MAX = 16  # even -2**27 with the error carried to it stays within 13 bits
BIAS = 131072  # 2**23 >> 6: y is stored without sign

# error feedback of three voltages and four currents, the shifts of the currents from SHIFTS on,
# and room for a board's own kernels
STATE_WORDS = 17
SHIFTS = 7
# sums of a block: sum y of A B C, sum y*y of A B C, then for A B C: sum x, x*x, x*y, x*y_late,
# then sum x and x*x of the neutral
BLOCK_WORDS = 20

_SET = const(28)
_LATE = const(1120)  # DELAY * SET_BYTES
_BIAS = const(131072)


@micropython.viper
def volts(p: ptr8, y: int, at: int, sets: int, st: ptr32, out: ptr32):
    """Quantise the voltages of `sets` sets from byte `at` in place; out[0:6]."""
    p = ptr8(int(p) + at)
    ea = st[0]
    eb = st[1]
    ec = st[2]
    sa = 0
    sb = 0
    sc = 0
    qa = 0
    qb = 0
    qc = 0
    n = sets
    while n:
        # the lowest byte of the word is below the noise of any converter, and 1/64 of an LSB of y
        y = (((p[4] ^ 0x80) << 8 | p[5]) << 8 | p[6]) + ea
        ea = y & 63
        y >>= 6
        ptr32(p)[1] = y
        sa = y + sa
        qa = y * y + qa
        y = (((p[12] ^ 0x80) << 8 | p[13]) << 8 | p[14]) + eb
        eb = y & 63
        y >>= 6
        ptr32(p)[3] = y
        sb = y + sb
        qb = y * y + qb
        y = (((p[20] ^ 0x80) << 8 | p[21]) << 8 | p[22]) + ec
        ec = y & 63
        y >>= 6
        ptr32(p)[5] = y
        sc = y + sc
        qc = y * y + qc
        p = ptr8(int(p) + _SET)
        n -= 1
    st[0] = ea
    st[1] = eb
    st[2] = ec
    # sum (y + B) - n B, and sum (y + B)**2 - 2 B sum y - n B**2 with B = 2**17, modulo 2**32
    sa -= sets << 17
    sb -= sets << 17
    sc -= sets << 17
    out[0] = sa
    out[1] = sb
    out[2] = sc
    out[3] = qa - (sa << 18)
    out[4] = qb - (sb << 18)
    out[5] = qc - (sc << 18)


@micropython.viper
def amps(p: ptr8, x: int, at: int, sets: int, st: ptr32, out: ptr32) -> int:
    """Sums over the currents of `sets` sets from byte `at`, after `volts`; out[6:20]. 0, or
    non-zero when a sample left 13 bits: then nothing was changed, and a shift must be raised."""
    p = ptr8(int(p) + at - _LATE)
    ea = st[3]
    eb = st[4]
    ec = st[5]
    en = st[6]
    ha = st[7]
    hb = st[8]
    hc = st[9]
    hn = st[10]
    ma = (1 << ha) - 1
    mb = (1 << hb) - 1
    mc = (1 << hc) - 1
    mn = (1 << hn) - 1
    m = 0
    ta = 0
    ia = 0
    pa = 0
    qa = 0
    tb = 0
    ib = 0
    pb = 0
    qb = 0
    tc = 0
    ic = 0
    pc = 0
    qc = 0
    tn = 0
    nn = 0
    n = sets
    while n:
        x = (((((p[1120] ^ 0x80) - 0x80) << 8 | p[1121]) << 8 | p[1122]) << 8 | p[1123]) + ea
        ea = x & ma
        x >>= ha
        m = x + 4096 | m
        ta = x + ta
        ia = x * x + ia
        pa = ptr32(p)[281] * x + pa
        qa = ptr32(p)[1] * x + qa
        x = (((((p[1128] ^ 0x80) - 0x80) << 8 | p[1129]) << 8 | p[1130]) << 8 | p[1131]) + eb
        eb = x & mb
        x >>= hb
        m = x + 4096 | m
        tb = x + tb
        ib = x * x + ib
        pb = ptr32(p)[283] * x + pb
        qb = ptr32(p)[3] * x + qb
        x = (((((p[1136] ^ 0x80) - 0x80) << 8 | p[1137]) << 8 | p[1138]) << 8 | p[1139]) + ec
        ec = x & mc
        x >>= hc
        m = x + 4096 | m
        tc = x + tc
        ic = x * x + ic
        pc = ptr32(p)[285] * x + pc
        qc = ptr32(p)[5] * x + qc
        x = (((((p[1144] ^ 0x80) - 0x80) << 8 | p[1145]) << 8 | p[1146]) << 8 | p[1147]) + en
        en = x & mn
        x >>= hn
        m = x + 4096 | m
        tn = x + tn
        nn = x * x + nn
        p = ptr8(int(p) + _SET)
        n -= 1
    m >>= 13
    if m:
        return m
    st[3] = ea
    st[4] = eb
    st[5] = ec
    st[6] = en
    # sum x (y + B) - B sum x, modulo 2**32
    out[6] = ta
    out[7] = ia
    out[8] = pa - (ta << 17)
    out[9] = qa - (ta << 17)
    out[10] = tb
    out[11] = ib
    out[12] = pb - (tb << 17)
    out[13] = qb - (tb << 17)
    out[14] = tc
    out[15] = ic
    out[16] = pc - (tc << 17)
    out[17] = qc - (tc << 17)
    out[18] = tn
    out[19] = nn
    return 0


# totals of a window: sum y of A B C, then in limbs of 22 bits (low first): y*y of A B C (2 each),
# for A B C: x (2), x*x (3), x*y (2), x*y_late (2), then x (2) and x*x (3) of the neutral; current
# sums are in units of the word, whatever the shift was
TOTAL_WORDS = 41
LIMB = 22
LOW = 0x3FFFFF
_LIMB = const(22)
_LOW = const(0x3FFFFF)


@micropython.viper
def fold(out: ptr32, t: ptr32, st: ptr32, sign: int):
    """Add the sums of a block to the totals of a window (sign 1), or take them off (-1)."""
    n = 3
    st = ptr32(int(st) + 28)
    while n:  # voltages
        w = ptr16(out)
        t[0] = t[0] + (((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]) * sign
        t = ptr32(int(t) + 4)
        out = ptr32(int(out) + 4)
        n -= 1
    n = 3
    while n:
        w = ptr16(out)
        v = (((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]) * sign
        t[0] = t[0] + (v & _LOW)
        t[1] = t[1] + (v >> _LIMB)
        t = ptr32(int(t) + 8)
        out = ptr32(int(out) + 4)
        n -= 1
    n = 4
    while n:  # currents, the neutral last
        shift = st[0]
        left = _LIMB - shift
        mask = (1 << left) - 1
        w = ptr16(out)
        v = (((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]) * sign
        t[0] = t[0] + ((v & mask) << shift)
        t[1] = t[1] + (v >> left)
        v = (((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]) * sign
        if shift < 11:
            k = shift + shift
            t[2] = t[2] + ((v & ((1 << (_LIMB - k)) - 1)) << k)
            v >>= _LIMB - k
            t[3] = t[3] + (v & _LOW)
            t[4] = t[4] + (v >> _LIMB)
        else:
            k = shift + shift - _LIMB
            t[3] = t[3] + ((v & ((1 << (_LIMB - k)) - 1)) << k)
            t[4] = t[4] + (v >> (_LIMB - k))
        n -= 1
        if n:
            v = (((w[5] ^ 0x8000) - 0x8000) << 16 | w[4]) * sign
            t[5] = t[5] + ((v & mask) << shift)
            t[6] = t[6] + (v >> left)
            v = (((w[7] ^ 0x8000) - 0x8000) << 16 | w[6]) * sign
            t[7] = t[7] + ((v & mask) << shift)
            t[8] = t[8] + (v >> left)
            out = ptr32(int(out) + 16)
            t = ptr32(int(t) + 36)
            st = ptr32(int(st) + 4)


@micropython.viper
def normal(t: ptr32, i: int, limbs: int, out: ptr32) -> int:
    """The total of 2 or 3 limbs at t[i] as mantissa and exponent: returns m, |m| < 2**30, with
    value = m * 2**out[0] to 22 bits or better. Carries are settled in place; the top limb keeps
    the sign."""
    t = ptr32(int(t) + 4 * i)
    w = ptr16(t)
    v = ((w[1] ^ 0x8000) - 0x8000) << 16 | w[0]
    low = v & _LOW
    v = (((w[3] ^ 0x8000) - 0x8000) << 16 | w[2]) + (v >> _LIMB)
    t[0] = low
    top = 0
    if limbs == 3:
        mid = v & _LOW
        top = (((w[5] ^ 0x8000) - 0x8000) << 16 | w[4]) + (v >> _LIMB)
        t[2] = top
    else:
        mid = v
    t[1] = mid
    sign = 1
    if top < 0 or mid < 0:
        sign = -1
        low = 0 - low
        mid = (low >> _LIMB) - mid
        low &= _LOW
        if limbs == 3:
            top = (mid >> _LIMB) - top
            mid &= _LOW
    if limbs != 3:
        top = mid >> _LIMB
        mid &= _LOW
    exponent = _LIMB
    if top == 0:
        top = mid
        mid = low
        exponent = 0
    k = 0
    while k < _LIMB and (top << k) < 0x8000000:
        k += 1
    out[0] = exponent + _LIMB - k
    return (top << k | mid >> (_LIMB - k)) * sign


# zero crossings of one voltage: 0 its half cycle is negative, 1 armed, 2 last word of the
# samples before, 3 greatest magnitude (units of the top 16 bits), 4 and 5 the words before and
# after the crossing; words are (word >> 8) + 2**23
CROSS_WORDS = 6


@micropython.viper
def scan(p: ptr8, h: int, at: int, sets: int, arm: int, zx: ptr32) -> int:
    """First set at which the raw voltage word at byte `at` has changed its sign: its index, or
    `sets`. Every fourth sample is looked at, and a half cycle must have passed `arm` (units of
    the top 16 bits) before it may end: noise makes no crossings."""
    p = ptr8(int(p) + at)
    polarity = 0 - zx[0]
    armed = zx[1]
    most = zx[3]
    k = 0
    while k < sets:
        step = sets - k
        if step > 4:
            step = 4
        k += step
        p = ptr8(int(p) + (step - 1) * _SET)
        h = (((p[0] ^ 0x80) - 0x80) << 8 | p[1]) ^ polarity
        if h >= 0:
            if h > most:
                most = h
            if h >= arm:
                armed = 1
        elif armed:
            p = ptr8(int(p) - (step - 1) * _SET)
            k -= step
            while ((((p[0] ^ 0x80) - 0x80) << 8 | p[1]) ^ polarity) >= 0:
                p = ptr8(int(p) + _SET)
                k += 1
            if k:
                p = ptr8(int(p) - _SET)
                zx[2] = ((p[0] ^ 0x80) << 8 | p[1]) << 8 | p[2]
                p = ptr8(int(p) + _SET)
            zx[0] = zx[0] ^ 1
            zx[1] = 0
            zx[3] = most
            zx[4] = zx[2]
            zx[5] = ((p[0] ^ 0x80) << 8 | p[1]) << 8 | p[2]
            return k
        elif h + arm < 0:  # far on the other side without a crossing: a start
            polarity = -1 - polarity
            zx[0] = zx[0] ^ 1
            armed = 1
        p = ptr8(int(p) + _SET)
    zx[1] = armed
    zx[3] = most
    if k:
        p = ptr8(int(p) - _SET)
        zx[2] = ((p[0] ^ 0x80) << 8 | p[1]) << 8 | p[2]
    return sets


# half cycles of one phase: 0 set of its crossing in this block, beyond `sets`: none; 1 2 3 sums of
# y*y / 4 and x*x / 4 (units of word >> 14) and the sets of the half cycle that is running;
# 4 5 6 the same of the one that ended
HALF_WORDS = 7


@micropython.viper
def halves(p: ptr8, y: int, at: int, sets: int, st: ptr32, out: ptr32, half: ptr32):
    """Carry the half cycles of three phases over a block, after `volts` and `amps`. The shorter
    side of a crossing is summed again."""
    p = ptr8(int(p) + at)
    st = ptr32(int(st) + 28)
    phase = 3
    volt = ptr32(int(out) + 12)
    amp = ptr32(int(out) + 28)
    while phase:
        k = half[0]
        u = volt[0] >> 2 & 0x3FFFFFFF
        i = 30 - st[0] - st[0]  # negative for the largest shift
        i = amp[0] >> i if i >= 0 else amp[0] << 2
        if k > sets:
            half[1] = half[1] + u
            half[2] = half[2] + i
            half[3] = half[3] + sets
        else:
            tail = 0
            if k + k > sets:
                tail = k
            n = k
            if tail:
                n = sets - k
            walk = ptr8(int(p) + tail * _SET)
            part_u = 0
            part_i = 0
            while n:
                y = ptr32(walk)[1] - _BIAS
                part_u = y * y + part_u
                y = ((((walk[0] ^ 0x80) - 0x80) << 8 | walk[1]) << 8 | walk[2]) >> 6
                part_i = y * y + part_i
                walk = ptr8(int(walk) + _SET)
                n -= 1
            part_u = (part_u >> 2) & 0x3FFFFFFF
            part_i = (part_i >> 2) & 0x3FFFFFFF
            if tail:
                part_u = u - part_u
                part_i = i - part_i
            half[4] = half[1] + part_u
            half[5] = half[2] + part_i
            half[6] = half[3] + k
            half[1] = u - part_u
            half[2] = i - part_i
            half[3] = sets - k
        half = ptr32(int(half) + 28)
        p = ptr8(int(p) + 8)
        st = ptr32(int(st) + 4)
        volt = ptr32(int(volt) + 4)
        amp = ptr32(int(amp) + 16)
        phase -= 1


@micropython.viper
def edge(p: ptr8, y: int, at: int, part: int, st: ptr32, out: ptr32):
    """What whole samples miss at a crossing, as a block of sums. The set at byte `at`, not yet
    quantised, is the first after it, by `part` (1..1024 for a sample): the sliver from the
    crossing to half a sample before that set, negative when the crossing is nearer."""
    p = ptr8(int(p) + at - _SET)
    st = ptr32(int(st) + 28)
    amp = ptr32(int(out) + 24)
    volt = out
    middle = 768 - (part >> 1)  # of the sliver, counted from the set before
    width = part - 512
    n = 4
    while n:
        shift = st[0]
        y = (((((p[0] ^ 0x80) - 0x80) << 8 | p[1]) << 8 | p[2]) << 8 | p[3]) >> shift
        x = (((((p[28] ^ 0x80) - 0x80) << 8 | p[29]) << 8 | p[30]) << 8 | p[31]) >> shift
        x = y + ((x - y) * middle >> 10)
        amp[0] = x * width >> 10
        amp[1] = (x * x >> 5) * width >> 5
        n -= 1
        if n:
            y = ptr32(p)[1] - _BIAS
            v = ((((p[32] ^ 0x80) - 0x80) << 8 | p[33]) << 8 | p[34]) >> 6
            v = y + ((v - y) * middle >> 10)
            volt[0] = v * width >> 10
            volt[3] = (v * v >> 5) * width >> 5
            amp[2] = (v * x >> 5) * width >> 5
            p = ptr8(int(p) - _LATE)
            y = ptr32(p)[1] - _BIAS
            v = ptr32(p)[8] - _BIAS
            v = y + ((v - y) * middle >> 10)
            amp[3] = (v * x >> 5) * width >> 5
            p = ptr8(int(p) + _LATE + 8)
            st = ptr32(int(st) + 4)
            volt = ptr32(int(volt) + 4)
            amp = ptr32(int(amp) + 16)


@micropython.viper
def peak(p: ptr8, h: int, at: int, sets: int) -> int:
    """Greatest magnitude of the words at byte `at` over `sets` sets; -n counts as n - 1."""
    p = ptr8(int(p) + at)
    most = 0
    n = sets
    while n:
        h = ((((p[0] ^ 0x80) - 0x80) << 8 | p[1]) << 8 | p[2]) << 8 | p[3]
        if h < 0:
            h = -1 - h
        if h > most:
            most = h
        p = ptr8(int(p) + _SET)
        n -= 1
    return most
