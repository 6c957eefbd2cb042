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
SLOTS = (1, 2, 3, 4, 5, 6)
SPI_HZ = 20000000  # the prescaler picks the next lower rate
_backplane = machine.I2C(1, freq=400000)  # B8 B9
# UART number, presence, power, reset, interrupt, in the order of SLOTS. UART 3 is the prompt's
# (ST-LINK), more are not wired in this port: slot 6 is for modules that need I2C only.
_SLOT_WIRES = (
    (2, "E2", "F2", "E8", "F10"),  # D5 D6
    (6, "E3", "F3", "E10", "C12"),  # C6 C7
    (7, "E4", "F4", "E12", "G2"),  # F7 F6
    (8, "E5", "F5", "E15", "G3"),  # E1 E0
    (5, "E6", "F8", "G0", "A15"),  # B6 B12
    (0, "E7", "F9", "G1", "C8"),
)


def clock():
    """Arguments of core.clock.Clock."""
    return time.ticks_us, time.ticks_diff, wires.utc_ms, wires.utc_us


set_utc = wires.set_utc


def metrology():
    spi = machine.SPI(3, baudrate=SPI_HZ, polarity=0, phase=0)  # B3 B4 B5
    pins = ("D24", "D7", "D2", "D3", "D5", "D6")  # A4 G12 G14 E13 E11 E9
    return wires.Metrology(spi, *pins, time.ticks_us, is_hard=True)


def slot(number):
    """The wires of a slot."""
    pin = machine.Pin
    uart, presence, power, reset, interrupt = _SLOT_WIRES[number - 1]
    return wires.SlotWires(
        number,
        _backplane,
        pin(presence, pin.IN, pin.PULL_UP),
        pin(power, pin.OUT, value=0),
        pin(reset, pin.OUT, value=1),
        _maker(uart) if uart else None,
        pin(interrupt, pin.IN, pin.PULL_UP),
        time.ticks_us,
        lambda: machine.Timer(-1),  # virtual, of the port's own tick interrupt
    )


def _maker(uart):
    # STM32 counts the parity bit among the data bits' frame by itself
    return lambda baud, parity: machine.UART(
        uart, baud, bits=8, parity=parity, stop=1, timeout=0, rxbuf=512
    )


def journal():
    """None: the sectors of the chip's own flash have 128 KB, and there is no other."""


def supply():
    """The line of the supply."""
    return wires.Supply("F1", time.ticks_us, is_hard=True)


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


# The port reads and clears the flags of RCC_RSR before Python runs: its word is all there is. It
# calls a brownout (BORRSTF) a power-on, and both watchdogs one; a fault ends in its own reset.
reset_cause = wires.reset_cause
temperature = None  # the port measures none without calibration
unique_id = machine.unique_id
kernels = thumb
