"""`machine` of the virtual board: the silicon under the firmware on the MicroPython unix port.

Found before the built-in one because this folder is first on the path; lives on the host,
never on the board's flash. Some names exist here only, for the board file: `edge_us`, `ticks_us`,
`utc_us`, `pump`, `slot_pump` and `raw_reset`. Everything else is as on a microcontroller (a subset
of it).
"""

import asyncio

import flash
import shim_flag
import shim_poll
from shim_i2c import I2C
from shim_pin import Pin, chip_bus, slot_bus
from shim_spi import SPI
from shim_system import (
    DEEPSLEEP_RESET,
    HARD_RESET,
    PWRON_RESET,
    RTC,
    SOFT_RESET,
    WDT,
    WDT_RESET,
    freq,
    raw_reset,
    reset,
    reset_cause,
    soft_reset,
    unique_id,
    utc_us,
)
from shim_timer import Timer
from shim_uart import UART
from umachine import PinBase, Signal, idle, mem8, mem16, mem32, time_pulse_us

asyncio.ThreadSafeFlag = shim_flag.Flag
shim_poll.reserve(asyncio.core._io_queue.poller)


def edge_us():
    """`ticks_us` of the edge whose handler is running; of now outside a handler."""
    for bus in (chip_bus, slot_bus):
        if bus.stamp >= 0:
            return bus.stamp
    return chip_bus.ticks_us()


def ticks_us():
    """As time.ticks_us, by the chip's crystal: what it stood still in lockstep never was."""
    return chip_bus.ticks_us()


def journal():
    """What of the flash is no file system, as a block device, or None."""
    return flash.tail


def pump():
    """Coroutine that delivers the chip's edges to the Pin handlers for ever. Run one."""
    return chip_bus.pump()


def slot_pump():
    """As `pump`, for the edges of the backplane."""
    return slot_bus.pump()


__all__ = (
    "DEEPSLEEP_RESET",
    "HARD_RESET",
    "I2C",
    "PWRON_RESET",
    "Pin",
    "PinBase",
    "RTC",
    "SOFT_RESET",
    "SPI",
    "Signal",
    "Timer",
    "UART",
    "WDT",
    "WDT_RESET",
    "edge_us",
    "freq",
    "idle",
    "mem16",
    "mem32",
    "mem8",
    "pump",
    "raw_reset",
    "reset",
    "reset_cause",
    "slot_pump",
    "soft_reset",
    "ticks_us",
    "time_pulse_us",
    "unique_id",
    "utc_us",
)
