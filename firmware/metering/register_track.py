"""What the samples and the IC's energy registers say since one reading both agreed on.

All energies are in quanta of the energy registers, six of them: P and Q of the phases A, B, C.
Registers are latched every 8 ms and read just after a burst, so the two sides mean the same
instant but for `_SKEW_MS`. A register wraps: between two readings it is taken for less than half
its range, which is true for `range_ms` at full scale.
"""

from array import array

from micropython import const

from firmware.core.crc import crc32
from firmware.metering.energy_registers import QUANTUM

_SCALE_BITS = const(48)
_RING_MASK = const(0x3FFFFFFF)
_RING_HALF = const(0x20000000)
_SKEW_MS = const(40)  # most by which a reading may be off, with what the meter skips after a gap


class Track:
    def __init__(self, energy, open_sums, register_ratio, bits, most_mw):
        """`open_sums(out)` are the product sums of the open window up to now (see the energy
        registers); the ratio is (num, den) in mWh a count; `bits` the width of a register in the
        IC; `most_mw` the largest power of a phase."""
        self.energy = energy
        self._open_sums = open_sums
        num, den = register_ratio
        self._scale = (num * energy.den << _SCALE_BITS) // (den * energy.num * QUANTUM)
        self._half = 1 << (bits - 1)
        self._mask = (1 << bits) - 1
        # most quanta of a phase in 2**20 ms
        self._most = (most_mw * energy.den << 20) // (3600000 * energy.num * QUANTUM) + 1
        self.range_ms = (self.quanta(self._half) << 20) // self._most * 15 // 16
        self._open = array("i", bytes(48))
        self._ring = array("i", bytes(24))
        self._ring_then = array("i", bytes(24))  # at the last reading
        self._then = [0] * 6  # registers at the last reading
        self.anchor = [0] * 6  # registers where both agreed
        self.zero = [0] * 6  # what the link adds to the registers of the IC
        self.r = [0] * 6  # registers since the anchor
        self.s = [0] * 6  # samples since the anchor
        self.step_r = [0] * 6  # the same since the last reading
        self.step_s = [0] * 6
        self._level = [0] * 6  # step_s of the reading before

    def quanta(self, counts):
        return counts * self._scale >> _SCALE_BITS

    def most(self, ms):
        """Most quanta of a phase in so many ms."""
        return self._most * ms >> 20

    def measure(self, wh, varh):
        """A reading: active and reactive counts of three phases."""
        self._open_sums(self._open)
        self.energy.ring(self._open, self._ring)
        for k in range(6):
            count = varh[k >> 1] if k & 1 else wh[k >> 1]
            self._level[k] = self.step_s[k]
            self.step_r[k] = self.quanta(self._between(self._then[k], count))
            self.r[k] = self.quanta(self._between(self.anchor[k], count))
            self._then[k] = count
        self._count_samples()

    def _between(self, then, now):
        step = (now - then) & self._mask
        return step - self._mask - 1 if step >= self._half else step

    def _count_samples(self):
        for k in range(6):
            step = ((self._ring[k] - self._ring_then[k] + _RING_HALF) & _RING_MASK) - _RING_HALF
            self._ring_then[k] = self._ring[k]
            self.step_s[k] = step
            self.s[k] += step

    def rebase(self):
        """The last reading is the anchor from now on."""
        for k in range(6):
            self.anchor[k] = self._then[k]
            self.s[k] = self.r[k] = 0

    def begin_at_zero(self):
        """The IC was reset: its registers begin at zero, the link goes on from the last reading;
        samples are counted from now."""
        self.energy.ring(None, self._ring)
        self._count_samples()
        for k in range(6):
            self.zero[k] = self._then[k]
        self.rebase()

    def agrees(self):
        """Do both sides tell the same since the anchor, as far as one reading can show?"""
        return self._is_near(self.r, self.s, 0)

    def follows(self, missing_ms):
        """The same since the last reading, when `missing_ms` of the samples are missing."""
        return self._is_near(self.step_r, self.step_s, self.most(missing_ms))

    def _is_near(self, registers, samples, missing):
        # 1/32, for some 30 ms of a second; the power before, should the load have gone just now
        floor = missing + self.most(1)
        active = 0
        for k in range(6):
            size = (abs(registers[k]) + abs(samples[k])) // 64 + abs(self._level[k]) // 32
            if k & 1:
                size += active + size  # the IC's own way to a quarter cycle: harmonics differ
            else:
                active = size
            if abs(registers[k] - samples[k]) > size + floor:
                return False
        return True

    def off(self, registers, samples):
        """Most quanta by which a phase differs."""
        return max([abs(r - s) for r, s in zip(registers, samples)])

    def is_plausible(self, missing_ms):
        """Could the registers have counted what they say more while so much was missing?"""
        most = self.most(missing_ms + _SKEW_MS)
        for k in range(6):
            size = (abs(self.r[k]) + abs(self.s[k])) // 64
            if abs(self.r[k] - self.s[k]) > most + size:
                return False
        return True

    def is_from_zero(self, elapsed_ms):
        """Can the registers have begun at zero within this time?"""
        most = self.most(elapsed_ms)
        for k in range(6):
            if abs(self.quanta(self._between(self.zero[k], self._then[k]))) > most:
                return False
        return True

    def total(self, values):
        """Active energy of all phases."""
        return values[0] + values[2] + values[4]

    def record(self):
        """{"reg": where the registers of the IC stood, or would have, for what the samples are
        in the energy registers now; "scale"}."""
        self.energy.ring(None, self._ring)
        reg = []
        for k in range(6):
            late = ((self._ring[k] - self._ring_then[k] + _RING_HALF) & _RING_MASK) - _RING_HALF
            since = (self.s[k] + late << _SCALE_BITS) // self._scale
            reg.append((self.anchor[k] - self.zero[k] + since) & self._mask)
        return {"reg": reg, "scale": self._signature()}

    def _signature(self):
        """32 bits that differ when other settings make another energy of the same counts."""
        return crc32(b"%d %d" % (self._scale, self.energy.mwh(QUANTUM << 20)))

    def resume(self, record):
        """Go on from a record. True when it fits; else nothing changed."""
        reg = record.get("reg")
        if record.get("scale") != self._signature() or not _six(reg):
            return False
        for k in range(6):
            self.anchor[k] = self._then[k] = reg[k] & self._mask
            self.s[k] = 0
        return True


def _six(values):
    return isinstance(values, list) and len(values) == 6 and {type(v) for v in values} == {int}
