"""The control module on a desk: `Module` is what the backplane plugs (type control)."""

from tools.emulator.switchgear.module import Module

__all__ = ["Module"]
