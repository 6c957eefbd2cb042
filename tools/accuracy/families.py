"""Harmonics, half cycles, unbalance and aggregates of the calibrated unit, against their limits.

Each family measures signals of its own and returns the worst share of its limit. Truth is what the
source gives; of the aggregates, whose signal moves, the float64 sums of the samples.
"""

import math

import numpy as np

from tools.accuracy import progress, truth
from tools.accuracy.chip import FS_WORD, FULL_SCALE_V
from tools.accuracy.meter import Broken
from tools.accuracy.standard import I_MAX, I_NOMINAL, U_NOMINAL, Signal
from tools.accuracy.unit import SAMPLE_HZ

_ORDERS = range(2, 51)
_SECONDS = 1.5  # of a signal


def _row(text, error, limit, unit):
    """Print it; its share of the limit."""
    share = abs(error) / limit
    progress.say("  %-44s %9.5f %9.5f %-2s %7.3f" % (text, error, limit, unit, share))
    return share


def _head(text):
    progress.say("\n%-46s %9s %9s    %7s" % (text, "error", "limit", "share"))


def _most(errors, what):
    """The largest of some errors."""
    if not errors:
        raise Broken("The meter told nothing of %s." % what)
    return max(errors, key=abs)


def _told(unit, kind):
    """Lists of that kind, since the last call of unit.windows()."""
    return [line[kind] for line in unit.terminal.told if kind in line]


# Harmonics, IEC 61000-4-7 class I: 5 % of the reading from 1 % of Un and 3 % of In on, below that
# 0.05 % of Un and 0.15 % of In.


def harmonics(unit, is_brief):
    _head("harmonics 2 to 50, 61000-4-7 class I")
    worst = 0.0
    for text, signal in _harmonic_signals(unit.random)[: 1 if is_brief else None]:
        for quantity, measured, true in _subgroups(unit, signal):
            base, floor = (U_NOMINAL, 0.01) if quantity == "U" else (I_NOMINAL, 0.03)
            limits = np.maximum(0.05 * true, 0.05 * floor * base)
            error = measured - true
            k = np.unravel_index(np.argmax(np.abs(error) / limits), error.shape)
            name = "%s, %s order %d" % (text, quantity, _ORDERS[k[-1]])
            unit_name = "V" if quantity == "U" else "A"
            worst = max(worst, _row(name, error[k], limits[k], unit_name))
    return worst


def _harmonic_signals(random):
    def drawn(shares):
        return tuple((h, float(s), float(random.uniform(0, 360))) for h, s in zip(_ORDERS, shares))

    def flat(share):
        return drawn(np.full(len(_ORDERS), share))

    few = np.zeros(len(_ORDERS))
    few[[0, 1, 3, 5, 9, 11, 23, 48]] = 0.02, 0.03, 0.06, 0.05, 0.035, 0.03, 0.015, 0.01
    middle = (0.5 * I_MAX,) * 4
    return [
        ("1 % and 3 %", Signal(i=(I_NOMINAL,) * 4, u_harm=flat(0.01), i_harm=flat(0.03))),
        (
            "drawn below, 49.6 Hz",
            Signal(
                hertz=49.6,
                u_harm=drawn(random.uniform(0.0005, 0.009, 49)),
                i_harm=drawn(random.uniform(0.002, 0.028, 49)),
            ),
        ),
        ("8 orders, 50.7 Hz", Signal(hertz=50.7, u_harm=drawn(few), i_harm=drawn(5 * few))),
        ("8 orders, 0.5 Imax", Signal(i=middle, u_harm=drawn(few), i_harm=drawn(5 * few))),
    ]


def _spectra(unit, signal):
    """[(u2, u0, subgroups [7, 49] in V and A)] of the signal."""
    unit.terminal.tell(spectra=True)
    first, _ = unit.span(signal, _SECONDS)
    unit.windows()
    found = [s for s in _told(unit, "spectrum") if first <= s[0]]
    unit.terminal.tell()
    if not found:
        raise Broken("The meter told no spectrum.")
    return [(s[1], s[2], np.reshape(s[3:], (7, -1)) / 1000.0) for s in found]


def _subgroups(unit, signal):
    """("U" or "I", measured [spectra, channels, orders], true) twice."""
    groups = np.array([s[2] for s in _spectra(unit, signal)])
    for quantity, channels, size, harm in (
        ("U", slice(0, 3), signal.u, signal.u_harm),
        ("I", slice(3, 7 if len(signal.i) == 4 else 6), signal.i, signal.i_harm),
    ):
        shares = np.zeros(len(_ORDERS))
        for order, share, _ in harm:
            shares[order - _ORDERS[0]] = share
        true = np.outer(size, shares)
        measured = groups[:, channels]
        yield quantity, measured, np.broadcast_to(true, measured.shape)


# Half cycles, IEC 61000-4-30 class A: 0.2 % of Udin; and the voltage of 10 cycles: 0.1 %.


_DIPS = ((0, 0.15, 6), (1, 0.45, 20), (2, 0.9, 6))  # phase, depth, cycles


def urms_half(unit, is_brief):
    _head("Urms(1/2), and U of 10 cycles, 61000-4-30 class A")
    worst = 0.0
    steady = (
        (0.1, 50.0, 0),
        (0.5, 49.9, 0.1),
        (1, 42.6, 0),
        (1, 50.1, 0.1),
        (1, 57.4, 0.1),
        (1.5, 50, 0),
    )
    for share, hertz, fifth in steady[:: 3 if is_brief else 1]:
        signal = Signal(
            u=(share * U_NOMINAL,) * 3, hertz=hertz, u_harm=((5, fifth, 0.0),) if fifth else ()
        )
        unit.terminal.tell(halves=True)
        first, end = unit.span(signal, _SECONDS)
        windows = unit.windows()
        true = share * U_NOMINAL * math.sqrt(1 + fifth**2)
        text = "%g %% of Udin, %g Hz" % (100 * share, hertz)
        text += ", 5th %g %%" % (100 * fifth) if fifth else ""
        cycle = SAMPLE_HZ / hertz
        half = [u - true for _, u, at in _halves(unit) if first + cycle + 2 <= at <= end]
        ten = [w.values[n] - true for w in windows if w.start >= first for n in ("ua", "ub", "uc")]
        worst = max(worst, _row(text, _most(half, "half cycles"), 0.002 * U_NOMINAL, "V"))
        worst = max(worst, _row("  10 cycles", _most(ten, "windows"), 0.001 * U_NOMINAL, "V"))
    for phase, depth, cycles in _DIPS[: 1 if is_brief else None]:
        unit.change(Signal())
        unit.windows()
        unit.bench.chip.plant.dip(phase, depth, cycles)
        unit.run(0.25 + cycles / 50)
        unit.windows()
        drops = [U_NOMINAL - u for p, u, _ in _halves(unit) if p == phase]
        least = U_NOMINAL - _most(drops, "half cycles")
        text = "U%s to %g %% for %d cycles" % ("ABC"[phase], 100 - 100 * depth, cycles)
        worst = max(worst, _row(text, least - U_NOMINAL * (1 - depth), 0.002 * U_NOMINAL, "V"))
    unit.terminal.tell()
    return worst


def _halves(unit):
    """[(phase, V, sample)]."""
    volts = 2**13 * FULL_SCALE_V / FS_WORD  # of a mean square of 1, (word >> 14)**2 / 4
    return [(phase, math.sqrt(u2) * volts, at) for phase, u2, at in _told(unit, "half")]


# Unbalance, IEC 61000-4-30 class A: 0.15 % in u2 and u0 from 1 to 5 %.


def unbalance(unit, is_brief):
    _head("unbalance, 61000-4-30 class A")
    worst = 0.0
    pairs = ((1, 1), (1, 5), (5, 1), (5, 5), tuple(unit.random.uniform(1, 5, 2)))
    for two, zero in pairs[: 1 if is_brief else None]:
        spectra = _spectra(unit, _unbalanced(unit.random, two, zero))
        for name, place, true in (("u2", 0, two), ("u0", 1, zero)):
            error = _most([s[place] / 1000 - true for s in spectra], "unbalance")
            text = "%s with u2 %.3g %%, u0 %.3g %%" % (name, two, zero)
            worst = max(worst, _row(text, error, 0.15, "%"))
    return worst


def _unbalanced(random, two, zero):
    """A signal with these u2 and u0 in percent, their angles drawn."""
    turn = np.exp(-2j * np.pi / 3 * np.arange(3))
    parts = np.array((two, zero)) / 100 * np.exp(2j * np.pi * random.uniform(0, 1, 2))
    u = U_NOMINAL * (turn + parts[0] * turn.conj() + parts[1])
    u *= np.exp(-1j * np.angle(u[0]))
    return Signal(u=tuple(map(float, np.abs(u))), lag=tuple(map(float, -np.degrees(np.angle(u)))))


# Aggregates, IEC 61000-4-30 class A: U to 0.1 % of Udin over 150 cycles, 10 minutes and 2 hours,
# frequency of 10 s to 10 mHz. The clock begins shortly before a full hour of even number, so that
# all of them end there; the 10 minutes and 2 hours are of what was left of them.

_HOURS_MS = 7200000
_TICK_MS = 240000 * _HOURS_MS
_BEFORE_MS = 11130
_AFTER_MS = 11000
_BRIEF_MS = 7000  # what closes is worked out by the windows that follow
_STEP_S = 0.9


def aggregates(unit, is_brief):
    _head("aggregates, 61000-4-30 class A")
    hertz = 49.87
    bursts = []
    unit.change(Signal(hertz=hertz))
    origin = unit.sets
    unit.run(0.5, bursts)
    unit.windows()
    start_ms = _TICK_MS - _BEFORE_MS - unit.sets // 8
    unit.terminal.tell(utc_ms=_TICK_MS - _BEFORE_MS)
    left = (_BEFORE_MS + (_BRIEF_MS if is_brief else _AFTER_MS)) / 1000
    while left > 0:
        volts = unit.random.uniform(0.85, 1.15, 3) * U_NOMINAL
        Signal(u=tuple(map(float, volts)), hertz=hertz).set(unit.source)
        unit.run(_STEP_S, bursts)
        left -= _STEP_S
    windows = unit.windows()
    told = _told(unit, "aggregate")
    unit.terminal.tell()
    x = truth.decode(bursts)
    windows = [w for w in windows if w.end - origin < x.shape[1] - truth.MARGIN]
    stamps = [start_ms + math.ceil(w.end) // 8 for w in windows]
    roots = np.array([_volts(x, w.start - origin, w.end - origin) for w in windows])
    errors = {}
    for name, end_ms, _, *values in told:
        if name == "10s":
            errors.setdefault(name, []).append(values[0] / 10 - hertz * 1000)
            continue
        chosen = _members(name, end_ms, windows, stamps)
        if chosen:
            true = np.sqrt(np.mean(roots[chosen] ** 2, axis=0))
            errors.setdefault(name, []).extend(np.array(values[:3]) / 1000 - true)
    worst = 0.0
    for name, text in (("3s", "U, 150 cycles"), ("10min", "U, 10 minutes"), ("2h", "U, 2 hours")):
        error = _most(errors.get(name), text)
        worst = max(worst, _row(text, error, 0.001 * U_NOMINAL, "V"))
    return max(worst, _row("frequency, 10 s", _most(errors.get("10s"), "10 s"), 10.0, "mHz"))


def _members(name, end_ms, windows, stamps):
    """Indexes of the windows of an aggregate; none when not all of them are known."""
    if name == "3s":
        last = stamps.index(end_ms) if end_ms in stamps else -1
        return list(range(last - 14, last + 1)) if last >= 14 else []
    if name in ("10min", "2h"):
        begins = [s - (w.end - w.start) / 8 for w, s in zip(windows, stamps)]
        return [k for k, begin in enumerate(begins) if begin < end_ms]
    return []


def _volts(x, start, end):
    """Rms of the three voltages between two positions."""
    first, w = truth.weights(start, end)
    here = x[1:6:2, first : first + w.size]
    mean = here @ w / (end - start)
    return np.sqrt((here - mean[:, None]) ** 2 @ w / (end - start))


FAMILIES = (
    ("harmonics_class_1", harmonics),
    ("urms_half", urms_half),
    ("unbalance", unbalance),
    ("aggregates", aggregates),
)
