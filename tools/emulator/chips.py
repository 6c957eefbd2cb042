"""Chips on the I2C bus besides the EEPROM, by module type. A module of yours gets a row here."""

import time

from tools.emulator.sht30 import Sht30


def _thermo(slot):
    # its ADDR pin is wired to A0 of the slot
    return {0x44 + slot % 2: Sht30(time.monotonic)}


# module type: maker(slot) of {I2C address: chip}
_MAKERS = {"thermo": _thermo}


def of(module, slot):
    """{I2C address: chip} of a module in a slot; a chip has write, read, is_answering, and `set`
    when something about it can be set from outside."""
    maker = _MAKERS.get(module)
    return maker(slot) if maker else {}
