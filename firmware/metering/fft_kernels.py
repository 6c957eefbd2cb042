"""The 2048-point transform of real values. Time critical, allocates nothing.

Values 2n and 2n + 1 are the real and the imaginary part of number n of 1024. Five radix-4 passes
(Stockham: from one buffer to the other, in natural order), each of them halving twice, save the
last, which loses no bit; then `bins` parts what was packed. Parts are stored raised by BIAS,
so that zero-extended loads do: in the sums of a butterfly it falls out. Magnitudes stay
below 65536 and twiddles are Q13, so that a sum of two products fits 32 bits. Sums are written out
in full because a chain of loads costs less than a local variable.
"""

import micropython

LIMIT = 45000  # the largest value that may go in; with it no magnitude leaves 32 bits
BIAS = 65535  # of a part between passes; of the last pass four times that, of number 0 none


@micropython.viper
def radix4_first(lo: ptr32, hi: ptr32, out: ptr32, t1: ptr16):
    """The first pass: 256 butterflies, each with its own twiddles. `lo` and `hi` are both the
    source, `t1` is the cosine table; so below."""
    hi = ptr32(int(hi) + 4096)
    t2 = t1
    t3 = t1
    n = 256
    while n:
        c1 = t1[0] - 8192
        s1 = t1[512] - 8192  # minus the sine
        c2 = t2[0] - 8192
        s2 = t2[512] - 8192
        c3 = t3[0] - 8192
        s3 = t3[512] - 8192
        out[0] = 2 + lo[0] + hi[0] + lo[512] + hi[512] >> 2
        out[1] = 2 + lo[1] + hi[1] + lo[513] + hi[513] >> 2
        x = lo[0] - hi[0] + lo[513] - hi[513]
        y = lo[1] - hi[1] - lo[512] + hi[512]
        out[2] = (x * c1 - y * s1 + 16384 >> 15) + 65535
        out[3] = (y * c1 + x * s1 + 16384 >> 15) + 65535
        x = lo[0] + hi[0] - lo[512] - hi[512]
        y = lo[1] + hi[1] - lo[513] - hi[513]
        out[4] = (x * c2 - y * s2 + 16384 >> 15) + 65535
        out[5] = (y * c2 + x * s2 + 16384 >> 15) + 65535
        x = lo[0] - hi[0] - lo[513] + hi[513]
        y = lo[1] - hi[1] + lo[512] - hi[512]
        out[6] = (x * c3 - y * s3 + 16384 >> 15) + 65535
        out[7] = (y * c3 + x * s3 + 16384 >> 15) + 65535
        lo = ptr32(int(lo) + 8)
        hi = ptr32(int(hi) + 8)
        out = ptr32(int(out) + 32)
        t1 = ptr16(int(t1) + 4)
        t2 = ptr16(int(t2) + 8)
        t3 = ptr16(int(t3) + 12)
        n -= 1


@micropython.viper
def radix4(lo: ptr32, hi: ptr32, w0: ptr32, t1: ptr16, s: int, m: int):
    """Passes two to four, s = 4, 16 and 64, and s * m = 256."""
    hi = ptr32(int(hi) + 4096)
    row = s << 3
    w1 = ptr32(int(w0) + row)
    w2 = ptr32(int(w1) + row)
    w3 = ptr32(int(w2) + row)
    row = row * 3
    s4 = s << 2
    t2 = t1
    t3 = t1
    n = s
    while n:  # the twiddles are one
        w0[0] = 2 + lo[0] + hi[0] + lo[512] + hi[512] >> 2
        w0[1] = 2 + lo[1] + hi[1] + lo[513] + hi[513] >> 2
        w1[0] = (2 + lo[0] - hi[0] + lo[513] - hi[513] >> 2) + 65535
        w1[1] = (2 + lo[1] - hi[1] - lo[512] + hi[512] >> 2) + 65535
        w2[0] = (2 + lo[0] + hi[0] - lo[512] - hi[512] >> 2) + 65535
        w2[1] = (2 + lo[1] + hi[1] - lo[513] - hi[513] >> 2) + 65535
        w3[0] = (2 + lo[0] - hi[0] - lo[513] + hi[513] >> 2) + 65535
        w3[1] = (2 + lo[1] - hi[1] + lo[512] - hi[512] >> 2) + 65535
        w0[2] = 2 + lo[2] + hi[2] + lo[514] + hi[514] >> 2
        w0[3] = 2 + lo[3] + hi[3] + lo[515] + hi[515] >> 2
        w1[2] = (2 + lo[2] - hi[2] + lo[515] - hi[515] >> 2) + 65535
        w1[3] = (2 + lo[3] - hi[3] - lo[514] + hi[514] >> 2) + 65535
        w2[2] = (2 + lo[2] + hi[2] - lo[514] - hi[514] >> 2) + 65535
        w2[3] = (2 + lo[3] + hi[3] - lo[515] - hi[515] >> 2) + 65535
        w3[2] = (2 + lo[2] - hi[2] - lo[515] + hi[515] >> 2) + 65535
        w3[3] = (2 + lo[3] - hi[3] + lo[514] - hi[514] >> 2) + 65535
        lo = ptr32(int(lo) + 16)
        hi = ptr32(int(hi) + 16)
        w0 = ptr32(int(w0) + 16)
        w1 = ptr32(int(w1) + 16)
        w2 = ptr32(int(w2) + 16)
        w3 = ptr32(int(w3) + 16)
        n -= 2
    m -= 1
    while m:
        t1 = ptr16(int(t1) + s4)
        t2 = ptr16(int(t2) + s4 + s4)
        t3 = ptr16(int(t3) + s4 + s4 + s4)
        c1 = t1[0] - 8192
        s1 = t1[512] - 8192  # minus the sine
        c2 = t2[0] - 8192
        s2 = t2[512] - 8192
        c3 = t3[0] - 8192
        s3 = t3[512] - 8192
        w0 = ptr32(int(w0) + row)
        w1 = ptr32(int(w1) + row)
        w2 = ptr32(int(w2) + row)
        w3 = ptr32(int(w3) + row)
        n = s
        while n:
            w0[0] = 2 + lo[0] + hi[0] + lo[512] + hi[512] >> 2
            w0[1] = 2 + lo[1] + hi[1] + lo[513] + hi[513] >> 2
            x = lo[0] - hi[0] + lo[513] - hi[513]
            y = lo[1] - hi[1] - lo[512] + hi[512]
            w1[0] = (x * c1 - y * s1 + 16384 >> 15) + 65535
            w1[1] = (y * c1 + x * s1 + 16384 >> 15) + 65535
            x = lo[0] + hi[0] - lo[512] - hi[512]
            y = lo[1] + hi[1] - lo[513] - hi[513]
            w2[0] = (x * c2 - y * s2 + 16384 >> 15) + 65535
            w2[1] = (y * c2 + x * s2 + 16384 >> 15) + 65535
            x = lo[0] - hi[0] - lo[513] + hi[513]
            y = lo[1] - hi[1] + lo[512] - hi[512]
            w3[0] = (x * c3 - y * s3 + 16384 >> 15) + 65535
            w3[1] = (y * c3 + x * s3 + 16384 >> 15) + 65535
            w0[2] = 2 + lo[2] + hi[2] + lo[514] + hi[514] >> 2
            w0[3] = 2 + lo[3] + hi[3] + lo[515] + hi[515] >> 2
            x = lo[2] - hi[2] + lo[515] - hi[515]
            y = lo[3] - hi[3] - lo[514] + hi[514]
            w1[2] = (x * c1 - y * s1 + 16384 >> 15) + 65535
            w1[3] = (y * c1 + x * s1 + 16384 >> 15) + 65535
            x = lo[2] + hi[2] - lo[514] - hi[514]
            y = lo[3] + hi[3] - lo[515] - hi[515]
            w2[2] = (x * c2 - y * s2 + 16384 >> 15) + 65535
            w2[3] = (y * c2 + x * s2 + 16384 >> 15) + 65535
            x = lo[2] - hi[2] - lo[515] + hi[515]
            y = lo[3] - hi[3] + lo[514] - hi[514]
            w3[2] = (x * c3 - y * s3 + 16384 >> 15) + 65535
            w3[3] = (y * c3 + x * s3 + 16384 >> 15) + 65535
            lo = ptr32(int(lo) + 16)
            hi = ptr32(int(hi) + 16)
            w0 = ptr32(int(w0) + 16)
            w1 = ptr32(int(w1) + 16)
            w2 = ptr32(int(w2) + 16)
            w3 = ptr32(int(w3) + 16)
            n -= 2
        m -= 1


@micropython.viper
def radix4_last(lo: ptr32, hi: ptr32, out: ptr32):
    """The last pass: s = 256, the twiddles are one, nothing is halved."""
    hi = ptr32(int(hi) + 4096)
    high = ptr32(int(out) + 4096)
    n = 256
    while n:
        out[0] = lo[0] + hi[0] + lo[512] + hi[512]
        out[1] = lo[1] + hi[1] + lo[513] + hi[513]
        out[512] = 262140 + lo[0] - hi[0] + lo[513] - hi[513]
        out[513] = 262140 + lo[1] - hi[1] - lo[512] + hi[512]
        high[0] = 262140 + lo[0] + hi[0] - lo[512] - hi[512]
        high[1] = 262140 + lo[1] + hi[1] - lo[513] - hi[513]
        high[512] = 262140 + lo[0] - hi[0] - lo[513] + hi[513]
        high[513] = 262140 + lo[1] - hi[1] + lo[512] - hi[512]
        lo = ptr32(int(lo) + 8)
        hi = ptr32(int(hi) + 8)
        out = ptr32(int(out) + 8)
        high = ptr32(int(high) + 8)
        n -= 1


@micropython.viper
def bins(z: ptr32, y: ptr32, out: ptr32, cosine: ptr16, gains: ptr16, k: int, count: int):
    """Magnitudes of the real and the imaginary part of `count` bins from number `k` on, times
    their gain (Q13) and a quarter of what `phasor` says, to words 12 + 2 * bin of `out`. `z` and
    `y` are both the source. Bin 512 turns by a quarter, and only its gain is a product."""
    z = ptr32(int(z) + (k << 3))
    y = ptr32(int(y) + 8192 - (k << 3))
    out = ptr32(int(out) + (k << 3) + 48)
    cosine = ptr16(int(cosine) + (k << 1))
    gains = ptr16(int(gains) + (k << 1))
    k = 512 - k
    while count:
        g = gains[0]
        if k:
            c = cosine[0] - 8192
            s = cosine[512] - 8192  # minus the sine
            a = z[0] - y[0]
            b = z[1] + y[1] - 524280
            x = ((b * c + a * s >> 13) + z[0] + y[0] - 524280 >> 1) * g + 8192 >> 14
            b = ((b * s - a * c >> 13) + z[1] - y[1] >> 1) * g + 8192 >> 14
        else:
            x = (z[0] - 262140) * g + 8192 >> 14
            b = (z[1] - 262140) * g + 8192 >> 14
        if x < 0:
            x = 0 - x
        if b < 0:
            b = 0 - b
        out[0] = x
        out[1] = b
        z = ptr32(int(z) + 8)
        y = ptr32(int(y) - 8)
        out = ptr32(int(out) + 8)
        cosine = ptr16(int(cosine) + 2)
        gains = ptr16(int(gains) + 2)
        k -= 1
        count -= 1


@micropython.viper
def phasor(z: ptr32, y: ptr32, out: ptr32, cosine: ptr16, k: int):
    """The real and the imaginary part of bin `k`, 1 .. 511, to two signed words: eight times the
    amplitude of the cosine that went in, without any gain."""
    z = ptr32(int(z) + (k << 3))
    y = ptr32(int(y) + 8192 - (k << 3))
    cosine = ptr16(int(cosine) + (k << 1))
    c = cosine[0] - 8192
    s = cosine[512] - 8192
    a = z[0] - y[0]
    b = z[1] + y[1] - 524280
    out[0] = (b * c + a * s + 4096 >> 13) + z[0] + y[0] - 524280
    out[1] = (b * s - a * c + 4096 >> 13) + z[1] - y[1]


@micropython.viper
def mean(z: ptr32, power: int) -> int:
    """Eight times the mean of what went in, from number 0; values were raised by 2**`power`."""
    raised = 1 << power + 17
    return z[0] - raised + z[1] - raised


@micropython.viper
def clear(out: ptr32, word: int, count: int):
    """Zero `count` words from number `word` on."""
    out = ptr32(int(out) + (word << 2))
    while count:
        out[0] = 0
        out = ptr32(int(out) + 4)
        count -= 1
