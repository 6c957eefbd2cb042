"""The ADE9000 as one object: registers, data path, events; time passes only by step().

`step()` is one page of 16 samples (2 ms of crystal time).  Everything the host can see between
two steps is what the silicon would show at the end of the page; edges carry their own position.
Positions and `n` count 8 kSPS samples since power-up.
"""

import math

import numpy as np

from tools.emulator import status as st
from tools.emulator.access import Access
from tools.emulator.buffer import WaveBuffer
from tools.emulator.confcrc import ConfigurationCrc
from tools.emulator.dsp import Dsp
from tools.emulator.energy import Energy
from tools.emulator.events import VoltageEvents
from tools.emulator.filters import PAGE
from tools.emulator.halfcycle import HalfCycle
from tools.emulator.pulses import Pulses
from tools.emulator.registers import RegisterFile
from tools.emulator.results import Results
from tools.emulator.zerocross import ZeroCross

_HARD_RESET = 368  # samples: 20 ms supply timer and 26 ms start-up
_TRIGGER_ZX = 3  # WFB_TRG_CFG: bits 3.. = ZXI A-C, ZXV A-C, ZXCOMB
_SLOW = 64  # samples: smoothed quantities are renewed so often
_DREADY_LOW = 0.08  # samples: 10 us


class Chip:
    def __init__(self, plant, seed=1):
        self.plant = plant
        self.n = 0  # samples since power-up
        self.registers = r = RegisterFile()
        self.pins = st.Pins()
        self.status = st.Status(r, self.pins)
        self.dsp = Dsp(r)
        self.half_cycle = HalfCycle()
        self.zero_cross = ZeroCross()
        self.energy = Energy(r)
        self.pulses = [Pulses(k, r) for k in range(4)]
        self.events = VoltageEvents(r, self.status)
        self.buffer = WaveBuffer(r, self.status)
        self.crc = ConfigurationCrc(r, self.status, seed)
        self.results = Results(self)
        self.share = np.zeros((7, PAGE))  # converter output of the page
        self.samples_per_cycle = 160.0
        self.access = Access(self)  # what the host reads and writes
        self.read, self.write = self.access.read, self.access.write
        self.is_watching_dready = False  # edges of 8 kHz only when somebody wants them
        self._is_reset_low = False
        self._power_modes = [0, 0]  # PM0, PM1
        self.reset()

    # power and reset

    @property
    def is_alive(self):
        """Answers on SPI."""
        return self._is_powered and self._hard_ready is None

    @property
    def _is_powered(self):
        return not self._is_reset_low and self._power_modes == [0, 0]

    def reset(self, is_hard=True):
        """Power-up, brown-out, /RESET (hard) or SWRST."""
        self._hard_ready = self.n + _HARD_RESET if is_hard else None
        self._soft_ready = None if is_hard else self.n
        self.access.reset()
        self.registers.reset()
        self.plant.adc.set_pga(0)
        self.plant.adc.set_disabled(0)
        self.clear_results()
        self.buffer.reset()
        self.crc.clear()
        self.dsp.configure()
        self.configure_pulses()
        self.status.refresh()

    def set_reset_pin(self, level):
        self._set_power(lambda: setattr(self, "_is_reset_low", not level))

    def set_power_mode(self, bit, level):
        self._set_power(lambda: self._power_modes.__setitem__(bit, int(bool(level))))

    def _set_power(self, change):
        was_powered = self._is_powered
        change()
        if self._is_powered != was_powered:
            self.reset()  # off: all lost; on: the start-up time begins now

    def clear_results(self):
        self.dsp.clear()
        self._powers = None  # [6][3] smoothed codes; None = not computed yet
        self.half_cycle.clear()
        self.zero_cross.clear()
        self.energy.clear()
        self.events.clear()
        self.clear_pulses()

    def configure_pulses(self):
        for pulses in self.pulses:
            pulses.configure()

    def clear_pulses(self):
        for number, pulses in enumerate(self.pulses):
            pulses.clear()
            self.pins.drive(st.CF1 + number, 1, self.status.position)

    # time

    @property
    def patience(self):
        """Samples that may pass before step() has to be called, unless the host asks.

        Two pages at a time cost the machine less; the page that raises /IRQ0 comes in time.
        """
        if self.is_watching_dready or self.buffer.is_announcing_next:
            return PAGE
        return 2 * PAGE

    def step(self):
        """Sixteen samples pass."""
        start = self.n
        self.share = self.plant.step()
        self.n = start + PAGE
        self.status.position = float(self.n)
        if not self._is_powered or not self._is_started():
            return
        trigger = self._dsp_page(start) if self.registers["RUN"] else None
        if self.access.take_forced_trigger():
            trigger = start
        self.buffer.step(
            start, self.dsp.x, self.share, self.plant.fine, self.samples_per_cycle, trigger
        )
        self.status.position = float(self.n)
        self.crc.step(self.n)

    def _is_started(self):
        if self._hard_ready is not None and self.n >= self._hard_ready:
            self._hard_ready, self._soft_ready = None, self.n
        if self._hard_ready is None and self._soft_ready is not None:
            self._soft_ready = None
            self.status.set1(st.RSTDONE)
        return self._hard_ready is None

    def _dsp_page(self, start):
        """The running data path.  Returns the position of an enabled trigger, or None."""
        r, dsp = self.registers, self.dsp
        self.samples_per_cycle = self._line_period()
        dsp.step(self.share, self.samples_per_cycle)
        if self._powers is None or start % _SLOW == 0:
            self._renew_slow()
        crossings = self._zero_crossings(start)
        trigger = self._triggers(crossings)
        long_cycles = 12 if r.field("ACCMODE", 8, 1) else 10
        marks = self.half_cycle.step(dsp.x, start, self.samples_per_cycle, long_cycles)
        for position, is_long in marks:
            began = self._half_cycle_mark(position, is_long)
            if began & r["WFB_TRG_CFG"] & 3 and trigger is None:
                trigger = position
        self._accumulate(start, crossings)
        self.status.position = float(self.n)
        self.status.set0(st.DREADY)
        if dsp.ratios_renewed:
            self.status.set0(st.THD_PF_RDY)
        if self.is_watching_dready and r.field("CONFIG1", 2, 2) == 3:
            for k in range(PAGE):
                self.pins.pulse_low(st.CF4, start + k, _DREADY_LOW)
        return trigger

    def _line_period(self):
        if self.registers["CONFIG2"] >> 12 & 1:
            register = self.registers["USER_PERIOD"]
        else:
            register = self.period_code(self.registers.field("ZX_LP_SEL", 3, 2))
        return min(max((register + 1) / 65536.0, 100.0), 220.0)

    def period_code(self, row):
        """xPERIOD register of A, B, C, combined (0..3)."""
        return self.zero_cross.period(row, self.registers.field("ACCMODE", 8, 1), self.n)

    def _renew_slow(self):
        """What the smoothing hardly moves within 8 ms: powers, amplitudes."""
        rms = self.dsp.rms()
        self._powers = self.dsp.powers()
        self._amplitude = math.sqrt(2) * np.array(
            (rms[1], rms[3], rms[5], max(rms[1:6:2]), rms[0], rms[2], rms[4])
        )

    def _zero_crossings(self, start):
        r = self.registers
        crossings = self.zero_cross.step(self.dsp.x, self._amplitude, r["ZXTHRSH"], start)
        shown = r.field("ZX_LP_SEL", 1, 2)
        for position, row, is_rising in crossings:
            self.status.position = position
            self.status.set1(st.ZX + row)
            if row == shown and r["CONFIG1"] >> 1 & 1:  # CF3_CFG: ZX on the CF3 pin
                self.pins.drive(st.CF3, int(is_rising), position)
        self.status.position = float(self.n)
        for row in range(3):
            silent = self.zero_cross.silence(row, self.n)
            if r["ZXTOUT"] < silent <= r["ZXTOUT"] + PAGE:
                self.status.set1(st.ZXTOV + row)
        return crossings

    def _triggers(self, crossings):
        """First crossing that WFB_TRG_CFG enables: bits ZXI A-C, then ZXV A-C and COMB."""
        wanted = self.registers["WFB_TRG_CFG"] >> _TRIGGER_ZX
        for position, row, _ in crossings:
            bit = row - 4 if row >= 4 else row + 3
            if wanted >> bit & 1:
                return max(position, float(self.n - PAGE))
        return None

    def _half_cycle_mark(self, position, is_long):
        self.status.position = position
        began = self.events.half_cycle([self.results.rms_one(row) for row in (1, 3, 5)])
        self.status.set0(st.RMSONERDY)
        if is_long:
            self.status.set0(st.RMS1012RDY)
        return began

    def _accumulate(self, start, crossings):
        """Energy, power and CF pulses of the page."""
        r, dsp = self.registers, self.dsp
        powers = self._powers
        watt = dsp.p + dsp.power_offset[0][:, None]
        var = dsp.q + dsp.power_offset[1][:, None]
        between = self.energy.increments(watt, var, powers)
        whole = between(0, PAGE)
        whole_list = whole.tolist()
        for number, pulses in enumerate(self.pulses):
            self._pulse(number, pulses.step(whole_list, start))
        if r["EP_CFG"] & 1:
            shown = r.field("ZX_LP_SEL", 1, 2)
            halves = [int(p) - start + 1 for p, row, _ in crossings if row == shown]
            energy, power = self.energy.step(between, whole, halves)
            self.status.position = float(self.n)
            if energy:
                self._signs(powers)
                self.status.set0(st.EGYRDY)
            if power:
                self.status.set0(st.PWRRDY)

    def _pulse(self, number, edges):
        config = self.registers["CONFIG1"]
        is_cf = not (number == 2 and config & 2 or number == 3 and config & 8)
        for position, level in edges:
            self.status.position = position
            if is_cf:
                self.pins.drive(st.CF1 + number, level, position)
            if not level:
                self.status.set0(st.CF_BITS + number)

    def _signs(self, powers):
        """PHSIGN bits WATT, VAR by phase; a change sets REVAPx or REVRPx."""
        old, new = self.registers["PHSIGN"], 0
        for k in range(3):
            for row, first_bit in ((0, st.REVAP), (1, st.REVRP)):
                bit = 2 * k + row
                new |= int(powers[row][k] < 0) << bit
                if (old ^ new) >> bit & 1:
                    self.status.set0(first_bit + k)
        self.registers["PHSIGN"] = new
