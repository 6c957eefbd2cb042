"""An ATM90E36A or ATM90E32AS as the link sees it (see link.chip), in register mode: no samples,
but a reading of all quantities each 200 ms, and what its energy registers counted since.
"""

import asyncio

from micropython import const

from firmware.core import flags
from firmware.core.errors import LinkError
from firmware.link.atm90e3x import registers as reg
from firmware.link.atm90e3x import settings
from firmware.link.atm90e3x.bus import Bus
from firmware.link.atm90e3x.guard import Guard
from firmware.link.atm90e3x.scale import Scale
from firmware.link.atm90e3x.startup import StartUp
from firmware.link.chip import Restart

_PERIOD_MS = const(200)
# places in a reading: ua ub uc, ia ib ic in, pa pb pc p, qa .. q, sa .. s, pfa .. pf, f
_U, _I, _IN, _P, _Q, _S, _PF, _F = 0, 3, 6, 7, 11, 15, 19, 23
_ENERGIES = (reg.AP_ENERGY, reg.AN_ENERGY, reg.RP_ENERGY, reg.RN_ENERGY)


class Atm90:
    has_samples = False
    period_us = _PERIOD_MS * 1000
    period_sets = 0
    sample_hz = 0
    full_scale = 0
    register_ratio = (0, 1)
    register_bits = 16
    version = 0

    def __init__(self, part, wires, clock, cfg, calibration=(), expected_crc=None):
        """`part` is registers.E36A or registers.E32AS."""
        self.name = part.name
        self.scale = Scale(cfg.u_full_scale_mv, cfg.i_full_scale_ma, cfg.pulse_constant)
        self.pulse_ratio = self.scale.pulse_mwh
        self.clock = clock
        self.bus = Bus(wires.spi, wires.select, part)
        if part.sentinel_value is None:
            self.bus.sentinel_value = self.scale.u_gain
        self.startup = StartUp(self.bus, wires.reset, asyncio.sleep_ms, part)
        self.guard = Guard(self.bus, self.startup, part)
        self.guard.crc = expected_crc
        self.readings = 0
        self._part = part
        self._cfg = cfg
        self._sink = None
        self._due_ms = 0
        self._values = [0] * 24
        self._counts = [0] * 12  # of the energy registers, not yet delivered
        self._rests = [0] * 12  # below one mWh
        self._energy = [0] * 12
        self.set_calibration(calibration)

    @property
    def state(self):
        return self.startup.step

    def attach(self, sink):
        self._sink = sink

    def set_calibration(self, rows):
        self._rows = settings.table(self._part, self._cfg, self.scale, rows)
        if self.guard.rows:
            self.guard.crc = None  # of the rows before

    async def start(self, has_pulses):
        try:
            self._recover()
        except Restart:
            pass
        self.guard.rows = self._rows
        # it was as told when it was left: what is not so now is an upset
        is_known = self.guard.crc is not None and self.startup.is_done
        is_resumed = await self.startup.walk(self._rows, has_pulses)
        wrong = self.startup.wrong if is_known else None
        crc = self.guard.checksum()
        is_same = None if self.guard.crc is None else crc == self.guard.crc
        text = ""
        if wrong is not None:
            self.guard.upsets += 1
            text = "register 0x%02X did not hold 0x%X; set again by a reset" % wrong
        if is_same is False:
            text = "the checksum is 0x%04X, not 0x%04X" % (crc, self.guard.crc)
        self.guard.crc = crc
        self._sink.configuration(crc, False if text else is_same, text)
        return is_resumed

    def _recover(self):
        found = self.bus.recover()
        if found is not None:
            self._counts[found[0]] += found[1]

    def serve(self):
        """A reading, when one is due."""
        late = self.clock.ms() - self._due_ms
        if self.bus.owes:
            self._recover()  # before any other access
        elif late < 0:
            return 0
        self._due_ms = self.clock.ms() + max(0, _PERIOD_MS - max(0, late) % _PERIOD_MS)
        self.bus.prove()
        self._measure()
        bits = self._status()
        self._collect()
        self.bus.prove()  # all of it came over a bus that lives
        self._deliver(bits | self.bus.faults)
        return 1

    def _measure(self):
        out = self._values
        u_mv, i_ma, p_mw = self.scale.u_mv, self.scale.i_ma, self.scale.p_mw
        for k in range(3):
            out[_U + k] = self._wide(reg.U_RMS_A + k) * u_mv[0] // u_mv[1]
            out[_I + k] = self._wide(reg.I_RMS_A + k) * i_ma[0] // i_ma[1]
            out[_P + k] = _signed(self._wide(reg.P_MEAN_A + k)) * p_mw[0] // p_mw[1]
            out[_Q + k] = _signed(self._wide(reg.Q_MEAN_A + k)) * p_mw[0] // p_mw[1]
            out[_S + k] = out[_U + k] * out[_I + k] // 1000
        for first in (_P, _Q, _S):
            out[first + 3] = out[first] + out[first + 1] + out[first + 2]
        for k in range(4):
            # no power, no factor: 1 rather than noise divided by noise
            out[_PF + k] = out[_P + k] * 10000 // out[_S + k] if out[_S + k] else 10000
        out[_IN] = self._wide(reg.I_RMS_N) * i_ma[0] // i_ma[1]
        out[_F] = self.bus.read(reg.FREQUENCY) * 100

    def _wide(self, register):
        """A register and the eight bits below it, of one and the same value or near enough."""
        high = self.bus.read(register)
        low = self.bus.read(register + reg.LOW) >> 8
        again = self.bus.read(register)
        return high << 8 | low if again == high else again << 8 | 0x80

    def _status(self):
        state = self.bus.read(self._part.status)
        bits = flags.PHASE if state & self._part.loss_bits else 0
        return bits | (flags.EVENT if state & self._part.sag_bits else 0)

    def _collect(self):
        for row in range(4):
            for phase in range(3):
                place = 3 * row + phase
                self._counts[place] += self.bus.take(_ENERGIES[row] + 1 + phase, place)

    def _deliver(self, bits):
        num, den = self.scale.count_mwh
        for place in range(12):
            rest = self._rests[place] + self._counts[place] * num
            self._counts[place] = 0
            self._energy[place] = rest // den
            self._rests[place] = rest % den
        self.bus.faults = 0
        self.readings += 1
        self._sink.readings(self._values, self._energy, bits)

    def slow(self):
        if self.bus.owes:
            raise LinkError("a reading is still to be recovered")
        if self.guard.rows is not self._rows:
            news = self.guard.change(self._rows)
        else:
            news = self.guard.check()
        if news is not None:
            self._sink.configuration(*news)

    def rows(self):
        """Rows (text, value) for people."""
        crc = "none yet" if self.guard.crc is None else "0x%04X" % self.guard.crc
        return [
            ("readings", self.readings),
            ("values without an equal echo", self.bus.errors),
            ("energies saved by the echo", self.bus.recovered),
            ("energy registers found full", self.bus.full),
            ("configuration checksum", crc),
            ("configuration upsets", self.guard.upsets),
            ("hardware resets", self.startup.resets),
        ]


def _signed(value):
    """Of 24 bits."""
    return value - (1 << 24) if value >> 23 else value
