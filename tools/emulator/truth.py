"""What the signal really is, in primary units and float64: the yardstick for the tests.

Taken from the analogue samples before sensor errors, ADC and noise.  Values are over the last
second under a window that suits any mains frequency; energy is counted since the start.
"""

import numpy as np

from tools.emulator.filters import PAGE, blackman_harris
from tools.emulator.registers import CHANNELS, PHASES


class Truth:
    def __init__(self, rate):
        self.rate = rate  # samples per second of real time
        self.samples = 0
        self._ring = np.zeros((7, 8000))
        self._watt_samples = np.zeros(3)

    def add(self, page):
        at = self.samples % 8000
        self._ring[:, at : at + PAGE] = page
        self._watt_samples += np.einsum("pn,pn->p", page[1:6:2], page[0:6:2])
        self.samples += PAGE

    def energy_wh(self):
        return [float(v) for v in self._watt_samples / self.rate / 3600.0]

    def report(self, frequency):
        """Dictionary of plain numbers; None where nothing can be said yet."""
        n = min(self.samples, 8000)
        result = {
            "samples": self.samples,
            "seconds": self.samples / self.rate,
            "freq_hz": frequency,
            "energy_wh": dict(zip(PHASES, self.energy_wh())),
        }
        result["energy_wh"]["total"] = sum(self.energy_wh())
        if n < 800:  # under 100 ms no window holds a cycle cleanly
            result.update({"rms": None, "phase_deg": None, "p": None, "q": None, "s": None})
            return result
        at = self.samples % 8000
        data = np.concatenate((self._ring[:, at:], self._ring[:, :at]), axis=1)[:, 8000 - n :]
        result.update(analyse(data, frequency, self.rate))
        return result


def analyse(data, frequency, rate):
    """RMS, angle to U_A, P, Q (harmonic by harmonic, 90-degree shift), S of data [7, n]."""
    n = data.shape[1]
    power_window = blackman_harris(n)
    mean_square = (data * data) @ power_window
    rms = np.sqrt(mean_square)
    volts, amps = data[1:6:2], data[0:6:2]
    active = (volts * amps) @ power_window
    spectrum = np.fft.rfft(data * np.sqrt(power_window))
    cross = spectrum[1:6:2] * np.conj(spectrum[0:6:2])
    reactive = 2.0 / n * cross.imag.sum(axis=1)
    phasor = (data * np.exp(-2j * np.pi * frequency / rate * np.arange(n))) @ power_window
    angle = np.degrees(np.angle(phasor * np.conj(phasor[1])))
    apparent = rms[1:6:2] * rms[0:6:2]
    return {
        "rms": dict(zip(CHANNELS, rms.tolist())),
        "phase_deg": dict(zip(CHANNELS, angle.tolist())),
        "p": dict(zip(PHASES, active.tolist())),
        "q": dict(zip(PHASES, reactive.tolist())),
        "s": dict(zip(PHASES, apparent.tolist())),
    }
