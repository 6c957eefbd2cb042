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
GAINS = array("H", bytes(2 * 619))
A = array("i", bytes(8 * N))
B = array("i", bytes(8 * N))
SET = 14


def passes():
    micropython.heap_lock()
    fft.radix4_first(A, A, B, COSINE)
    fft.radix4(B, B, A, COSINE, 4, 64)
    fft.radix4(A, A, B, COSINE, 16, 16)
    fft.radix4(B, B, A, COSINE, 64, 4)
    fft.radix4_last(A, A, B)
    fft.bins(B, B, A, COSINE, GAINS, 1, 610)
    micropython.heap_unlock()


def check(values, raised):
    """Values as they come out of the resampler, raised by 1 << `raised`."""
    for n in range(2 * N):
        A[n] = values[n]
    passes()
    z = transform([v - (1 << raised) for v in values], COSINE)
    assert (B[0], B[1]) == (z[0][0] + (4 << raised), z[0][1] + (4 << raised))
    for k in range(1, N):
        assert (B[2 * k], B[2 * k + 1]) == (z[k][0] + 262140, z[k][1] + 262140), k
    pair = array("i", bytes(8))
    for k in range(1, 611):
        re, im = bin_of(z, k, GAINS[k], COSINE)
        assert (A[12 + 2 * k], A[13 + 2 * k]) == (abs(re), abs(im)), k
    fft.phasor(B, B, pair, COSINE, 10)
    re, im = bin_of(z, 10, 8192, COSINE)
    assert abs(pair[0] - 4 * re) < 5 and abs(pair[1] - 4 * im) < 5
    assert fft.mean(B, raised - 15) == z[0][0] + z[0][1]


random.seed(47)
LIMIT = fft.LIMIT


def noise(n):
    return random.getrandbits(24) % (2 * LIMIT + 1) - LIMIT


SHAPES = (
    noise,
    lambda n: LIMIT,  # DC at the limit, and a square wave of every other, tenth and 512th value
    lambda n: LIMIT if n & 1 else -LIMIT,
    lambda n: LIMIT if n // 102 & 1 else -LIMIT,
    lambda n: LIMIT if n & 2 else -LIMIT,
    lambda n: -LIMIT if n == 777 else 0,
    lambda n: 0,
)
resample_kernels.gains(spectrum_tables.droop(), GAINS, (1 << 28) // 1600, 619)
for number, shape in enumerate(SHAPES):
    if number == 1:  # no full scale of a high order comes through the interpolation
        for k in range(619):
            GAINS[k] = 8192
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
for length, place, shift in ((1300, 0, 14), (1600, 1 << 19, 1), (1900, 5 << 20, 7)):
    micropython.heap_lock()
    resample_kernels.resample(samples, TAPS, A, place, length << 9, shift)
    micropython.heap_unlock()
    assert list(A) == resample(samples, TAPS, place, length << 9, shift)

print("OK")
