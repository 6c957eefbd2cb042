"""The emulated expansion modules by type. One with a package here is a `Module` in it:

    Module(port, slot, options)   see Port in module_port.py; options: a dict
    .chips                        {I2C address: chip}; a chip has write, read and is_answering
    .feed(data)                   bytes from the board's UART
    .power(on)                    power and reset together; it starts without
    .set(**values)                what it measures or a fault, by name; ValueError explains
    .status()                     a dict for people
    .close()                      it was pulled

Every other type is Plain: the chips that tools/emulator/chips.py says, and a UART that leads to
the type's peer.
"""

import importlib

from tools.emulator import chips

_PACKAGES = {
    "hplc": "tools.emulator.hplc",
    "cellular": "tools.emulator.cellular",
    "control": "tools.emulator.switchgear",
    "telemetry": "tools.emulator.telemetry",
}


class Plain:
    def __init__(self, kind, slot):
        self.chips = chips.of(kind, slot)

    def feed(self, data):
        """Nobody is there."""

    def power(self, on):
        """Its chips keep what they know."""

    def set(self, **values):
        found = [chip for chip in self.chips.values() if hasattr(chip, "set")]
        if not found:
            raise ValueError("this module holds nothing that can be set")
        for chip in found:
            chip.set(**values)

    def status(self):
        return {}

    def close(self):
        """Nothing to let go of."""


def of_class(kind):
    """The Module class of a type with a package; KeyError."""
    return importlib.import_module(_PACKAGES[kind]).Module


def of(kind, port, slot, options):
    """The module of that type for a slot."""
    if kind not in _PACKAGES:
        return Plain(kind, slot)
    return of_class(kind)(port, slot, options)
