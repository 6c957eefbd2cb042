"""The emulated Cortex-M3 (QEMU mps2-an385): runs code, carries no metrology IC and no slots."""

import time

from board import thumb

NAME = "QEMU Cortex-M3"
ARCH = "armv7m"
SLOTS = ()


def clock():
    """Arguments of core.clock.Clock; nobody sets a clock here."""
    return time.ticks_us, time.ticks_diff, lambda: 0


kernels = thumb
