"""An emulated telemetry module: its two chips, what hangs on its inputs, and its faults."""

from tools.emulator.telemetry.module import Module

__all__ = ["Module"]
