"""A load, a metrology unit and a terminal with a known truth, for the three ways of energy.

Time is counted in samples. Power is constant between changes, so every energy is exact. The unit
latches its registers each 64 samples at a phase of its own, wraps them, and pulses; the terminal
owns real EnergyRegisters and Ways, and stands where the meter and the link will.
"""

import json
import random
from array import array

from firmware.metering.energy_registers import EnergyRegisters
from firmware.metering.three_ways import Ways

U_FS, I_FS = 500000, 400000  # mV, mA peak
NUM = U_FS * I_FS << 14
DEN = 74532013**2 * 8000 * 3600 * 1000
FULL = 4549 * 74532013 // 2  # product units a sample at full scale of a phase
MOST_MW = U_FS * I_FS // 2000
WINDOW = 1600
LATCH = 64
BITS = 45


class Load:
    def __init__(self):
        self.t = 0
        self.power = [0] * 6  # P, Q of the phases A, B, C: product units a sample
        self._past = [(0, [0] * 6, self.power)]  # when a power began, energy until then

    def change(self, *percent):
        """Of full scale: P, Q of A, B, C; missing ones are zero."""
        energy = self.energy(self.t)
        self.power = [FULL * int(p * 1000) // 100000 for p in (list(percent) + [0] * 6)[:6]]
        self._past = self._past[-4:] + [(self.t, energy, self.power)]

    def energy(self, t):
        """Six energies in product units up to `t`, which is now or lately."""
        for since, energy, power in reversed(self._past):
            if since <= t:
                return [e + p * (t - since) for e, p in zip(energy, power)]
        raise AssertionError("too long ago")

    def mwh(self):
        """Truth: net active energy of A, B, C and the total."""
        p = self.energy(self.t)[0::2]
        return [v * NUM // DEN for v in p + [sum(p)]]


class Unit:
    """The metrology IC."""

    register_ratio = (U_FS * I_FS, 2 * 20694066 * 8000 * 3600 * 1000)
    register_bits = BITS

    def __init__(self, load, imp_per_kwh=1000):
        self.load = load
        self.pulse_ratio = (1000000, imp_per_kwh)
        self.phase = random.randrange(LATCH)
        self.ppm = 0  # error of its registers
        self.start = [0] * 6  # counts at the last latch
        self.pulses = 0
        self._charge = 0  # product units times the denominator
        self._fed = 0
        self._pulse = self.pulse_ratio[0] * DEN
        self._per = NUM * self.pulse_ratio[1]
        self.drop = 0  # of a thousand pulses so many get lost
        self._dropped = 0
        self.reset()

    def reset(self):
        self._from = self.load.energy(self.load.t)
        self._since = self.load.t
        self.offset = [0] * 6  # a register moved by itself

    def pulse(self):
        """Pulses up to now."""
        total = sum(self.load.energy(self.load.t)[0::2])
        self._charge += (total - self._fed) * self._per
        self._fed = total
        count = abs(self._charge) // self._pulse
        self._charge -= count * self._pulse if self._charge > 0 else -count * self._pulse
        for _ in range(count):
            self._dropped += self.drop
            if self._dropped < 1000:
                self.pulses += 1
            else:
                self._dropped -= 1000
        return self.pulses

    def registers(self):
        """Six registers as an unsigned pattern, as latched last."""
        t = (self.load.t - self.phase) // LATCH * LATCH + self.phase
        if not random.randrange(10):
            t -= LATCH  # read early: a burst was late
        t = max(t, self._since)
        num, den = self.register_ratio
        out = []
        for k, now in enumerate(self.load.energy(t)):
            counts = (now - self._from[k]) * (1000000 + self.ppm) * NUM * den
            counts = counts // (DEN * num * 1000000) + self.offset[k]
            out.append(counts & (1 << BITS) - 1)
        return out


class Clock:
    def __init__(self, terminal):
        self._terminal = terminal

    def ms(self):
        return (self._terminal.load.t - self._terminal.booted) // 8

    def utc_ms(self):
        return 1790000000000 + self._terminal.load.t // 8 + self._terminal.clock_error_ms


class Terminal:
    """The management unit. `boot` makes it anew from what was saved."""

    def __init__(self, load, unit):
        self.load = load
        self.unit = unit
        self.events = []
        self.saved = None
        self.clock_error_ms = 0
        self.boot(False)

    def boot(self, is_resumed=True):
        self.booted = self.load.t
        self.energy = EnergyRegisters(NUM, DEN)
        self._pulse_base = self.unit.pulse()
        self._pulses_told = 0
        self.has_pulses = True
        self.ways = Ways(
            self.energy,
            Clock(self),
            self.unit,
            self.open_sums,
            self.pulses_now,
            MOST_MW,
            lambda kind, text: self.events.append((kind, text)),
        )
        if self.saved is not None:
            record = json.loads(self.saved)
            self.energy.restore(record["energy"])
            if record["ways"] is not None:
                self.ways.restore(record["ways"])
        self._zero = [0] * 6  # the link's: what it adds after a reset of the unit
        self._raw = [0] * 6 if not is_resumed else self.unit.registers()
        self._count = [self._signed(v) for v in self._raw]
        self.ways.mode("both")
        self.start(is_resumed)

    def start(self, is_resumed):
        """The link started the stream."""
        if not is_resumed:
            self._raw = [0] * 6  # the counters go on from where they were
        self.is_streaming = True
        self.opened = self.load.t
        self.ways.restart(is_resumed)

    @staticmethod
    def _signed(value):
        return value - (1 << BITS) if value >> (BITS - 1) else value

    def open_sums(self, out):
        self._pack(out)

    def pulses_now(self):
        if self.has_pulses:
            self._pulse_seen = self.unit.pulse() - self._pulse_base
        return self._pulse_seen & 0x3FFFFFFF

    def _pack(self, out):
        for i in range(12):
            out[i] = 0
        if self.is_streaming:
            then, now = self.load.energy(self.opened), self.load.energy(self.load.t)
            for k in range(6):
                value = now[k] - then[k]
                out[2 * k], out[2 * k + 1] = value >> 22, value & 0x3FFFFF

    def close(self):
        """The energy of the open window is added."""
        sums = array("i", bytes(48))
        self._pack(sums)
        self.energy.add(sums)
        self.opened = self.load.t

    def run(self, samples):
        """Time goes by without a reading."""
        end = self.load.t + samples
        while self.load.t < end:
            self.load.t = min(end, self.opened + WINDOW) if self.is_streaming else end
            if self.is_streaming and self.load.t == self.opened + WINDOW:
                self.close()
        fresh = self.pulses_now() - self._pulses_told
        self._pulses_told += fresh
        if fresh:
            self.ways.pulses(fresh, not self.is_streaming)

    def lose(self, samples):
        """A burst, or more of them, is lost."""
        self.close()
        self.load.t += samples
        self.opened = self.load.t
        self.ways.gap(samples)

    def read(self, flip=0):
        """The link reads the registers; `flip` is a pattern that damages those of phase A."""
        raw = self.unit.registers()
        raw[0] ^= flip
        for k in range(6):
            self._count[k] += self._signed((raw[k] - self._raw[k]) & (1 << BITS) - 1)
        self._raw = raw
        self.ways.take(self._count[0::2], self._count[1::2])
        self.energy.settle(1)

    def second(self, flip=0):
        self.run(8000)
        self.read(flip)

    def seconds(self, count):
        for _ in range(count):
            self.second()

    def pull(self, mode):
        """The data channel goes; `mode` is what is left."""
        self.is_streaming = False  # the meter drops the open window
        self.has_pulses = mode == "pulse_only"
        self.ways.mode(mode)

    def plug(self, is_resumed=True):
        self.has_pulses = True
        self.ways.mode("both")
        self.start(is_resumed)

    def save(self):
        self.energy.settle(1)
        record = {"energy": self.energy.record(), "ways": self.ways.record()}
        self.saved = json.dumps(record)

    def net(self):
        """Net active energy of A, B, C and the total, mWh, with the open window."""
        self.close()
        self.energy.settle(1)
        cells = self.energy.cells
        return [cells[6 * row] - cells[6 * row + 1] for row in range(4)]

    def kinds(self):
        """What events there were, each kind once, sorted; forgotten."""
        kinds = sorted({kind for kind, _ in self.events})
        self.events = []
        return kinds


def station(imp_per_kwh=1000):
    """(load, unit, terminal)."""
    load = Load()
    unit = Unit(load, imp_per_kwh)
    return load, unit, Terminal(load, unit)
