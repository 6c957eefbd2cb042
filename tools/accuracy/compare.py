"""Errors of the meter's windows against the truth of their samples, and the worst of each kind."""

from tools.accuracy import truth
from tools.accuracy.chip import FULL_SCALE_A

# key: bar, unit
BARS = {
    "u_ppm": 10.0,
    "i_ppm": 10.0,
    "p_ppm": 10.0,
    "q_ppm_of_s": 100.0,
    "f_mhz": 1.0,
    "energy_ppm": 10.0,
    "yardstick_ppm": 1.0,  # of the truth itself, against formulas
}
FIRST = 1  # windows left out: the first one after a start finds the ranges of the currents
_CYCLES = 10
_LARGE_A = 0.5
# of a reading only where there is one: currents from 1:1000 of 0.9 of full scale on, voltages from
# 10 % of nominal, powers from this power factor
_LEAST_A = 0.9e-3 * FULL_SCALE_A / 2**0.5 / 1.4
_LEAST_V = 23.0
_LEAST_FACTOR = 0.2
_STEADY = 0.02  # share of a signal that its harmonics may leave: else Q and f are no truth of it


class Worst:
    """The worst value of each key, and the signals they came from."""

    def __init__(self):
        self.values = {}
        self.where = {}
        self.signals = []  # (text, {key: worst of the signal})

    def signal(self, text, errors):
        """errors: [(key, value)] of one signal."""
        mine = {}
        for key, value in errors:
            mine[key] = max(mine.get(key, 0.0), abs(value))
        self.signals.append((text, mine))
        for key, value in mine.items():
            if value >= self.values.get(key, -1.0):
                self.values[key], self.where[key] = value, text


def usable(windows, samples):
    """The windows that can be compared: past the first, and with samples around them."""
    return [
        w
        for w in windows[FIRST:]
        if w.cycles and w.start > truth.MARGIN and w.end < samples - truth.MARGIN
    ]


def errors(window, true, hertz):
    """[(key, error)] of one window; `true` is its truth.Window, `hertz` the frequency."""
    out = []
    if true.residual[1] < _STEADY:
        out.append(("f_mhz", (window.values["f"] - hertz) * 1e3))
    for k, phase in enumerate("abc"):
        if true.rms[2 * k + 1] >= _LEAST_V:
            out.append(("u_ppm", _ppm(window.values["u" + phase], true.rms[2 * k + 1])))
            if true.rms[2 * k] >= _LEAST_A:
                out += _power_errors(window, true, k, phase)
    for row, name in ((0, "ia"), (2, "ib"), (4, "ic"), (6, "in")):
        if true.rms[row] >= _LEAST_A:
            out.append(("i_ppm", _ppm(window.values[name], true.rms[row])))
    if len([key for key, _ in out if key == "p_ppm"]) == 3:
        out.append(("p_ppm", _ppm(window.values["p"], true.p.sum())))
    return out


def _power_errors(window, true, k, phase):
    out = []
    s = true.s[k]
    if abs(true.p[k]) >= _LEAST_FACTOR * s:
        out.append(("p_ppm", _ppm(window.values["p" + phase], true.p[k])))
    if max(true.residual[2 * k : 2 * k + 2]) < _STEADY:
        q = window.values["q" + phase]
        out.append(("q_ppm_of_s", (q - true.q[k]) / s * 1e6))
    return out


def analytic_errors(x, case, harmonics):
    """[(key, ppm)]: the truth of the samples against the formulas, over whole cycles from
    anywhere; Q in ppm of S. Only for a current well above the rounding of the chip's words."""
    start = truth.MARGIN + 0.37
    length = _CYCLES * truth.SAMPLE_HZ / case.hertz
    true = truth.Window(x, start, start + length, case.hertz, harmonics)
    u, i, p, q = case.analytic()
    rows = (
        true.rms[1:6:2] / u - 1,
        true.rms[0:6:2] / i - 1,
        true.p / p - 1,
        (true.q - q) / true.s,
    )
    large = i > _LARGE_A
    return [("yardstick_ppm", float(v) * 1e6) for row in rows for v in row[large]]


def energy_errors(first, last, x):
    """[(key, ppm)]: the registers between the ends of two windows against the integral."""
    at, w = truth.weights(first.end, last.end)
    here = x[:, at : at + w.size]
    wh = (here[1:6:2] * here[0:6:2]) @ w / truth.SAMPLE_HZ / 3600
    rms = (here**2 @ w / (last.end - first.end)) ** 0.5
    out = []
    for k, phase in enumerate("abc"):
        s = rms[2 * k] * rms[2 * k + 1] * (last.end - first.end) / truth.SAMPLE_HZ / 3600
        if rms[2 * k] >= _LEAST_A and abs(wh[k]) >= _LEAST_FACTOR * s:
            out.append(("energy_ppm", _ppm(_counted(first, last, phase), wh[k])))
    if len(out) == 3:
        out.append(("energy_ppm", _ppm(_counted(first, last, ""), wh.sum())))
    return out


def _counted(first, last, row):
    """Wh imported less exported."""
    both = [w.values["ep" + row] - w.values["er" + row] for w in (first, last)]
    return both[1] - both[0]


def _ppm(value, true):
    return (value / true - 1) * 1e6
