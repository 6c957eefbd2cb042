"""An emulated 4G module: a modem as public manuals of the Quectel kind describe it."""

from tools.emulator.cellular.module import Module as Module
