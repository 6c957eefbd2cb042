"""ESP32-S3 (N16R8 module, 240 MHz): pins of the reference carrier. Compiled and type-checked,
not run on silicon yet. The port's SPI(1) is the chip's SPI2, here on its IOMUX pins. Pin
interrupts are soft on this port: a stamp is late by what runs at the time.
"""

import time

import machine
import network as wlan

from board import wires

NAME = "ESP32-S3"
ARCH = "xtensawin"
SLOTS = ((1, 1), (2, 2))  # slot number, UART number
SPI_HZ = 20000000
_UART_PINS = {1: (17, 18), 2: (15, 16)}  # tx, rx; the transceivers switch direction themselves
_MODULES = {1: "rs485"}  # until the bay reads identities


def clock():
    """Arguments of core.clock.Clock."""
    return time.ticks_us, time.ticks_diff, wires.utc_ms, wires.utc_us


def metrology():
    spi = machine.SPI(1, baudrate=SPI_HZ, polarity=0, phase=0, sck=12, mosi=11, miso=13)
    return wires.Metrology(spi, 10, 9, 4, 5, 6, 14, time.ticks_us)


def module(slot):
    """Type of the module in `slot`, None when it is empty."""
    return _MODULES.get(slot)


def port(slot, baud, parity):
    """The slot's serial port; parity None, 0 (even) or 1 (odd). OSError when not wired."""
    uart = wires.uart_of(SLOTS, slot)
    tx, rx = _UART_PINS[uart]
    return machine.UART(
        uart, baud, bits=8, parity=parity, stop=1, timeout=0, tx=tx, rx=rx, rxbuf=512
    )


def watchdog(timeout_ms):
    return wires.Watchdog(timeout_ms, 0)


async def network():
    """Join the access point stored by the port (`network.WLAN().config`), within a bound."""
    station = wlan.WLAN(wlan.STA_IF)
    station.active(True)
    if not station.isconnected():
        station.connect()
    await wires.joined(station)


def background():
    """(name, coroutine function) of what the port needs to have running: nothing."""
    return ()


reset_cause = wires.reset_cause
unique_id = machine.unique_id
kernels = None  # firmware/metering/kernels.py does
