"""Counts executed instructions under QEMU's `-icount shift=6`: an instruction is 64 ns, 1.6 ticks
of the 25 MHz dual timer, which counts down. Counts are ticks here, the host divides. Never
allocates.
"""

import micropython
from micropython import const

_MASK = const(0x1FFFFFFF)  # 29 bits: a small int on a 32-bit port, 335 million instructions


@micropython.viper
def ticks() -> int:
    timer = ptr32(0x40002000)
    return ~timer[1] & 0x1FFFFFFF


def of(run, n):
    """Ticks of run(n), with the price of asking."""
    start = ticks()
    run(n)
    return ticks() - start & _MASK


def nothing(n):
    pass


@micropython.asm_thumb
def loop(r0):
    """Two instructions a round: what the method is checked against."""
    label(AGAIN)
    sub(r0, 1)
    bne(AGAIN)
