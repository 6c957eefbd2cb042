"""The way from samples to the spectrum in plain integers, in the order of the definition. A
helper: shares no code with the kernels, only their tables, and keeps no bias anywhere."""

from array import array

N = 768  # complex points


def resample(samples, taps, place, pace, shift):
    """1536 values of samples (raised by 0x8000), as the kernel leaves them."""
    out = []
    for _ in range(2 * N):
        at, row = place >> 20, 5 * ((place >> 11) & 511)
        total = sum([taps[row + k] * samples[at + k] for k in range(5)])
        out.append(total >> shift)
        place += pace
    return out


def butterfly(a, b, c, d, k, cosine):
    """Four complex numbers, `k` their twiddle in 1536ths of a turn."""
    (ar, ai), (br, bi), (cr, ci), (dr, di) = a, b, c, d
    sums = (
        (ar + br + cr + dr, ai + bi + ci + di),
        (ar - cr + bi - di, ai - ci - br + dr),
        (ar - br + cr - dr, ai - bi + ci - di),
        (ar - cr - bi + di, ai - ci + br - dr),
    )
    out = []
    for j, (x, y) in enumerate(sums):
        if j * k == 0:
            out.append(((x + 2) >> 2, (y + 2) >> 2))
            continue
        cos = cosine[j * k] - 8192
        sin = cosine[(j * k + 1152) % 1536] - 8192
        out.append(((x * cos + y * sin + 16384) >> 15, (y * cos - x * sin + 16384) >> 15))
    return out


def three(a, b, c):
    """The last butterfly: a + b w + c w**2 and so on, w = exp(-2 pi j / 3)."""
    (ar, ai), (br, bi), (cr, ci) = a, b, c
    x, y = 2 * ar - br - cr + 1, 2 * ai - bi - ci + 1
    u, v = ((br - cr) * 14189 + 4096) >> 13, ((bi - ci) * 14189 + 4096) >> 13
    return (
        (ar + br + cr, ai + bi + ci),
        ((x + v) >> 1, (y - u) >> 1),
        ((x - v) >> 1, (y + u) >> 1),
    )


class Packed:
    """768 complex numbers, in two arrays to spare the heap."""

    def __init__(self):
        self.re = array("i", bytes(4 * N))
        self.im = array("i", bytes(4 * N))

    def __getitem__(self, n):
        return self.re[n], self.im[n]

    def __setitem__(self, n, value):
        self.re[n], self.im[n] = value


def transform(values, cosine):
    """The packed spectrum of 1536 values."""
    z, out = Packed(), Packed()
    for n in range(N):
        z[n] = values[2 * n], values[2 * n + 1]
    s = 1
    while s < 256:
        for p in range(192 // s):
            for q in range(s):
                n = q + s * p
                four = butterfly(z[n], z[n + 192], z[n + 384], z[n + 576], 2 * s * p, cosine)
                for j in range(4):
                    out[q + s * (4 * p + j)] = four[j]
        z, out = out, z
        s *= 4
    for q in range(256):
        out[q], out[q + 256], out[q + 512] = three(z[q], z[q + 256], z[q + 512])
    return out


def bin_of(z, k, gain, cosine):
    """Bin k of the real values, twice their amplitude, rounded as the kernel does."""
    (zr, zi), (yr, yi) = z[k], z[N - k]
    if k == 384:
        return ((zr * gain + 8192) >> 14, (-zi * gain + 8192) >> 14)
    cos, sin = cosine[k] - 8192, cosine[(k + 1152) % 1536] - 8192
    a, b = zr - yr, zi + yi
    re = ((b * cos - a * sin) >> 13) + zr + yr
    im = ((-b * sin - a * cos) >> 13) + zi - yi
    return (((re >> 1) * gain + 8192) >> 14, ((im >> 1) * gain + 8192) >> 14)
