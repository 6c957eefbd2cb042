"""Kernels of the modelled DSP, numpy only: smoothing window, Hilbert FIR, phase all-pass.

All work on pages of PAGE samples at 8 kSPS, so every matrix is built once.
"""

import numpy as np

PAGE = 16  # sample sets of a buffer page; the step of the whole emulator
SMOOTH_PAGES = 128  # 256 ms: length of the averaging behind RMS, power and DC registers
HILBERT_HALF = 264  # delay of the 90-degree path, samples; 5e-5 from 44 Hz upwards
TWO27 = float(1 << 27)


def blackman_harris(n):
    """Four-term Blackman-Harris weights with sum 1; side lobes below 3e-5."""
    k = 2 * np.pi * (np.arange(n) + 0.5) / n
    w = 0.35875 - 0.48829 * np.cos(k) + 0.14128 * np.cos(2 * k) - 0.01168 * np.cos(3 * k)
    return w / w.sum()


def hilbert_matrix():
    """Matrix M: history (.., 2*HILBERT_HALF + PAGE) @ M = page lagging by 90 degrees."""
    k = np.arange(-HILBERT_HALF, HILBERT_HALF + 1)
    odd = k % 2 != 0
    taps = np.zeros(k.size)
    taps[odd] = 2.0 / (np.pi * k[odd])
    taps *= np.kaiser(k.size, 9.0)
    matrix = np.zeros((2 * HILBERT_HALF + PAGE, PAGE))
    for column in range(PAGE):
        # output column looks at history column .. column + 2*half, newest sample last
        matrix[column : column + k.size, column] = taps[::-1]
    return matrix


def recursion(c):
    """(L, decay) of y[n] = u[n] - c*y[n-1] over a page: y = u @ L + y_before * decay."""
    powers = (-c) ** np.arange(PAGE + 1)
    lag = np.arange(PAGE)[None, :] - np.arange(PAGE)[:, None]
    return np.where(lag >= 0, powers[np.abs(lag)], 0.0), powers[1:]


class History:
    """The newest `length` columns of `rows` rows, contiguous; push() one page at a time."""

    def __init__(self, rows, length):
        self.data = np.zeros((rows, length))

    def push(self, page):
        self.data[:, :-PAGE] = self.data[:, PAGE:]
        self.data[:, -PAGE:] = page
        return self.data


class PageMeans:
    """Window-weighted average of the newest 256 ms, renewed page by page.

    Pages enter with triangular overlap: a plain page mean would let products near 500 Hz (tenth
    order of the mains) alias into the average.
    """

    def __init__(self, rows):
        self.count = 0  # pages so far
        self._ring = np.zeros((rows, 2 * SMOOTH_PAGES))  # written twice: always contiguous
        self._rising = np.zeros(rows)  # share of the page before in the next mean
        self._window = blackman_harris(SMOOTH_PAGES)
        ramp = np.arange(1, PAGE + 1) / PAGE
        self._ramps = np.stack((ramp, 1 - ramp), axis=1) / PAGE

    def push(self, page):
        """Rows of PAGE samples -> their average as it is now."""
        shares = page @ self._ramps
        at = self.count % SMOOTH_PAGES
        column = self._rising + shares[:, 1]
        self._rising = shares[:, 0]
        self._ring[:, at] = column
        self._ring[:, at + SMOOTH_PAGES] = column
        self.count += 1
        return self._ring[:, at + 1 : at + 1 + SMOOTH_PAGES] @ self._window

    @property
    def is_full(self):
        return self.count > SMOOTH_PAGES
