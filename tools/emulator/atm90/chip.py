"""The ATM90E36A or ATM90E32AS as one object, with the face the emulator's server wants.

Register mode only: no DMA, no DFT, no harmonics, no temperature. Time passes by step(), a page of
16 samples. CF1 and ZX0 are on the pins where the station wires CF1 and CF3.
"""

import binascii

import numpy as np

from tools.emulator import status as st
from tools.emulator.atm90.measure import Measure
from tools.emulator.atm90.registers import ENERGIES, PHASES, VARIANTS
from tools.emulator.filters import PAGE

_READY = 80  # samples from reset to the first answer [U]
_RESET_KEY, _ACCESS_KEY = 0x789A, 0x55AA
_POWER_UP, _CALIBRATE, _OPERATE = 0x6886, 0x5678, 0x8765
_SAG_BIT, _LOSS_BIT = 3, 2  # of SysStatus0 [U]
_SAG_STATE, _LOSS_STATE = 14, 10  # phase A of EMMState1; B and C below
_FULL = 0xFFFF


class _Position:
    position = 0.0


class _NoBuffer:
    """No samples to be read in time: the crystal never waits."""

    is_given_up = is_streaming = is_announcing_next = False
    overwrites = 0

    def would_lose(self):
        return False

    def awaits_check(self):
        return False


class _Count:
    count = 0


class Chip:
    def __init__(self, plant, name):
        self.plant = plant
        self.map = VARIANTS[name]
        self.n = 0
        self.pins = st.Pins()
        self.status = _Position()
        self.buffer = _NoBuffer()
        self.pulses = [_Count()]
        self.access = self  # for the control socket
        self.words = [0] * 0x400
        self.measure = Measure(lambda register: self.words[self.map.names[register]])
        self.is_watching_dready = False
        self.patience = 2 * PAGE
        self._is_reset_low = False
        self.reset()

    # power

    @property
    def is_alive(self):
        return not self._is_reset_low and self.n >= self._ready_at

    def reset(self, is_hard=True):
        self._ready_at = self.n + (_READY if is_hard else 0)
        self.words[:] = [0] * 0x400
        for address, value in self.map.reset.items():
            self.words[address] = value
        self._wanted = {}  # checksum register: what was written to it
        self.measure.clear()
        self.pulses[0].count = 0
        self._rise_at = None
        for pin in range(6):
            self.pins.drive(pin, 1, float(self.n))

    def set_reset_pin(self, level):
        was_low, self._is_reset_low = self._is_reset_low, not level
        if was_low != self._is_reset_low:
            self.reset()

    def set_power_mode(self, bit, level):
        """This part has no PM pins in the station."""

    # registers

    def read(self, address):
        return self._computed(address)

    def was_read(self, address, value):
        """A whole frame read it: the echo is renewed, then read-clear registers are cleared."""
        if address == self.map.last:
            return
        self.words[self.map.last] = value
        if address in self.map.read_clear:
            # what came since it was latched stays for the next reading
            held = self.words[address]
            is_energy = address >= ENERGIES[0][1]
            self.words[address] = max(0, held - value) if is_energy else held & ~value

    def write(self, address, value):
        self.words[self.map.last] = value
        if address == self.map.soft_reset:
            if value == _RESET_KEY:
                self.reset(is_hard=False)
        elif address in self.map.config and self.words[self._at("CfgRegAccEn")] != _ACCESS_KEY:
            return
        elif address in [block[3] for block in self.map.blocks]:
            self._wanted[address] = value
        elif self._is_writable(address):
            self.words[address] = value
            for start, first, last, _, _ in self.map.blocks:
                if address == start and value == _CALIBRATE:
                    for register in range(first, last + 1):
                        self.words[register] = self.map.reset.get(register, 0)

    def _at(self, name):
        return self.map.names[name]

    def _is_writable(self, address):
        return address < 0x70 and address not in self.map.read_clear or address == 0x7F

    def _computed(self, address):
        for _, first, last, checksum, _ in self.map.blocks:
            if address == checksum:
                return self._checksum(first, last)
        if self.map.names.get("CRCDigest") == address:
            data = b"".join(self.words[a].to_bytes(2, "big") for a in range(0x30, 0x70))
            return binascii.crc_hqx(data, 0)
        return self.words[address]

    def _checksum(self, first, last):
        """CS0..CS3: low byte the sum, high byte the exclusive or, of all bytes."""
        data = [b for a in range(first, last + 1) for b in self.words[a].to_bytes(2, "big")]
        mixed = 0
        for byte in data:
            mixed ^= byte
        return mixed << 8 | sum(data) & 0xFF

    def _errors(self):
        """Error bits of the checksums; they stop the metering."""
        bits = 0
        for start, first, last, checksum, bit in self.map.blocks:
            mode = self.words[start]
            wrong = self._wanted.get(checksum, 0) != self._checksum(first, last)
            if mode not in (_POWER_UP, _CALIBRATE) and (mode != _OPERATE or wrong):
                bits |= 1 << bit
        return bits

    # for the control socket

    def find(self, reg):
        """Address of a name or a hexadecimal number; ValueError for neither."""
        if isinstance(reg, str) and reg in self.map.names:
            return self.map.names[reg]
        address = reg if isinstance(reg, int) else int(str(reg), 16)
        if not 0 <= address < 0x400:
            raise ValueError("beyond the map")
        return address

    def is_computed(self, address):
        return address >= 0x80 or self._computed(address) != self.words[address]

    def peek(self, address):
        return self._computed(address)

    def poke(self, address, value):
        self.words[address] = value & _FULL

    def truth(self):
        """Energy counts that were read out of each register, that is: made and no more held."""
        return {
            "counts_taken": {
                name + phase: int(self.measure.counts[row, k]) - self.words[first + 1 + k]
                for row, (name, first) in enumerate(ENERGIES)
                for k, phase in enumerate(PHASES)
            }
        }

    # time

    def step(self):
        start = self.n
        share = self.plant.step()
        self.n = start + PAGE
        self.status.position = float(self.n)
        if not self.is_alive:
            return
        crossings = self.measure.step(share, start)
        self._show_crossings(crossings)
        self._state(self._errors())
        self._results()

    def _show_crossings(self, crossings):
        config = self.words[self._at("ZXConfig")]
        for position, row, is_rising in crossings:
            kind = config >> 1 & 3  # ZX0: 0 positive, 1 negative, 2 all, 3 none [U]
            if row == 0 and not config & 1 and kind in (2, 0 if is_rising else 1):
                self.pins.drive(st.CF3, int(is_rising), position)
                if kind != 2:
                    self.pins.drive(st.CF3, int(not is_rising), position + 8)

    def _state(self, errors):
        sag, loss = self.measure.below("SagTh"), self.measure.below("PhaseLossTh")
        names = self.map.names
        if "SysStatus0" in names:
            bits = errors | bool(sag.any()) << _SAG_BIT | bool(loss.any()) << _LOSS_BIT
            self.words[names["SysStatus0"]] |= int(bits)
        else:
            state = sum(int(sag[k]) << _SAG_STATE - k for k in range(3))
            state |= sum(int(loss[k]) << _LOSS_STATE - k for k in range(3))
            self.words[names["EMMState1"]] = state
        is_on = "MeterEn" not in names or self.words[names["MeterEn"]]
        if is_on and not errors:
            self._meter()

    def _meter(self):
        fresh, pulses = self.measure.energy()
        for row, (_, first) in enumerate(ENERGIES):
            for k in range(3):
                self._count(first + 1 + k, int(fresh[row, k]))
            self._count(first, int(fresh[row].sum()))
        self.pulses[0].count = self.measure.pulses
        if self._rise_at is not None and self._rise_at <= self.n:
            self.pins.drive(st.CF1, 1, self._rise_at)
            self._rise_at = None
        if pulses and self._rise_at is None:
            self.pins.drive(st.CF1, 0, float(self.n))
            self._rise_at = self.n + self.measure.low_samples()

    def _count(self, address, fresh):
        self.words[address] = min(_FULL, self.words[address] + fresh)  # full is full [U]

    def _results(self):
        m = self.measure
        for k in range(3):
            self._wide(0xD9 + k, m.u[k] * 100)
            self._wide(0xDD + k, m.i[k] * 1000)
            self._wide(0xB1 + k, m.p[k])
            self._wide(0xB5 + k, m.q[k])
        self._wide(0xB0, m.p.sum() / 4)
        self._wide(0xB4, m.q.sum() / 4)
        self._wide(0xD8, m.i[3] * 1000)
        period = m.zero.period(0, self.words[self._at("MMode0")] >> 12 & 1, self.n)
        self.words[self._at("Freq")] = round(8000.0 * 65536 / (period + 1) * 100)

    def _wide(self, address, value):
        """Sixteen bits, and 16 addresses on the next eight (1/256) in the upper byte."""
        code = int(np.floor(value * 256 + 0.5))
        self.words[address] = code >> 8 & _FULL
        self.words[address + 0x10] = (code & 0xFF) << 8
