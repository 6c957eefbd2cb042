"""The signals of a run, drawn from its seed: each is one combination of what a bar names.

Currents are shares of 0.9 of the full scale, 1:1 to 1:1000; every list of the corners is gone
through in an order of its own, so that a few cases meet all of them in changing company.
"""

import math
from dataclasses import dataclass

import numpy as np

from tools.accuracy.chip import FULL_SCALE_A
from tools.emulator.waveform import Synthetic

NOMINAL_V = 230.0
TOP_A = 0.9 * FULL_SCALE_A / math.sqrt(2)  # rms
_CREST = 1.4  # with the 5th harmonic the peak is so much higher
_U5, _I5 = 0.10, 0.40
_NOISE = 1e-5  # of full scale, rms
_RATIOS = (
    (1, 1, 1),
    (1, 0.01, 0.001),
    (0.1, 0.1, 0.1),
    (0.01, 0.01, 0.01),
    (0.001, 0.001, 0.001),
    (0.001, 1, 0.01),
    (0.01, 0.001, 1),
    None,  # drawn
)
_ANGLES = (0.0, 60.0, -math.degrees(math.acos(0.8)))  # PF 1, 0.5 lagging, 0.8 leading
_HERTZ = (50.0, None, 45.0, None, 55.0, None)
_SHARES = (1.0, 0.8, 1.15, None)  # of the nominal voltage


@dataclass(frozen=True)
class Case:
    hertz: float
    u: tuple  # V rms of the fundamental
    i: tuple  # A
    phi: tuple  # degrees, lagging
    has_harmonics: bool
    dc: tuple  # V and A by row; all 0: the chip's high-pass filter is on
    noise: float
    seed: int

    def source(self):
        source = Synthetic()
        fifth = self.has_harmonics
        source.change(
            freq=self.hertz,
            u=self.u,
            i=self.i,
            phi_deg=self.phi,
            u_harm={"5": _U5} if fifth else {},
            i_harm={"5": _I5} if fifth else {},
            dc=self.dc,
        )
        return source

    def text(self):
        amps = "/".join("%.3g" % a for a in self.i)
        volts = "/".join("%.1f" % v for v in self.u)
        angles = "/".join("%.0f" % a for a in self.phi)
        extras = [
            name for name, is_on in (("h5", self.has_harmonics), ("dc", any(self.dc))) if is_on
        ]
        extras += [] if self.noise else ["quiet"]
        return "%.4f Hz  %s V  %s A  %s deg  %s" % (
            self.hertz,
            volts,
            amps,
            angles,
            " ".join(extras),
        )

    def analytic(self):
        """(rms U, rms I, P, Q) by phase, from the formulas."""
        fifth = 1.0 if self.has_harmonics else 0.0
        u, i = np.array(self.u), np.array(self.i)
        phi = np.radians(self.phi)
        s, s5 = u * i, u * i * _U5 * _I5 * fifth
        return (
            u * math.sqrt(1 + fifth * _U5**2),
            i * math.sqrt(1 + fifth * _I5**2),
            s * np.cos(phi) + s5 * np.cos(5 * phi),
            s * np.sin(phi) + s5 * np.sin(5 * phi),
        )


class _Deck:
    """The entries of a list in a random order, all of them before one comes again."""

    def __init__(self, random, entries):
        self._random = random
        self._entries = entries
        self._left = []

    def draw(self):
        if not self._left:
            self._left = list(self._random.permutation(len(self._entries)))
        return self._entries[self._left.pop()]


def draw(seed, count):
    """`count` cases; the same for the same seed."""
    random = np.random.default_rng(seed)
    ratios, hertz, shares = (_Deck(random, e) for e in (_RATIOS, _HERTZ, _SHARES))
    angles, fifth = _Deck(random, _ANGLES), _Deck(random, (False, True))
    dc, unbalance, quiet = (_Deck(random, (False, True, False, False)) for _ in range(3))
    return [
        _case(random, ratios, hertz, shares, angles, fifth, dc, unbalance, quiet)
        for _ in range(count)
    ]


def _case(random, ratios, hertz, shares, angles, fifth, dc, unbalance, quiet):
    ratio = ratios.draw() or 10.0 ** -random.uniform(0, 3, 3)
    share = shares.draw() or random.uniform(0.8, 1.15)
    frequency = hertz.draw() or float(random.uniform(45, 55))
    u = np.full(3, NOMINAL_V * share)
    if unbalance.draw():
        u *= random.uniform(0.9, 1.0, 3)
    has_fifth = fifth.draw()
    i = TOP_A / (_CREST if has_fifth else 1) * np.array(ratio)
    phi = [angles.draw()] * 3 if random.random() < 0.5 else [angles.draw() for _ in range(3)]
    offsets = np.zeros(7)
    if dc.draw():
        offsets[1:6:2] = u * random.uniform(-0.01, 0.01, 3)
        offsets[0:6:2] = i * random.uniform(-0.1, 0.1, 3)
    return Case(
        frequency,
        tuple(float(v) for v in u),
        tuple(float(a) for a in i),
        tuple(phi),
        has_fifth,
        tuple(float(v) for v in offsets),
        0.0 if quiet.draw() else _NOISE,
        int(random.integers(1 << 31)),
    )


def energy_case(seed):
    """The signal of the energy run: unbalanced, inductive, off nominal, with harmonics."""
    random = np.random.default_rng((seed, 60))
    return Case(
        float(random.uniform(45, 55)),
        tuple(float(v) for v in NOMINAL_V * random.uniform(0.8, 1.15, 3)),
        tuple(float(a) for a in TOP_A / _CREST * random.permutation((1, 0.01, 0.001))),
        tuple(_ANGLES[k] for k in random.permutation(3)),
        True,
        (0.0,) * 7,
        _NOISE,
        int(random.integers(1 << 31)),
    )
