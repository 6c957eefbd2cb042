"""An emulated 4G module: a modem that behaves as public manuals of the Quectel kind describe it."""

from tools.emulator.cellular.module import Module as Module
