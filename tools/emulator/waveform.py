"""Analogue signal at the terminals, in primary volts and amps, before the sensors and the ADC.

A source has `advance()` (next page), `render(lead_deg, over)` (the page just entered, 7 rows
IA VA IB VB IC VC IN) and `frequency`.  `lead_deg` shifts a channel by that angle of the
fundamental (harmonics by the same time); `over` = 4 gives the 32 kSPS grid of the sinc output.
"""

import numpy as np

from tools.emulator.filters import PAGE

ROWS = 7
_ROOT2 = 2.0**0.5


class SignalError(Exception):
    """One sentence: why the signal cannot be what was asked."""


def _numbers(name, values, lengths):
    try:
        result = [float(v) for v in values]
    except (TypeError, ValueError):
        raise SignalError("%s must be a list of numbers" % name) from None
    if len(result) not in lengths or not np.all(np.isfinite(result)):
        wanted = " or ".join(str(length) for length in lengths)
        raise SignalError("%s must have %s finite numbers" % (name, wanted))
    return result


def _harmonics(name, table):
    """{"5": 0.02} or {"5": [0.02, phase_deg]} -> {5: (0.02, phase_rad)}."""
    if not isinstance(table, dict):
        raise SignalError('%s must be an object like {"5": 0.02}' % name)
    result = {}
    for key, value in table.items():
        if not str(key).isdigit() or not 2 <= int(key) <= 50:
            raise SignalError("%s: the order must be 2 to 50" % name)
        ratio, phase = _numbers(name, value if isinstance(value, list) else [value, 0.0], (2,))
        result[int(key)] = (ratio, np.radians(phase))
    return result


class Synthetic:
    """Three phases and neutral, changeable while running without a phase jump.

    Harmonic h has the phase of h times its channel's fundamental (plus the stated angle), so
    with no angle given it crosses zero upwards together with the fundamental.
    """

    def __init__(self, rate=8000.0):
        self.rate = rate  # samples per second of real time
        self.theta = 0.0  # phase of U_A at the first sample of the page
        self.frequency = 50.0
        self.u = [230.0, 230.0, 230.0]
        self.i = [100.0, 80.0, 60.0]  # a fourth value = own neutral current, else the sum
        self.phi_deg = [18.19, 25.84, 11.48]  # lagging: PF 0.95, 0.90, 0.98
        self.lag_deg = [0.0, 120.0, 240.0]  # of the voltages
        self.u_harm = {5: (0.02, 0.0)}
        self.i_harm = {5: (0.10, 0.0)}
        self.dc = [0.0] * ROWS  # V or A by row
        self._step = 0.0  # radians from this page's start to the next's
        self._build()

    def change(self, **wanted):
        """Validate all, then take all.  Raises SignalError and changes nothing."""
        new = {}
        for name, value in wanted.items():
            if name == "freq":
                new["frequency"] = _numbers(name, [value], (1,))[0]
                if not 1.0 <= new["frequency"] <= 400.0:
                    raise SignalError("freq must be 1 to 400 Hz")
            elif name in ("u", "phi_deg", "lag_deg"):
                new[name] = _numbers(name, value, (3,))
            elif name == "i":
                new[name] = _numbers(name, value, (3, 4))
            elif name == "dc":
                new[name] = _numbers(name, value, (ROWS,))
            elif name in ("u_harm", "i_harm"):
                new[name] = _harmonics(name, value)
            else:
                raise SignalError("unknown signal field %r" % name)
        self.__dict__.update(new)
        self._build()

    def _build(self):
        """Tables: order h, amplitude [row, h] and angle [row, h] of sin(h*theta + angle)."""
        orders = sorted({1} | set(self.u_harm) | set(self.i_harm))
        self._orders = np.array(orders, float)
        self._amplitude = np.zeros((ROWS, len(orders)))
        self._angle = np.zeros((ROWS, len(orders)))
        lags = np.radians(self.lag_deg)
        own_neutral = self.i[3] if len(self.i) == 4 else 0.0
        for row in range(ROWS):
            phase, is_u = min(row // 2, 2), row % 2 == 1
            if row == 6:
                rms, harm, lag = own_neutral, self.i_harm, 0.0
            elif is_u:
                rms, harm, lag = self.u[phase], self.u_harm, lags[phase]
            else:
                rms, harm = self.i[phase], self.i_harm
                lag = lags[phase] + np.radians(self.phi_deg[phase])
            for column, h in enumerate(orders):
                ratio, extra = (1.0, 0.0) if h == 1 else harm.get(h, (0.0, 0.0))
                self._amplitude[row, column] = rms * ratio * _ROOT2
                self._angle[row, column] = -h * lag + extra
        self._omega = 2 * np.pi * self.frequency / self.rate
        self._dc = np.array(self.dc)[:, None]

    def advance(self):
        self.theta = (self.theta + self._step) % (2 * np.pi)
        self._step = self._omega * PAGE

    def render(self, lead_deg=None, over=1):
        theta = self.theta + self._omega * (np.arange(PAGE * over) / over)
        angle = self._angle
        if lead_deg is not None:
            angle = angle + np.radians(lead_deg)[:, None] * self._orders
        waves = np.sin(self._orders[:, None] * theta + angle[:, :, None])
        page = np.einsum("rh,rhn->rn", self._amplitude, waves)
        if len(self.i) == 3:
            page[6] = page[0] + page[2] + page[4]
        return page + self._dc


class Loop:
    """A stored array [7, n] at 8 kSPS, repeated for ever; n must hold whole cycles."""

    def __init__(self, array, frequency):
        self.array = np.ascontiguousarray(array, float)
        if self.array.ndim != 2 or self.array.shape[0] != ROWS or self.array.shape[1] < PAGE:
            raise SignalError("a waveform array must be 7 rows of at least %d samples" % PAGE)
        self.frequency = frequency
        self.at = -PAGE
        self._shifted = (None, self.array)
        self._fine = (self.array, self.array)  # (loop, the same on the finer grid)

    def change(self, **wanted):
        raise SignalError("the signal is a recording; it cannot be changed while it runs")

    def advance(self):
        self.at = (self.at + PAGE) % self.array.shape[1]

    def render(self, lead_deg=None, over=1):
        loop = self._with_lead(lead_deg)
        if over != 1:
            loop = self._oversampled(loop, over)
        return loop.take(self.at * over + np.arange(PAGE * over), axis=1, mode="wrap")

    def _with_lead(self, lead_deg):
        if lead_deg is None:
            return self.array
        key = tuple(lead_deg)
        if key != self._shifted[0]:
            n = self.array.shape[1]
            seconds = np.asarray(lead_deg) / 360.0 / self.frequency
            turn = 2j * np.pi * np.fft.rfftfreq(n, 1 / 8000.0) * seconds[:, None]
            moved = np.fft.irfft(np.fft.rfft(self.array) * np.exp(turn), n)
            self._shifted = (key, moved)
        return self._shifted[1]

    def _oversampled(self, loop, over):
        if self._fine[0] is not loop or self._fine[1] is loop:
            n = loop.shape[1]
            self._fine = (loop, np.fft.irfft(np.fft.rfft(loop), n * over) * over)
        return self._fine[1]
