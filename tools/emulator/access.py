"""What a completed SPI access does: read side effects, access rules, lock, write side effects."""

import numpy as np

from tools.emulator.registers import (
    ADDRESS,
    COPIES,
    FIELD_MASK,
    NAME,
    is_locked_range,
    is_writable,
    width,
)

_LOCK, _UNLOCK = 0x3C64, 0x4AD1


class Access:
    def __init__(self, chip):
        self.chip = chip
        self.registers = chip.registers
        adc = chip.plant.adc
        self._hooks = {  # name -> function(old, new) after a change
            "RUN": self._run,
            "CONFIG1": self._config1,
            "WFB_CFG": chip.buffer.configure,
            "WFB_TRG_CFG": self._trigger_config,
            "EP_CFG": self._energy_config,
            "CRC_FORCE": self._crc_force,
            "PGA_GAIN": lambda old, new: adc.set_pga(new),
            "CHNL_DIS": lambda old, new: adc.set_disabled(new),
            "WTHR": self._pulses,
            "VARTHR": self._pulses,
            "VATHR": self._pulses,
            "CFMODE": self._pulses,
            "COMPMODE": self._pulses,
            "CF1DEN": self._pulses,
            "CF2DEN": self._pulses,
            "CF3DEN": self._pulses,
            "CF4DEN": self._pulses,
            "MASK0": self._refresh,
            "MASK1": self._refresh,
            "EVENT_MASK": self._refresh,
        }
        self.reset()

    def reset(self):
        self.clears_on_read = False  # EP_CFG RD_RST_EN
        self._is_locked = False
        self._is_trigger_forced = False

    def read(self, address):
        """Register code as the SPI sees it, with the side effects of reading."""
        address = COPIES.get(address, address)
        if address >= 0x800:
            return self.chip.buffer.word(address)
        return self._value(address)

    def peek(self, address):
        """Like read(), without the side effects."""
        address = COPIES.get(address, address)
        if address >= 0x800:
            return self.chip.buffer.word(address, is_read=False)
        clears, self.clears_on_read = self.clears_on_read, False
        value = self._value(address)
        self.clears_on_read = clears
        return value

    def _value(self, address):
        if address == ADDRESS["WR_LOCK"]:
            return int(self._is_locked)
        reader = self.chip.results.readers.get(address)
        value = reader() if reader is not None else self.registers.words[address]
        return value & (1 << 8 * width(address)) - 1

    def write(self, address, value):
        """A completed write; what the lock or the map forbids has no effect."""
        if address == ADDRESS["WR_LOCK"]:
            self._is_locked = value == _LOCK or self._is_locked and value != _UNLOCK
        elif is_writable(address) and not (self._is_locked and is_locked_range(address)):
            name = NAME[address]
            if name in ("STATUS0", "STATUS1"):
                self.chip.status.clear(name, value)
            else:
                self._store(address, value & FIELD_MASK.get(name, 0xFFFFFFFF))

    def find(self, reg):
        """Address of a name or a hexadecimal number; ValueError for neither."""
        if isinstance(reg, str) and reg in ADDRESS:
            return ADDRESS[reg]
        address = reg if isinstance(reg, int) else int(str(reg), 16)
        if not 0 <= address <= 0xFFF:
            raise ValueError("beyond the map")
        return address

    def is_computed(self, address):
        """Nothing is stored there that could be upset."""
        return address in COPIES or address >= 0x800 or address in self.chip.results.readers

    def truth(self):
        """Nothing that the registers do not tell."""
        return {}

    def poke(self, address, value):
        """Change a stored register as an upset would: no lock, no access rules."""
        self._store(address, value & (1 << 8 * width(address)) - 1)
        self.chip.status.refresh()

    def take_forced_trigger(self):
        """TRIG_FORCE was written since the last page."""
        forced, self._is_trigger_forced = self._is_trigger_forced, False
        return forced

    def _store(self, address, value):
        old = self.registers.words[address]
        self.registers.words[address] = value
        self.chip.crc.changed(address, self.chip.n)
        if address < 0x100:
            self.chip.dsp.configure()
        hook = self._hooks.get(NAME.get(address, ""))
        if hook is not None:
            hook(old, value)

    def _refresh(self, old, new):
        self.chip.status.refresh()

    def _pulses(self, old, new):
        self.chip.configure_pulses()

    def _run(self, old, new):
        if new and not old:
            self.chip.clear_results()
        elif old and not new:
            self.chip.dsp.x = np.zeros_like(self.chip.dsp.x)

    def _config1(self, old, new):
        if new & 1:  # SWRST
            self.chip.reset(is_hard=False)
            return
        if new >> 5 & 1:  # CF_ACC_CLR
            self.chip.clear_pulses()
        self.chip.status.refresh()

    def _energy_config(self, old, new):
        self.clears_on_read = bool(new >> 5 & 1)
        if new & 1 and not old & 1:
            self.chip.energy.restart()

    def _trigger_config(self, old, new):
        self._is_trigger_forced = bool(new >> 10 & 1)

    def _crc_force(self, old, new):
        if new & 1:
            self.chip.crc.force(self.chip.n)
