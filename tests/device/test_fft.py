"""The resampling and transforming kernels against plain integers, bit for bit, heap locked."""

import random
import struct
from array import array

import micropython
from spectrum_twin import N, bin_of, resample, transform

from firmware.metering import fft_kernels as fft
from firmware.metering import resample_kernels, spectrum_tables

COSINE = spectrum_tables.cosine()
TAPS = spectrum_tables.taps()
GAINS = array("I", bytes(4 * 611))
A = array("i", bytes(8 * N))
B = array("i", bytes(8 * N))
SET = 14


def passes():
    micropython.heap_lock()
    fft.radix4_first(A, A, B, COSINE)
    fft.radix4(B, B, A, COSINE, 4, 48)
    fft.radix4(A, A, B, COSINE, 16, 12)
    fft.radix4(B, B, A, COSINE, 64, 3)
    fft.radix3(A, A, B)
    fft.bins(B, B, A, COSINE, GAINS, 1, 610)
    micropython.heap_unlock()


def check(values, raised):
    """Values as they come out of the resampler, raised by 1 << `raised`."""
    for n in range(2 * N):
        A[n] = values[n]
    passes()
    z = transform([v - (1 << raised) for v in values], COSINE)
    assert (B[0], B[1]) == (z[0][0] + (3 << raised), z[0][1] + (3 << raised))
    for k in range(1, N):
        assert (B[2 * k], B[2 * k + 1]) == (z[k][0] + 196605, z[k][1] + 196605), k
    pair = array("i", bytes(8))
    for k in range(1, 611):
        re, im = bin_of(z, k, GAINS[k], COSINE)
        assert (A[12 + 2 * k], A[13 + 2 * k]) == (abs(re), abs(im)), k
    fft.phasor(B, B, pair, COSINE, 10)
    re, im = bin_of(z, 10, 16384, COSINE)
    assert abs(pair[0] - 2 * re) < 3 and abs(pair[1] - 2 * im) < 3
    check_lines(z)
    assert fft.mean(B, raised - 15) == z[0][0] + z[0][1]


LINES = array("i", bytes(8 * 26))


def check_lines(z):
    """25 orders of twelve bins; the fundamental just fits, what is larger is cut off."""
    LINES[50] = LINES[51] = 7
    fft.lines(B, B, LINES, COSINE, GAINS, 12, 25)
    s = 0
    for n in range(25):
        parts = bin_of(z, 12 * (n + 1), GAINS[12 * (n + 1)], COSINE)
        while n == 0 and max([x if x >= 0 else -x - 1 for x in parts]) >> s > 16382:
            s += 1
        for k, x in enumerate(parts):
            x = max(-16383, min(16383, (x + (1 << s >> 1)) >> s))
            assert LINES[2 * n + k] == x + 16384, n
    assert LINES[50] == LINES[51] == 7


random.seed(47)
LIMIT = fft.LIMIT


def noise(n):
    return random.getrandbits(24) % (2 * LIMIT + 1) - LIMIT


SHAPES = (
    noise,
    lambda n: LIMIT,  # DC at the limit, and square waves, full scale of bins 768, 10 and 384
    lambda n: LIMIT if n & 1 else -LIMIT,
    lambda n: LIMIT if n // 76 & 1 else -LIMIT,
    lambda n: LIMIT if n & 2 else -LIMIT,
    lambda n: -LIMIT if n == 777 else 0,
    lambda n: 0,
)
resample_kernels.gains(spectrum_tables.droop(), GAINS, (1 << 28) // 1600, 611)
for number, shape in enumerate(SHAPES):
    if number == 1:  # no full scale of a high order comes through the interpolation
        for k in range(611):
            GAINS[k] = 10923
    raised = (16, 22, 28)[number % 3]  # a value is never below zero
    check([shape(n) + (1 << raised) for n in range(2 * N)], raised)

# a channel out of the ring: all seven, extremes, parts of a window, and the largest magnitude
ring = bytearray(random.getrandbits(8) for _ in range(SET * 64))
for channel in range(7):
    codes = [struct.unpack_from("<h", ring, SET * n + 2 * channel)[0] for n in range(64)]
    micropython.heap_lock()
    top = resample_kernels.gather(ring, 2 * channel, B, 0, 40, 0)
    top = resample_kernels.gather(ring, 2 * channel + SET * 40, B, 80, 24, top)
    micropython.heap_unlock()
    got = struct.unpack("<64H", bytes(B)[:128])
    assert list(got) == [c + 0x8000 for c in codes]
    assert top == max([c if c >= 0 else -c - 1 for c in codes])
for code, most in ((0, 0), (-1, 0), (32767, 32767), (-32768, 32767), (-20, 19)):
    for n in range(8):
        struct.pack_into("<h", ring, SET * n, code)
    assert resample_kernels.gather(ring, 0, B, 0, 8, 0) == most
    assert resample_kernels.gather(ring, 0, B, 0, 8, 32767) == 32767

# interpolation, at the shortest and the longest window and both ends of the amplification
samples = array("H", [random.getrandbits(16) for _ in range(1910)])
for length, place, shift in ((1380, 0, 14), (1600, 1 << 19, 1), (1900, 5 << 20, 7)):
    pace = (length << 16) // 96
    micropython.heap_lock()
    resample_kernels.resample(samples, TAPS, A, place, pace, shift)
    micropython.heap_unlock()
    assert list(A) == resample(samples, TAPS, place, pace, shift)

print("OK")
