"""What the samples say, in float64: the yardstick. Shares no method with the firmware.

Integrals run between two fractional positions; between two samples a signal or a product is taken
for the cubic through the four nearest values. Reactive power and frequency come from a
least-squares fit of the harmonics to the samples of the window. DC is no part of any quantity.
"""

import numpy as np

from tools.accuracy.chip import FS_WORD, FULL_SCALE_A, FULL_SCALE_V

SAMPLE_HZ = 8000
MARGIN = 48  # samples needed before a window, and after it
_NODES = np.arange(-1, 3)  # more nodes only weigh the noise at the edges otherwise
_SCALE = np.array([FULL_SCALE_A, FULL_SCALE_V] * 3 + [FULL_SCALE_A])[:, None] / FS_WORD
_POWERS = np.arange(1, _NODES.size + 1)
# row j: integral of the polynomial that is 1 at node j and 0 at the others, as powers of t
_BASIS = np.linalg.inv(np.vander(_NODES, increasing=True).astype(float)).T / _POWERS


def decode(bursts):
    """Raw bytes -> array [7, n] in V and A, rows IA VA IB VB IC VC IN."""
    words = np.frombuffer(b"".join(bursts), ">i4").reshape(-1, 7)
    return words.T.astype(float) * _SCALE


def weights(start, end):
    """(first, w): the integral of x from start to end is sum of x[first + k] * w[k]."""
    low, high = int(np.floor(start)), int(np.ceil(end))
    w = np.zeros(high - low + _NODES.size - 1)
    for k in range(low, high):
        s, t = max(start, k) - k, min(end, k + 1) - k
        w[k - low : k - low + _NODES.size] += _BASIS @ (t**_POWERS - s**_POWERS)
    return low + int(_NODES[0]), w


class Window:
    """Truth about the samples `x` ([7, n], V and A) from `start` to `end`; `hertz` is near their
    frequency and decides, with `harmonics`, what is fitted."""

    def __init__(self, x, start, end, hertz, harmonics):
        first, w = weights(start, end)
        length = end - start
        here = x[:, first : first + w.size]
        mean = here @ w / length
        ac = here - mean[:, None]
        volts, amps = ac[1:6:2], ac[0:6:2]
        self.rms = np.sqrt(ac**2 @ w / length)
        self.p = (volts * amps) @ w / length
        self.hertz, phasors, self.residual = _fit(x, start, end, hertz, harmonics)
        cross = phasors[1:6:2] * np.conj(phasors[0:6:2]) / 2
        self.q = cross.imag.sum(axis=1)  # every harmonic turned by 90 degrees
        self.q_fundamental = cross.imag[:, 0]
        self.s = self.rms[1:6:2] * self.rms[0:6:2]


def _fit(x, start, end, hertz, harmonics):
    """(frequency, peak phasors [7, harmonics], what they leave of each row as a share of it) of
    the samples from start to end."""
    at = np.arange(int(np.ceil(start)), int(np.floor(end)) + 1)
    t = (at - at.mean()) / SAMPLE_HZ
    piece = x[:, at]
    reference = 1 + 2 * int(np.argmax(piece[1:6:2].std(axis=1)))
    order = np.arange(1, harmonics + 1)
    for _ in range(3):  # the frequency is one more unknown, by its derivative
        basis, slope = _model(t, hertz, order)
        c = _least_squares(basis, piece[[reference]])[0]
        step = slope @ c[1:]
        both = np.column_stack((basis, step))
        hertz += _least_squares(both, piece[[reference]])[0][-1]
    basis, _ = _model(t, hertz, order)
    c = _least_squares(basis, piece)
    left = (piece - c @ basis.T).std(axis=1) / np.maximum(piece.std(axis=1), 1e-12)
    return hertz, c[:, 1 : harmonics + 1] - 1j * c[:, harmonics + 1 :], left


def _model(t, hertz, order):
    """Columns 1, cos, sin of the harmonics, and how cos and sin change with the frequency."""
    turn = 2 * np.pi * hertz * np.outer(t, order)
    cos, sin = np.cos(turn), np.sin(turn)
    arm = 2 * np.pi * np.outer(t, order)
    basis = np.column_stack((np.ones(t.size), cos, sin))
    return basis, np.column_stack((-arm * sin, arm * cos))


def _least_squares(basis, rows):
    """Coefficients [rows, columns]; the columns are nearly orthogonal, so this loses nothing."""
    return np.linalg.solve(basis.T @ basis, basis.T @ rows.T).T
