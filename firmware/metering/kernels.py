"""The sampling kernel: block floating point with error feedback, straight from the raw SPI burst.

A *set* is 28 bytes: IA VA IB VB IC VC IN, each a big-endian signed 32-bit word within +-2**27.
Voltages are quantised to y = word >> 14 and currents to x = word >> s, with a shift s for each
channel that keeps x within 13 bits; what a shift cuts off is carried into the next sample
(first-order error feedback), so that the error moves away from the mains frequency.
Products of a BLOCK of sets then fit 32 bits, and every sum is exact from there on.

`sums` leaves y + BIAS in place of the raw voltage words: the quarter-cycle product reads it
back from layout.LATE bytes before. All arithmetic is modulo 2**32 or stays within 31 bits, so
results are bit-identical on 32-bit and 64-bit words (ptr32 is zero-extended on a 64-bit port); the
twin in tests/device does the same in big integers. Nothing is allocated. The second argument is
scratch: the emitter keeps the first two in registers, and 15 % of the time is in it.
"""

import micropython
from micropython import const

_SET = const(28)  # bytes


@micropython.viper
def sums(p: ptr8, v: int, m: ptr32) -> int:
    """Quantise and sum the block at layout.AT: all of it with 1 for the second argument. Non-zero
    when a current left 13 bits: nothing of the currents was changed, a shift must be raised, and
    the block done again with 0, for its voltages are quantised."""
    p = ptr8(int(p) + m[18])
    if v:
        sets = m[19]
        ea = m[0]
        eb = m[1]
        ec = m[2]
        sa = 0
        sb = 0
        sc = 0
        qa = 0
        qb = 0
        qc = 0
        n = sets
        while n:
            # the lowest byte of the word is below the noise of any converter, and 1/64 of y
            v = (((p[4] ^ 0x80) << 8 | p[5]) << 8 | p[6]) + ea
            ea = v & 63
            v >>= 6
            ptr32(p)[1] = v
            sa = v + sa
            qa = v * v + qa
            v = (((p[12] ^ 0x80) << 8 | p[13]) << 8 | p[14]) + eb
            eb = v & 63
            v >>= 6
            ptr32(p)[3] = v
            sb = v + sb
            qb = v * v + qb
            v = (((p[20] ^ 0x80) << 8 | p[21]) << 8 | p[22]) + ec
            ec = v & 63
            v >>= 6
            ptr32(p)[5] = v
            sc = v + sc
            qc = v * v + qc
            p = ptr8(int(p) + _SET)
            n -= 1
        m[0] = ea
        m[1] = eb
        m[2] = ec
        # sum (y + B) - n B, and sum (y + B)**2 - 2 B sum y - n B**2 with B = 2**17, modulo 2**32
        sa -= sets << 17
        sb -= sets << 17
        sc -= sets << 17
        m[20] = sa
        m[21] = sb
        m[22] = sc
        m[23] = qa - (sa << 18)
        m[24] = qb - (sb << 18)
        m[25] = qc - (sc << 18)
        p = ptr8(int(p) - sets * _SET)
    late = ptr32(int(p) - m[17])
    ea = m[3]
    eb = m[4]
    ec = m[5]
    en = m[6]
    ha = m[7]
    hb = m[8]
    hc = m[9]
    hn = m[10]
    ma = (1 << ha) - 1
    mb = (1 << hb) - 1
    mc = (1 << hc) - 1
    mn = (1 << hn) - 1
    bits = 0
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
    n = m[19]
    while n:
        v = (((((p[0] ^ 0x80) - 0x80) << 8 | p[1]) << 8 | p[2]) << 8 | p[3]) + ea
        ea = v & ma
        v >>= ha
        bits = v + 4096 | bits
        ta = v + ta
        ia = v * v + ia
        pa = ptr32(p)[1] * v + pa
        qa = late[1] * v + qa
        v = (((((p[8] ^ 0x80) - 0x80) << 8 | p[9]) << 8 | p[10]) << 8 | p[11]) + eb
        eb = v & mb
        v >>= hb
        bits = v + 4096 | bits
        tb = v + tb
        ib = v * v + ib
        pb = ptr32(p)[3] * v + pb
        qb = late[3] * v + qb
        v = (((((p[16] ^ 0x80) - 0x80) << 8 | p[17]) << 8 | p[18]) << 8 | p[19]) + ec
        ec = v & mc
        v >>= hc
        bits = v + 4096 | bits
        tc = v + tc
        ic = v * v + ic
        pc = ptr32(p)[5] * v + pc
        qc = late[5] * v + qc
        v = (((((p[24] ^ 0x80) - 0x80) << 8 | p[25]) << 8 | p[26]) << 8 | p[27]) + en
        en = v & mn
        v >>= hn
        bits = v + 4096 | bits
        tn = v + tn
        nn = v * v + nn
        p = ptr8(int(p) + _SET)
        late = ptr32(int(late) + _SET)
        n -= 1
    bits >>= 13
    if bits:
        return bits
    m[3] = ea
    m[4] = eb
    m[5] = ec
    m[6] = en
    # sum x (y + B) - B sum x, modulo 2**32
    m[26] = ta
    m[27] = ia
    m[28] = pa - (ta << 17)
    m[29] = qa - (ta << 17)
    m[30] = tb
    m[31] = ib
    m[32] = pb - (tb << 17)
    m[33] = qb - (tb << 17)
    m[34] = tc
    m[35] = ic
    m[36] = pc - (tc << 17)
    m[37] = qc - (tc << 17)
    m[38] = tn
    m[39] = nn
    return 0
