"""The virtual board: MicroPython's unix port with the `machine` shim in this folder.

The shim is the silicon; this file is what a board's file always is: names, pins, ports. In
lockstep the shim's clock stands still together with the emulated crystal.
"""

import time

import machine

from board import wires

NAME = "virtual board"
ARCH = "x64"
SLOTS = (1, 2, 3, 4, 5, 6)
SPI_HZ = 20000000
_backplane = machine.I2C(1, freq=400000)


def clock():
    """Arguments of core.clock.Clock."""
    return machine.ticks_us, time.ticks_diff, lambda: machine.utc_us() // 1000, machine.utc_us


set_utc = wires.set_utc


def metrology():
    spi = machine.SPI(1, baudrate=SPI_HZ, polarity=0, phase=0)
    return wires.Metrology(spi, 10, 17, 4, 5, 6, 15, machine.edge_us)


def slot(number):
    """The wires of a slot. Its UART has the slot's number, its pins are 20 to 50 above."""
    pin = machine.Pin
    return wires.SlotWires(
        number,
        _backplane,
        pin(20 + number, pin.IN, pin.PULL_UP),
        pin(30 + number, pin.OUT, value=0),
        pin(40 + number, pin.OUT, value=1),
        lambda baud, parity: machine.UART(number, baud, bits=8, parity=parity, stop=1, timeout=0),
        pin(50 + number, pin.IN, pin.PULL_UP),
        machine.edge_us,
        machine.Timer,
    )


def journal():
    """The raw end of the flash as a block device, None when all of it is a file system."""
    return machine.journal()


def supply():
    """The line of the supply, on the backplane."""
    return wires.Supply(27, machine.edge_us)


class Watchdog:
    """The timers of this port do not run at the prompt: `hold` sets a day instead."""

    def __init__(self, timeout_ms):
        self.feed = machine.WDT(timeout=timeout_ms).feed

    def hold(self):
        machine.WDT(timeout=86400000)


watchdog = Watchdog


async def network():
    """The host's network is up already."""


def background():
    """(name, coroutine function) of what the port needs to have running."""
    return (("pins", machine.pump), ("slot pins", machine.slot_pump))


def reset_cause():
    """As wires.reset_cause; this board's silicon also knows brownouts and crashes."""
    return machine.raw_reset or wires.reset_cause()


temperature = None  # it has none
unique_id = machine.unique_id
kernels = None  # firmware/metering/kernels.py does
