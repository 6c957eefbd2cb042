"""ESP32-S3 (N16R8 module, 240 MHz): pins of the reference carrier. Compiled and type-checked,
not run on silicon yet. The port's SPI(1) is the chip's SPI2, here on its IOMUX pins. Pin
interrupts are soft on this port: a stamp is late by what runs at the time.
"""

import time

import esp32
import machine
import network as wlan
from esp32 import Partition
from micropython import const

from board import wires
from board.esp32s3 import expander

NAME = "ESP32-S3"
ARCH = "xtensawin"
SLOTS = (1, 2, 3, 4, 5, 6)
SPI_HZ = 20000000
_UARTS = (1, 2)  # UART 0 is the prompt's
# tx, rx in the order of SLOTS; the transceivers switch direction themselves
_UART_PINS = ((17, 18), (15, 16), (1, 2), (21, 38), (39, 40), (41, 42))
_taken = {}  # UART: the port that has it, or None
_INTERRUPT = 47  # of all slots: their open drains are wired together
_backplane = machine.I2C(0, scl=7, sda=8, freq=400000)
# slots have no pins left for these: port A reads presence, port B is power; resets are port A
_lines = expander.Expander(_backplane, 0x20, 0x00FF)
_resets = expander.Expander(_backplane, 0x27, 0xFF00)


def clock():
    """Arguments of core.clock.Clock."""
    return time.ticks_us, time.ticks_diff, wires.utc_ms, wires.utc_us


set_utc = wires.set_utc


def metrology():
    spi = machine.SPI(1, baudrate=SPI_HZ, polarity=0, phase=0, sck=12, mosi=11, miso=13)
    return wires.Metrology(spi, 10, 9, 4, 5, 6, 14, time.ticks_us)


def slot(number):
    """The wires of a slot."""
    at = number - 1
    return wires.SlotWires(
        number,
        _backplane,
        expander.Pin(_lines, at),
        expander.Pin(_lines, 8 + at, 0),
        expander.Pin(_resets, at, 1),
        lambda baud, parity: _uart(number, baud, parity),
        machine.Pin(_INTERRUPT, machine.Pin.IN, machine.Pin.PULL_UP),
        time.ticks_us,
        _Timer,
        wlan.PPP,
    )


def _uart(slot, baud, parity):
    """Any pin can be any UART's: a slot takes one that nobody has."""
    for uart in _UARTS:
        if _taken.get(uart) is None:
            break
    else:
        raise OSError("slot %d gets no serial port: the board has two, both are in use" % slot)
    tx, rx = _UART_PINS[slot - 1]
    port = _Port(uart, baud, bits=8, parity=parity, stop=1, timeout=0, tx=tx, rx=rx, rxbuf=512)
    _taken[uart] = port
    return port


class _Port(machine.UART):
    """A UART that is free again once it is closed."""

    def __init__(self, uart, *args, **kw):
        super().__init__(uart, *args, **kw)
        self._uart = uart

    def deinit(self):
        if _taken[self._uart] is self:  # else it was closed before, and may be another's now
            _taken[self._uart] = None
            super().deinit()


class _Timer:
    """One of the chip's hardware timers while it runs; timer 0 is the watchdog's."""

    _free = [1, 2, 3]

    def init(self, mode, period, callback):
        """OSError when all are in use."""
        if not self._free:
            raise OSError("the board has three timers for slots, all are in use")
        self._id = self._free.pop()
        self._callback = callback
        self._timer = machine.Timer(self._id)
        self._timer.init(mode=mode, period=period, callback=self._over)

    def deinit(self):
        if self._id not in self._free:
            self._timer.deinit()
            self._free.append(self._id)

    def _over(self, _):
        self.deinit()
        self._callback(self)


def journal():
    """A data partition `journal` of 256 KB in the port's partition table, None without one."""
    found = Partition.find(Partition.TYPE_DATA, label="journal")
    return found[0] if found else None


def supply():
    """The line of the supply."""
    return wires.Supply(48, time.ticks_us)


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


# RTC_CNTL_RESET_STATE_REG, bits 5:0: the reset source of the core that runs Python (ESP32-S3
# technical reference manual, "Reset and Clock"). Not run on silicon yet.
_RESET_STATE = const(0x60008038)
_SOURCES = (
    (1, "power-on"),
    (15, "brownout"),
    (7, "task watchdog"),  # of timer group 0, which the system's task watchdog is
    (8, "watchdog"),  # of timer group 1: interrupts were off for too long
    (9, "watchdog"),  # of the RTC, and the last line
    (16, "watchdog"),
    (18, "watchdog"),
    (5, "deep sleep"),
)
_SOFTWARE = (3, 12)  # resets that the system asks for itself, after what it calls by another name


def reset_cause():
    """Why this boot happened. The port calls a brownout a power-on and three watchdogs one thing;
    the chip's register tells them apart. A panic and machine.reset() stay the same: hard."""
    source = machine.mem32[_RESET_STATE] & 0x3F
    told = wires.reset_cause()
    if told == "soft":  # the chip did not reset, the register is of the time before
        return told
    if source in _SOFTWARE:
        # the brownout detector and the task watchdog may end in a software reset: then the port
        # has the system's word for it, which is not what the register says
        return {"power-on": "brownout", "watchdog": "task watchdog"}.get(told, told)
    for number, word in _SOURCES:
        if source == number:
            return word
    return told


temperature = getattr(esp32, "mcu_temperature", None)  # of the chip, degrees Celsius
unique_id = machine.unique_id
kernels = None  # firmware/metering/kernels.py does
