"""The transformer meter: samples in, points and energies out.

Fed by the link with halves of the waveform buffer. It finds zero crossings, closes a window
every 10 (or 12) cycles and hands the values to `publish`. It knows no chip and no clock.
"""

from micropython import const

from firmware.metering import energy, kernels, quantities, window

_WINDOW_MS = const(200)
_FREE_SETS = const(1600)  # 200 ms: length of a window when there is nothing to follow
_SILENT_SETS = const(400)  # no crossing for this long (20 Hz): the reference is dead
_LONGEST_SETS = const(2400)  # a window that found no end is closed all the same
_DELAY_BYTES = const(1120)  # quantities.DELAY * kernels.SET_BYTES
HISTORY = quantities.DELAY + 1  # sets needed before the one at hand: delay and edge

_ENERGY_POINTS = tuple(
    (name + row, "Wh" if name[0] == "e" else "varh", -3)
    for row in energy.ROWS
    for name in energy.NAMES
)
POINTS = quantities.POINTS + _ENERGY_POINTS


class Meter:
    def __init__(self, u_fs_mv, i_fs_ma, fs_word, nominal_v, nominal_hz, publish):
        """Full scales are peaks at the primary side; `fs_word` is the sample word there.
        `publish(values, end_sample, overrange)` gets one int a row of POINTS; the list is
        reused."""
        self.u_scale = u_fs_mv * kernels.WORD_CODES / fs_word  # mV per kernel code
        self.i_scale = i_fs_ma * kernels.WORD_CODES / fs_word
        self.publish = publish
        self.cycles_wanted = 12 if nominal_hz == 60 else 10
        # sum of code**2 * uW / 8000 Hz -> mWh: see energy.Energy
        self.energy = energy.Energy(
            u_fs_mv * i_fs_ma * kernels.WORD_CODES**2,
            fs_word**2 * quantities.SAMPLE_HZ * 3600 * 1000,
        )
        self.values = [0] * len(POINTS)
        self.windows = 0  # closed and published
        self.lost = 0  # windows that could not be measured
        self._window = window.Window()
        self._armed = bytearray(1)
        # crossings are armed at 10 % of the nominal peak, in units of the kernel's top 16 bits
        self._arm = max(1, nominal_v * 1414 * (fs_word >> 16) // (u_fs_mv * 10))
        self._dead_mv = nominal_v * 100  # below 10 % of nominal a phase is no reference
        self._phase = 0  # whose voltage the windows follow
        self.restart()

    def restart(self, missing_ms=0):
        """Samples begin anew, `missing_ms` after the last window: the open one is dropped."""
        self.lost += missing_ms // _WINDOW_MS
        self._blind = HISTORY  # sets to skip before history is valid
        self._crossed = None  # sample of the last crossing
        self._armed[0] = 0
        self._window.clear(None)
        self._is_open = False

    def gap(self, sets):
        """`sets` samples are missing: the open window keeps its energy and loses its values."""
        dropped = self._window.sets
        self._close_energy(False)
        self.restart()
        self.lost += -(-(sets + dropped) // _FREE_SETS)

    def feed(self, buf, at, sets, sample):
        """`sets` sets from byte `at` of `buf`; the first is number `sample`."""
        if self._blind:
            skip = min(self._blind, sets)
            self._blind -= skip
            at += skip * kernels.SET_BYTES
            sample += skip
            sets -= skip
        while sets:
            channel = 2 * self._phase + 1
            k = kernels.rising(buf, at + 4 * channel, sets, self._arm, self._armed)
            take = sets if k < 0 else k
            self._window.add(buf, at, take, _DELAY_BYTES)
            at += take * kernels.SET_BYTES
            sample += take
            sets -= take
            if k >= 0:
                self._crossing(window.edge(buf, at, sample, channel, _DELAY_BYTES))
            elif self._is_overdue(sample):
                self._close(None, sample)

    def _crossing(self, edge):
        self._crossed = edge.n
        if not self._is_open:
            # energy from before the first crossing counts, its values do not
            self._close_energy(False)
            self._open(edge)
            return
        self._window.cycles += 1
        if self._window.cycles >= self.cycles_wanted:
            self._close(edge, edge.n)

    def _is_overdue(self, sample):
        sets = self._window.sets
        silent = self._crossed is None or sample - self._crossed > _SILENT_SETS
        return sets >= _LONGEST_SETS or (silent and sets >= _FREE_SETS)

    def _open(self, edge):
        self._window.clear(edge)
        self._is_open = edge is not None

    def _close(self, edge, sample):
        w = self._window
        quantities.fill(self.values, w, edge, self.u_scale, self.i_scale)
        over = w.overrange
        self._close_energy(self._is_open and edge is not None)
        self._copy_energy()
        self.windows += 1
        self._open(None if self._follow() else edge)
        self.publish(self.values, sample, over)

    def _close_energy(self, is_whole):
        w = self._window
        if not w.sets:
            return
        p, q = [0] * 3, [0] * 3
        for phase in range(3):
            p[phase], late = w.powers(phase, is_whole)
            q[phase] = quantities.reactive(p[phase], late, self.values[quantities.HERTZ])
        self.energy.add(p, q)

    def _copy_energy(self):
        for i in range(len(self.energy.cells)):
            self.values[len(quantities.POINTS) + i] = self.energy.cells[i]

    def _follow(self):
        """Choose the cycles and the reference for the next window. Has the reference changed?"""
        hertz = self.values[quantities.HERTZ]
        if hertz:
            self.cycles_wanted = 12 if hertz > 550000 else 10
        if self.values[self._phase] >= self._dead_mv:
            return False
        for phase in range(3):
            if self.values[phase] >= self._dead_mv:
                self._phase = phase
                self._armed[0] = 0
                return True
        return False
