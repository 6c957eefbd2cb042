"""A metrology unit with errors of its own, the terminal behind it, and who calibrates the two.

The errors stand in front of the emulated chip: gain and angle of each sensor, DC, and what the
voltage of a phase leaks into its current. Voltages come from dividers, which hardly turn them: the
chip turns currents only, so nothing could correct the angle between two voltages. What calibrates
is the firmware; this side does what a technician does with his hands: sets the source, states it,
and waits. The registers asked for are written to the chip as the link writes them.
"""

import numpy as np

from tools.accuracy import progress
from tools.accuracy.chip import FS_WORD, FULL_SCALE_A, FULL_SCALE_V, QUARTER_SETS, Bench
from tools.accuracy.meter import Broken, Terminal
from tools.accuracy.standard import I_NOMINAL, U_NOMINAL, Signal
from tools.emulator.waveform import Synthetic

NOISE = 1e-5  # of full scale, rms
GAIN = 0.01
I_LEAD_DEG, U_LEAD_DEG = 0.2, 0.02
DC_V, DC_A = 2.5, 4.0  # 0.5 and 1 % of the full scale
LEAK = 5e-6  # A per V: 0.8 % of 0.01 In
WINDOWS = 25  # of a measurement of the calibration
SETTLE_S = 0.7  # after a change: the DC removal of the chip, and the window that runs
_OFFSET_A = 0.05 * I_NOMINAL
_POLL_QUARTERS = 25  # 0.2 s
_PATIENCE_S = 60
SAMPLE_HZ = 8000
STEPS = (  # what the source gives, and what is stated of it
    (
        Signal(i=(I_NOMINAL,) * 4),
        {"step": "gain", "phases": "abcn", "u": U_NOMINAL, "i": I_NOMINAL},
    ),
    (Signal(phi=60.0), {"step": "phase", "pf": "0.5L"}),
    (
        Signal(i=(_OFFSET_A,) * 3),
        {"step": "offset", "u": U_NOMINAL, "i": _OFFSET_A, "pf": 1},
    ),
)


class Unit:
    """A context manager. `seed` draws the errors and the noise."""

    def __init__(self, seed):
        self.source = Synthetic()
        STEPS[0][0].set(self.source)
        self.bench = Bench(self.source, NOISE, seed)
        self.random = np.random.default_rng((seed, 2))
        self._err()
        self.terminal = Terminal(FULL_SCALE_V, FULL_SCALE_A, FS_WORD)
        self.terminal.begin(round(U_NOMINAL))
        self.sets = 0  # fed
        self._activity = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.__exit__()

    def _err(self):
        draw, adc = self.random.uniform, self.bench.adc
        adc.gain_error[:] = draw(-GAIN, GAIN, 7)
        adc.lead_deg[:] = draw(-1, 1, 7) * ([I_LEAD_DEG, U_LEAD_DEG] * 3 + [I_LEAD_DEG])
        adc.offset[:] = draw(-1, 1, 7) * ([DC_A, DC_V] * 3 + [DC_A])
        adc.leak[:] = draw(-LEAK, LEAK, 3)
        adc.leak_deg[:] = draw(-90, 90, 3)
        adc.update()

    def run(self, seconds, keep=None):
        """The signal goes on; the bursts are added to the list `keep`, if there is one."""
        for burst in self.bench.samples(seconds):
            self.terminal.feed(burst)
            self.sets += QUARTER_SETS
            if keep is not None:
                keep.append(burst)
            if self.sets % SAMPLE_HZ == 0:
                text = "%s, %d s of signal" % (self._activity, self.sets // SAMPLE_HZ)
                progress.show(text)

    def show(self, text):
        """What is under way."""
        self._activity = text
        progress.show(text)

    def change(self, signal):
        """Another signal, and time to settle."""
        signal.set(self.source)
        self.run(SETTLE_S)

    def span(self, signal, seconds):
        """(first, end) sample of so long a time with the signal."""
        self.change(signal)
        first = self.sets
        self.run(seconds)
        return first, self.sets

    def windows(self):
        """Those since the last call, by then closed."""
        return self.terminal.end()

    def calibrate(self, windows=WINDOWS):
        """The whole walk, so many windows a measurement: [(step, rows of its table)]."""
        tables = []
        for signal, stated in STEPS:
            self.show("calibration, %s" % stated["step"])
            self.change(signal)
            tables.append((stated["step"], self._step(dict(stated, windows=windows))))
        return tables

    def _step(self, stated):
        self.terminal.step(**stated)
        for _ in range(_PATIENCE_S * SAMPLE_HZ // (_POLL_QUARTERS * QUARTER_SETS)):
            self.run(_POLL_QUARTERS * QUARTER_SETS / SAMPLE_HZ)
            state = self.terminal.state()
            if not state["is_written"]:
                for address, value in state["rows"]:
                    self.bench.write_at(address, value)
                self.terminal.written()
            elif ": done" in state["note"]:
                return state["table"]
            elif "refused" in state["note"]:
                break
        raise Broken("The calibration does not end: %s." % state["note"])
