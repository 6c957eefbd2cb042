"""An emulated carrier module: HPLC and micro-power radio, Q/GDW 1376.2 on its port, a network of
meters behind it. Built from the reference document; it shares no code with the firmware. The
meters are those of tools.station.devices."""

from tools.emulator.hplc.module import Module

__all__ = ["Module"]
