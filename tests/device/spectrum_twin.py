"""The way from samples to the spectrum in plain integers, in the order of the definition. A
helper: shares no code with the kernels, only their tables, and keeps no bias anywhere."""

N = 1024  # complex points


def resample(samples, taps, place, pace, shift):
    """2048 values of samples (raised by 0x8000), as the kernel leaves them."""
    out = []
    for n in range(2 * N):
        at, row = place >> 20, 5 * ((place >> 11) & 511)
        total = sum([taps[row + k] * samples[at + k] for k in range(5)])
        out.append(total >> shift)
        place += pace
    return out


def butterfly(a, b, c, d, s, k, cosine, is_last):
    """Four complex numbers of stride `s`, `k` their twiddle in 2048ths of a turn."""
    (ar, ai), (br, bi), (cr, ci), (dr, di) = a, b, c, d
    sums = (
        (ar + br + cr + dr, ai + bi + ci + di),
        (ar - cr + bi - di, ai - ci - br + dr),
        (ar - br + cr - dr, ai - bi + ci - di),
        (ar - cr - bi + di, ai - ci + br - dr),
    )
    if is_last:
        return sums
    out = []
    for j, (x, y) in enumerate(sums):
        if j * k == 0:
            out.append(((x + 2) >> 2, (y + 2) >> 2))
            continue
        cos = cosine[j * k] - 8192
        sin = cosine[(j * k + 1536) % 2048] - 8192
        out.append(((x * cos + y * sin + 16384) >> 15, (y * cos - x * sin + 16384) >> 15))
    return out


def transform(values, cosine):
    """The packed spectrum of 2048 values: (real, imaginary) of 1024 numbers."""
    z = [(values[2 * n], values[2 * n + 1]) for n in range(N)]
    s = 1
    while s < N:
        m = N // 4 // s
        out = [None] * N
        for p in range(m):
            for q in range(s):
                n = q + s * p
                four = butterfly(
                    z[n], z[n + 256], z[n + 512], z[n + 768], s, 2 * s * p, cosine, m == 1
                )
                for j in range(4):
                    out[q + s * (4 * p + j)] = four[j]
        z = out
        s *= 4
    return z


def bin_of(z, k, gain, cosine):
    """Bin k of the real values, twice their amplitude, rounded as the kernel does."""
    (zr, zi), (yr, yi) = z[k], z[N - k]
    if k == 512:
        return ((zr * gain + 8192) >> 14, (-zi * gain + 8192) >> 14)
    cos, sin = cosine[k] - 8192, cosine[(k + 1536) % 2048] - 8192
    a, b = zr - yr, zi + yi
    re = ((b * cos - a * sin) >> 13) + zr + yr
    im = ((-b * sin - a * cos) >> 13) + zi - yi
    return (((re >> 1) * gain + 8192) >> 14, ((im >> 1) * gain + 8192) >> 14)
