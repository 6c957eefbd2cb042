"""The 1536-point transform of real values. Time critical, allocates nothing.

Values 2n and 2n + 1 are the real and the imaginary part of number n of 768. Four radix-4 passes
(Stockham: from one buffer to the other, in natural order), each of them halving twice, and one of
radix 3, which halves nothing; then `bins` parts what was packed. Parts are stored raised by BIAS,
so that zero-extended loads do: in the sums of a butterfly it falls out. Magnitudes stay
below 65536 and twiddles are Q13, so that a sum of two products fits 32 bits. Sums are written out
in full because a chain of loads costs less than a local variable.
"""

import micropython

LIMIT = 45000  # the largest value that may go in; with it no magnitude leaves 32 bits
BIAS = 65535  # of a part between passes; after the last three times that, but of number 0 none


@micropython.viper
def radix4_first(lo: ptr32, hi: ptr32, out: ptr32, t1: ptr16):
    """The first pass: 192 butterflies, each with its own twiddles. `lo` and `hi` are both the
    source, `t1` is the cosine table; so below."""
    hi = ptr32(int(hi) + 3072)
    t2 = t1
    t3 = t1
    n = 192
    while n:
        c1 = t1[0] - 8192
        s1 = t1[384] - 8192  # minus the sine
        c2 = t2[0] - 8192
        s2 = t2[384] - 8192
        c3 = t3[0] - 8192
        s3 = t3[384] - 8192
        out[0] = 2 + lo[0] + hi[0] + lo[384] + hi[384] >> 2
        out[1] = 2 + lo[1] + hi[1] + lo[385] + hi[385] >> 2
        x = lo[0] - hi[0] + lo[385] - hi[385]
        y = lo[1] - hi[1] - lo[384] + hi[384]
        out[2] = (x * c1 - y * s1 + 16384 >> 15) + 65535
        out[3] = (y * c1 + x * s1 + 16384 >> 15) + 65535
        x = lo[0] + hi[0] - lo[384] - hi[384]
        y = lo[1] + hi[1] - lo[385] - hi[385]
        out[4] = (x * c2 - y * s2 + 16384 >> 15) + 65535
        out[5] = (y * c2 + x * s2 + 16384 >> 15) + 65535
        x = lo[0] - hi[0] - lo[385] + hi[385]
        y = lo[1] - hi[1] + lo[384] - hi[384]
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
    """Passes two to four, s = 4, 16 and 64, and s * m = 192."""
    hi = ptr32(int(hi) + 3072)
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
        w0[0] = 2 + lo[0] + hi[0] + lo[384] + hi[384] >> 2
        w0[1] = 2 + lo[1] + hi[1] + lo[385] + hi[385] >> 2
        w1[0] = (2 + lo[0] - hi[0] + lo[385] - hi[385] >> 2) + 65535
        w1[1] = (2 + lo[1] - hi[1] - lo[384] + hi[384] >> 2) + 65535
        w2[0] = (2 + lo[0] + hi[0] - lo[384] - hi[384] >> 2) + 65535
        w2[1] = (2 + lo[1] + hi[1] - lo[385] - hi[385] >> 2) + 65535
        w3[0] = (2 + lo[0] - hi[0] - lo[385] + hi[385] >> 2) + 65535
        w3[1] = (2 + lo[1] - hi[1] + lo[384] - hi[384] >> 2) + 65535
        w0[2] = 2 + lo[2] + hi[2] + lo[386] + hi[386] >> 2
        w0[3] = 2 + lo[3] + hi[3] + lo[387] + hi[387] >> 2
        w1[2] = (2 + lo[2] - hi[2] + lo[387] - hi[387] >> 2) + 65535
        w1[3] = (2 + lo[3] - hi[3] - lo[386] + hi[386] >> 2) + 65535
        w2[2] = (2 + lo[2] + hi[2] - lo[386] - hi[386] >> 2) + 65535
        w2[3] = (2 + lo[3] + hi[3] - lo[387] - hi[387] >> 2) + 65535
        w3[2] = (2 + lo[2] - hi[2] - lo[387] + hi[387] >> 2) + 65535
        w3[3] = (2 + lo[3] - hi[3] + lo[386] - hi[386] >> 2) + 65535
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
        s1 = t1[384] - 8192  # minus the sine
        c2 = t2[0] - 8192
        s2 = t2[384] - 8192
        c3 = t3[0] - 8192
        s3 = t3[384] - 8192
        w0 = ptr32(int(w0) + row)
        w1 = ptr32(int(w1) + row)
        w2 = ptr32(int(w2) + row)
        w3 = ptr32(int(w3) + row)
        n = s
        while n:
            w0[0] = 2 + lo[0] + hi[0] + lo[384] + hi[384] >> 2
            w0[1] = 2 + lo[1] + hi[1] + lo[385] + hi[385] >> 2
            x = lo[0] - hi[0] + lo[385] - hi[385]
            y = lo[1] - hi[1] - lo[384] + hi[384]
            w1[0] = (x * c1 - y * s1 + 16384 >> 15) + 65535
            w1[1] = (y * c1 + x * s1 + 16384 >> 15) + 65535
            x = lo[0] + hi[0] - lo[384] - hi[384]
            y = lo[1] + hi[1] - lo[385] - hi[385]
            w2[0] = (x * c2 - y * s2 + 16384 >> 15) + 65535
            w2[1] = (y * c2 + x * s2 + 16384 >> 15) + 65535
            x = lo[0] - hi[0] - lo[385] + hi[385]
            y = lo[1] - hi[1] + lo[384] - hi[384]
            w3[0] = (x * c3 - y * s3 + 16384 >> 15) + 65535
            w3[1] = (y * c3 + x * s3 + 16384 >> 15) + 65535
            w0[2] = 2 + lo[2] + hi[2] + lo[386] + hi[386] >> 2
            w0[3] = 2 + lo[3] + hi[3] + lo[387] + hi[387] >> 2
            x = lo[2] - hi[2] + lo[387] - hi[387]
            y = lo[3] - hi[3] - lo[386] + hi[386]
            w1[2] = (x * c1 - y * s1 + 16384 >> 15) + 65535
            w1[3] = (y * c1 + x * s1 + 16384 >> 15) + 65535
            x = lo[2] + hi[2] - lo[386] - hi[386]
            y = lo[3] + hi[3] - lo[387] - hi[387]
            w2[2] = (x * c2 - y * s2 + 16384 >> 15) + 65535
            w2[3] = (y * c2 + x * s2 + 16384 >> 15) + 65535
            x = lo[2] - hi[2] - lo[387] + hi[387]
            y = lo[3] - hi[3] + lo[386] - hi[386]
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
def radix3(lo: ptr32, hi: ptr32, out: ptr32):
    """The last pass: s = 256, the twiddles are one."""
    hi = ptr32(int(hi) + 4096)
    high = ptr32(int(out) + 4096)
    n = 256
    while n:
        out[0] = lo[0] + lo[512] + hi[0]
        out[1] = lo[1] + lo[513] + hi[1]
        # twice the parts along and across, that one with sqrt(3) / 2 in Q14
        x = 1 + lo[0] + lo[0] - lo[512] - hi[0]
        y = (lo[513] - hi[1]) * 14189 + 4096 >> 13
        out[512] = (x + y >> 1) + 196605
        high[0] = (x - y >> 1) + 196605
        x = 1 + lo[1] + lo[1] - lo[513] - hi[1]
        y = (lo[512] - hi[0]) * 14189 + 4096 >> 13
        out[513] = (x - y >> 1) + 196605
        high[1] = (x + y >> 1) + 196605
        lo = ptr32(int(lo) + 8)
        hi = ptr32(int(hi) + 8)
        out = ptr32(int(out) + 8)
        high = ptr32(int(high) + 8)
        n -= 1


@micropython.viper
def bins(z: ptr32, y: ptr32, out: ptr32, cosine: ptr16, gains: ptr32, k: int, count: int):
    """Magnitudes of the real and the imaginary part of `count` bins from number `k` on, times
    their gain (see `resample_kernels.gains`), to words 12 + 2 * bin of `out`: twice the
    amplitude that went in. `z` and `y` are both the source. Bin 384 turns by a quarter, and only
    its gain is a product."""
    z = ptr32(int(z) + (k << 3))
    y = ptr32(int(y) + 6144 - (k << 3))
    out = ptr32(int(out) + (k << 3) + 48)
    cosine = ptr16(int(cosine) + (k << 1))
    gains = ptr32(int(gains) + (k << 2))
    k = 384 - k
    while count:
        g = gains[0]
        if k:
            c = cosine[0] - 8192
            s = cosine[384] - 8192  # minus the sine
            a = z[0] - y[0]
            b = z[1] + y[1] - 393210
            x = ((b * c + a * s >> 13) + z[0] + y[0] - 393210 >> 1) * g + 8192 >> 14
            b = ((b * s - a * c >> 13) + z[1] - y[1] >> 1) * g + 8192 >> 14
        else:
            x = (z[0] - 196605) * g + 8192 >> 14
            b = (z[1] - 196605) * g + 8192 >> 14
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
        gains = ptr32(int(gains) + 4)
        k -= 1
        count -= 1


@micropython.viper
def phasor(z: ptr32, y: ptr32, out: ptr32, cosine: ptr16, k: int):
    """The real and the imaginary part of bin `k`, 1 .. 383, to two signed words: six times the
    amplitude of the cosine that went in, without any gain."""
    z = ptr32(int(z) + (k << 3))
    y = ptr32(int(y) + 6144 - (k << 3))
    cosine = ptr16(int(cosine) + (k << 1))
    c = cosine[0] - 8192
    s = cosine[384] - 8192
    a = z[0] - y[0]
    b = z[1] + y[1] - 393210
    out[0] = (b * c + a * s + 4096 >> 13) + z[0] + y[0] - 393210
    out[1] = (b * s - a * c + 4096 >> 13) + z[1] - y[1]


@micropython.viper
def lines(z: ptr32, y: ptr32, out: ptr32, cosine: ptr16, gains: ptr32, cycles: int, orders: int):
    """Bins of orders 1 .. `orders` below bin 384, as `bins` scales them but with their signs, to
    pairs of words: within +-16383, all shifted down until the fundamental fits, and raised by
    16384."""
    end = int(y) + 6144
    row = cycles << 3
    s = 0
    n = 0
    while n < orders:
        z = ptr32(int(z) + row)
        end = end - row
        y = ptr32(end)
        cosine = ptr16(int(cosine) + (cycles << 1))
        gains = ptr32(int(gains) + (cycles << 2))
        c = cosine[0] - 8192
        sine = cosine[384] - 8192
        g = gains[0]
        a = z[0] - y[0]
        b = z[1] + y[1] - 393210
        re = ((b * c + a * sine >> 13) + z[0] + y[0] - 393210 >> 1) * g + 8192 >> 14
        im = ((b * sine - a * c >> 13) + z[1] - y[1] >> 1) * g + 8192 >> 14
        if n == 0:
            while (re >> 31 ^ re | im >> 31 ^ im) >> s > 16382:
                s += 1
        half = 1 << s >> 1
        re = re + half >> s
        im = im + half >> s
        if re > 16383:
            re = 16383
        if re < -16383:
            re = -16383
        if im > 16383:
            im = 16383
        if im < -16383:
            im = -16383
        out[0] = re + 16384
        out[1] = im + 16384
        out = ptr32(int(out) + 8)
        n += 1


@micropython.viper
def mean(z: ptr32, power: int) -> int:
    """Six times the mean of what went in, from number 0; values were raised by 2**15 and then
    by 2**`power`."""
    raised = 3 << power + 15
    return z[0] - raised + z[1] - raised


@micropython.viper
def clear(out: ptr32, word: int, count: int):
    """Zero `count` words from number `word` on."""
    out = ptr32(int(out) + (word << 2))
    while count:
        out[0] = 0
        out = ptr32(int(out) + 4)
        count -= 1
