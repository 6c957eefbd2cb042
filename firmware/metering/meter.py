"""The transformer meter: samples in, windows, half cycles and energy out.

Fed by the link with bursts of the waveform buffer. It follows the zero crossings of one voltage
and closes a window every 10 (or 12) cycles (IEC 61000-4-30, 4.2), without a gap between two. It
knows no chip and no clock. `feed` quantises the voltages of the burst in place.
"""

from array import array

from micropython import const

from firmware.core import flags
from firmware.metering import (
    cycle_kernels,
    energy_registers,
    half_cycles,
    layout,
    quantities,
    window,
    window_kernels,
)

_WINDOW_MS = const(200)
_FREE_SETS = const(1600)  # 200 ms: length of a window when there is nothing to follow
# no block may hold two crossings of a phase: sets up to 60 Hz (layout.BLOCK), above, and unknown
_SHORT_BLOCK = const(48)
_SMALL_BLOCK = const(8)
_PART = const(1024)  # positions are in 1/1024 of a sample
HISTORY = layout.DELAY_MAX + 1  # sets needed before the one at hand: delay and edge

_QUARTERS = const(20000000)  # frequency in 0.1 mHz times a quarter cycle in samples

# words of the memory
_WANTED = const(180)  # layout.CONTROL + layout.C_WANTED, and so on
_BLOCK = const(176)
_REFERENCE = const(177)
_CYCLES = const(179)
_SETS = const(182)

_SETTLE_WINDOWS = const(5)  # energies move to the registers about once a second

ENERGY_POINTS = tuple(
    (name + row, "Wh" if name[0] == "e" else "varh", -3)
    for row in energy_registers.ROWS
    for name in energy_registers.NAMES
)


class Meter:
    def __init__(
        self, u_fs_mv, i_fs_ma, fs_word, nominal_v, nominal_hz, publish, notify=None, fast=None
    ):
        """Full scales are peaks at the primary side; `fs_word` is the sample word there.
        `publish(values, meter)` gets an array that is reused, one int a row of quantities.points,
        and finds `end`, `part`, `length`, `cycles` and `flags` of the window in the meter.
        `notify(phase, u2, i2, sample)`: see HalfCycles. `fast`: see Window."""
        self.publish = publish
        self.window = window.Window(fast)
        self.quantities = quantities.Quantities(self.window.memory, u_fs_mv, i_fs_ma, fs_word)
        # sum of y * word * (uW per unit) / 8000 Hz -> mWh
        self.energy = energy_registers.EnergyRegisters(
            (u_fs_mv * i_fs_ma) << layout.VOLT_SHIFT,
            fs_word**2 * quantities.SAMPLE_HZ * 3600 * 1000,
        )
        self.values = self.quantities.values
        self.windows = 0  # closed and published
        self.lost = 0  # windows that could not be measured
        # of the window that is published:
        self.start = 0  # its first sample, and how long before that it began, 1/1024 of one
        self.start_part = 0
        self.end = 0  # number of its last sample, plus one
        self.part = 0  # its true end is so much before, 1/1024 of a sample
        self.length = 0  # 1/1024 of a sample
        self.cycles = 0  # 0 when it is not synchronised
        self.flags = 0  # core.flags
        self.is_settled = False  # with it, energies were moved to the registers
        self.tariff = 0  # the one that energies go to
        self.corrections = None  # a Corrections that takes part, if there is one
        w = self.window
        self._m = w.memory
        self._parts = cycle_kernels.block, w.memory, w.sums, w.raise_shifts
        top = fs_word >> 16
        # a half cycle must pass 3 % of the nominal peak
        arm = max(1, nominal_v * 1414 * 3 * top // (u_fs_mv * 100))
        self.halves = half_cycles.HalfCycles(self._m, arm, notify)
        self._m[_WANTED] = 12 if nominal_hz == 60 else 10
        self._m[_BLOCK] = _SMALL_BLOCK
        self._delay = layout.DELAY
        self._m[layout.LATE] = layout.DELAY * layout.SET_BYTES
        self._saturated = top - (top >> 9)  # 0.998 of full scale
        # 0.1 mHz: the measuring range of IEC 61000-4-30, 42.5 to 57.5 Hz or 51 to 69 Hz
        self._lowest, self._highest = nominal_hz * 8500, nominal_hz * 11500
        self._dead_mv = nominal_v * 100  # below 10 % of nominal a phase is no reference
        self._sums = array("i", bytes(48))
        self._phase = 0  # whose voltage the windows follow
        self._noted = 0  # flags that others found, for the window that runs
        self.restart()

    def restart(self, missing_ms=0):
        """Samples begin anew, `missing_ms` after the last window: the open one is dropped."""
        self.lost += missing_ms // _WINDOW_MS
        self._blind = HISTORY  # sets to skip before history is valid
        self.halves.restart()
        self._begin(None)

    def note(self, bits):
        """Add flags to the window that runs."""
        self._noted |= bits

    def gap(self, sets, bits=flags.GAP):
        """`sets` samples are missing: the open window keeps its energy and loses its values."""
        dropped = self._m[_SETS]
        self._settle()
        self.restart()
        self._noted |= bits | flags.GAP
        self.lost += -(-(sets + dropped) // _FREE_SETS)

    def feed(self, buf, at, sets, sample):
        """`sets` sets from byte `at` of `buf`; the first is number `sample`."""
        if self._blind:
            skip = self._skip(buf, at, sets)
            at += skip * layout.SET_BYTES
            sample += skip
            sets -= skip
        block, memory, sums, again = self._parts
        while sets:
            told = block(buf, 0, buf, at, sets, memory, sample, sums, again)
            if told == sets:
                return  # as most bursts end: there is nothing to tell
            take = told & 0xFF
            if told & layout.TOLD_PEAKS:
                self.window.watch_peak(buf, at, take)
            at += take * layout.SET_BYTES
            sample += take
            sets -= take
            if told & layout.TOLD_PHASES:
                self.halves.tell(told >> 8)
            if told & layout.TOLD_CUT:
                self._crossing(buf, at, sample)
            elif told & layout.TOLD_LONG:
                self._close(sample, 0, 0)
                self._follow()
                self._begin(None)

    def _skip(self, buf, at, sets):
        """Take what is history only; how many sets."""
        skip = min(self._blind, sets)
        self._m[layout.AT] = at
        self._m[layout.AT + 1] = skip
        self.window.sums(buf, 1, self._m)  # only the voltages matter
        self._blind -= skip
        return skip

    def _crossing(self, buf, at, sample):
        """The reference rises just before the set at byte `at`: a window ends, the next begins."""
        part = self.halves.part(self._phase)
        delay = self._delay
        self.window.sliver(buf, at, part)
        if self._start is None:
            # energy from before the first crossing counts, its values do not
            self._settle()
        else:
            self.window.end()
            self._close(sample, part, self._m[_CYCLES])
        if self._follow():
            self._begin(None)
        else:
            if delay != self._delay:
                self.window.sliver(buf, at, part)
            self._begin(sample, part)

    def _delay_for(self, hertz):
        """The delay next to a quarter cycle, with a hysteresis of a tenth of a sample. Who hears
        of a window finds the delay of the next."""
        if abs(self._delay * hertz - _QUARTERS) * 5 > hertz * 3:
            self._delay = (_QUARTERS + hertz // 2) // hertz
            self._m[layout.LATE] = self._delay * layout.SET_BYTES

    def _begin(self, start, part=0):
        self._start = start  # first sample of the open window, None when not synchronised
        self._start_part = part
        self.window.begin(start is not None)

    def _close(self, sample, part, cycles):
        """Publish the window that ends `part` / 1024 before `sample`."""
        self.start, self.start_part = self._start or 0, self._start_part
        self.end = sample
        self.part = part
        self.cycles = cycles
        if cycles:
            self.length = (sample - self._start) * _PART - part + self._start_part
        else:
            self.length = self._m[_SETS] * _PART
        if self.corrections and not self.corrections.is_zero:
            self.corrections.apply(self._m, self._m[_SETS])
        self.quantities.fill(self.length, cycles, self._sums)
        self.energy.add(self._sums)
        self._judge()
        if self.values[quantities.HERTZ]:
            self._delay_for(self.values[quantities.HERTZ])
        self.windows += 1
        # Billing settles at each second of UTC, so that its minutes are exact. That is not the
        # end of a window: registers published with one are settled here, up to its last sample.
        self.is_settled = self.windows % _SETTLE_WINDOWS == 0
        if self.is_settled:
            self.energy.settle(self.tariff)
        self.publish(self.values, self)

    def _settle(self):
        """Take the energy of a window that has no values."""
        if self._m[_SETS]:
            self.quantities.products(self._sums)
            self.energy.add(self._sums)

    def open_sums(self, out):
        """Exact products of the window that runs, up to now, as `energy.add` takes them."""
        self.quantities.products(out)

    def _judge(self):
        """The flags of the window that ends."""
        bits = self._noted
        self._noted = 0
        if not self._lowest <= self.values[quantities.HERTZ] <= self._highest:
            bits |= flags.FREQUENCY
        found = window_kernels.judge(self._m, self.values, self._dead_mv, self._saturated)
        if found & 1:
            bits |= flags.PHASE
        if found & 2 or self.window.peak >> 16 >= self._saturated:
            bits |= flags.SATURATED
        self.flags = bits

    def _follow(self):
        """Choose the cycles and the reference for the next window. Has the reference changed?"""
        hertz = self.values[quantities.HERTZ]
        if hertz:
            self._m[_WANTED] = 12 if hertz > 550000 else 10
            self._m[_BLOCK] = layout.BLOCK if hertz < 600000 else _SHORT_BLOCK
        else:
            self._m[_BLOCK] = _SMALL_BLOCK
        if self.values[self._phase] >= self._dead_mv:
            return False
        for phase in range(3):
            if self.values[phase] >= self._dead_mv:
                self._phase = phase
                self._m[_REFERENCE] = phase
                return True
        return False
