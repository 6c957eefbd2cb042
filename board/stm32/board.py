"""STM32H743 on a NUCLEO-H743ZI: Arduino header pins as the port names them. Compiled and
type-checked, not run on silicon yet. Pin numbers within the ports differ, since interrupt lines
are shared by equal ones.
"""

import time

import machine
import network as lan

from board import thumb, wires

NAME = "STM32H743"
ARCH = "armv7emsp"
SLOTS = ((1, 2), (2, 6))  # slot number, UART number
SPI_HZ = 20000000  # the prescaler picks the next lower rate
_MODULES = {1: "rs485"}  # until the bay reads identities


def clock():
    """Arguments of core.clock.Clock."""
    return time.ticks_us, time.ticks_diff, wires.utc_ms, wires.utc_us


def metrology():
    spi = machine.SPI(3, baudrate=SPI_HZ, polarity=0, phase=0)  # B3 B4 B5
    pins = ("D24", "D7", "D2", "D3", "D5", "D6")  # A4 G12 G14 E13 E11 E9
    return wires.Metrology(spi, *pins, time.ticks_us, is_hard=True)


def module(slot):
    """Type of the module in `slot`, None when it is empty."""
    return _MODULES.get(slot)


def port(slot, baud, parity):
    """The slot's serial port; parity None, 0 (even) or 1 (odd). OSError when not wired."""
    uart = wires.uart_of(SLOTS, slot)
    # STM32 counts the parity bit among the data bits' frame by itself
    return machine.UART(uart, baud, bits=8, parity=parity, stop=1, timeout=0, rxbuf=512)


def watchdog(timeout_ms):
    return wires.Watchdog(timeout_ms, -1)


async def network():
    """Bring up Ethernet by DHCP, within a bound."""
    ethernet = lan.LAN()
    ethernet.active(True)
    await wires.joined(ethernet)


def background():
    """(name, coroutine function) of what the port needs to have running: nothing."""
    return ()


reset_cause = wires.reset_cause
unique_id = machine.unique_id
kernels = thumb
