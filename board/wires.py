"""What every board wires the same way: metrology SPI and pins, slots, UTC. Pin numbers come
from the board's own `board.py`; this file and those are the only ones that import `machine`.
"""

import asyncio
import time

import machine
from micropython import const

from firmware.core import civil

_RESET_US = const(200)  # more than any module's reset input asks for
_NETWORK_MS = const(30000)  # longest wait for a link; the uplink goes on trying without

_SLOTS = const(6)
_attentions = []  # of the interrupt lines that somebody attended to

_EPOCH_2000_US = 946684800000000  # ports differ: time.time() counts from 1970 or from 2000


def utc_us():
    """UTC in us since 1970, on every port."""
    us = time.time_ns() // 1000
    return us + _EPOCH_2000_US if time.gmtime(0)[0] == 2000 else us


def utc_ms():
    """UTC in ms since 1970."""
    return utc_us() // 1000


def set_utc(us):
    """Sets the battery clock: UTC in us since 1970. Some keep whole seconds only, so call it when
    one begins; their calendars end with 2099, later years are not set."""
    moment = civil.moment(us // 1000)
    if moment[0] < 2100:
        weekday = (us // 86400000000 + 3) % 7 + 1  # Monday is 1, for the STM32
        machine.RTC().datetime(moment[:3] + (weekday,) + moment[3:] + (us % 1000000,))


class Metrology:
    """The metrology unit's wires: SPI with its select, /RESET, and the pulse channel's inputs."""

    def __init__(self, spi, cs, reset, irq0, irq1, cf1, zx, stamp_us, is_hard=False):
        """Pin names or numbers as the port takes them; `stamp_us()` gives the time of the edge
        being handled; `is_hard`: the port has hard pin interrupts."""
        self._how = {"hard": True} if is_hard else {}
        self.spi = spi
        self.select = machine.Pin(cs, machine.Pin.OUT, value=1)
        self.reset = machine.Pin(reset, machine.Pin.OUT, value=1)
        self.stamp_us = stamp_us
        # open-drain interrupt lines need the pull-up; the CF and ZX outputs do not mind it
        self._inputs = [
            machine.Pin(n, machine.Pin.IN, machine.Pin.PULL_UP) for n in (irq0, irq1, cf1, zx)
        ]

    def attach(self, pulses):
        """Connect the ISRs of a link.pulse.PulseChannel."""
        falling = machine.Pin.IRQ_FALLING
        for pin, edge, trigger in zip(
            self._inputs,
            (pulses.page, pulses.event, pulses.cf1, pulses.zx),
            (falling, falling, falling, machine.Pin.IRQ_RISING | falling),
        ):
            pin.irq(edge.hit, trigger, **self._how)


class Supply:
    """The line that is low while the supply has failed and the terminal runs on what is stored."""

    def __init__(self, pin, stamp_us, is_hard=False):
        """`pin`: a number or name as the port takes it; `stamp_us()` and `is_hard` as above."""
        self._how = {"hard": True} if is_hard else {}
        self._pin = machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP)
        self.stamp_us = stamp_us

    def is_good(self):
        return bool(self._pin())

    def attend(self, handler):
        """handler(pin) at each falling edge, from the interrupt."""
        self._pin.irq(handler, machine.Pin.IRQ_FALLING, **self._how)


class Watchdog:
    """The hardware watchdog. It cannot be stopped: while a person has the prompt, `hold` lets a
    hardware timer feed it, so that a file copy is not cut off by a reset."""

    def __init__(self, timeout_ms, timer_id):
        self._wdt = machine.WDT(timeout=timeout_ms)
        self._timer_id = timer_id
        self._period_ms = timeout_ms // 3
        self.feed = self._wdt.feed

    def hold(self):
        machine.Timer(
            self._timer_id,
            mode=machine.Timer.PERIODIC,
            period=self._period_ms,
            callback=lambda _: self._wdt.feed(),
        )


_CAUSES = (
    ("PWRON_RESET", "power-on"),  # and a brownout, on every port
    ("HARD_RESET", "hard"),  # and a panic
    ("WDT_RESET", "watchdog"),
    ("DEEPSLEEP_RESET", "deep sleep"),
    ("SOFT_RESET", "soft"),
)


def reset_cause():
    """Why this boot happened, a word of firmware/supervisor/boots.py, as far as the port tells."""
    cause = machine.reset_cause()
    for name, word in _CAUSES:
        if cause == getattr(machine, name, None):
            return word
    return "unknown"


class _Attention:
    """Who wants to know of an interrupt line: where all slots share one, any may be meant."""

    def __init__(self, pin):
        self.pin = pin
        self._handlers = [None] * (_SLOTS + 1)
        self._hit = self.hit  # a bound method is made once

    def attend(self, number, handler):
        self._handlers[number] = handler
        is_wanted = [True for one in self._handlers if one is not None]
        self.pin.irq(self._hit if is_wanted else None, self.pin.IRQ_FALLING)

    def hit(self, pin):
        """The interrupt; allocates nothing."""
        for number in range(1, _SLOTS + 1):
            handler = self._handlers[number]
            if handler is not None:
                handler(pin)


class SlotWires:
    """What leads to one slot of the expansion bay. All slots share the I2C bus."""

    def __init__(
        self,
        number,
        i2c,
        presence,
        power,
        reset,
        make_uart=None,
        interrupt=None,
        stamp_us=None,
        make_timer=None,
        make_ppp=None,
    ):
        """`presence`, `power` and `reset` are pins, called to read or drive them: presence is
        low while a module is plugged, power is high while it is fed, reset low while it is held.
        `make_uart(baud, parity)` gives a new port, and is None where no UART is wired.
        `interrupt` is a machine.Pin, low while the module asks for attention; where the board
        has one for all slots, any module may be the one. `stamp_us()`: time of the edge being
        handled. `make_timer()`: a machine.Timer; `make_ppp(port)`: a network interface."""
        self.number = number
        self.i2c = i2c  # of the backplane, or None
        self.interrupt = interrupt
        self.stamp_us = stamp_us
        self._make_timer = make_timer
        self._make_ppp = make_ppp
        self._presence = presence
        self._power = power
        self._reset = reset
        self._make_uart = make_uart
        self._port = None  # the one given out last

    def uart(self, baud, parity):
        """A new port; one given out before is closed. parity None, 0 (even) or 1 (odd). OSError
        with a sentence when there is none."""
        self._close()
        if self._make_uart is None:
            raise OSError("slot %d has no serial port on this board" % self.number)
        self._port = self._make_uart(baud, parity)
        return self._port

    def is_present(self):
        """Is a module plugged? A backplane that does not answer holds none."""
        try:
            return not self._presence()
        except OSError:
            return False

    def power(self, on):
        """Feed the module, or not: then its port is closed too. OSError from the backplane."""
        if not on:
            self._close()
        self._power(1 if on else 0)

    def attend(self, handler):
        """handler(pin) at each falling edge of the interrupt line, None: no more. It may be a
        hard interrupt's. False when the slot has no such line."""
        pin = self.interrupt
        if pin is None:
            return False
        for attention in _attentions:
            if attention.pin is pin:
                break
        else:
            attention = _Attention(pin)
            _attentions.append(attention)
        attention.attend(self.number, handler)
        return True

    def one_shot(self, ms, callback):
        """A hardware timer that calls callback(timer) once, in `ms`; its deinit() stops it.
        OSError with a sentence when there is none."""
        if self._make_timer is None:
            raise OSError("slot %d has no hardware timer on this board" % self.number)
        timer = self._make_timer()
        timer.init(mode=machine.Timer.ONE_SHOT, period=ms, callback=callback)
        return timer

    def ppp(self, port):
        """A network interface over a port; OSError with a sentence when the port of MicroPython
        has none."""
        if self._make_ppp is None:
            raise OSError("this board has no PPP")
        return self._make_ppp(port)

    def reset(self):
        """A pulse on the module's reset line. OSError from the backplane."""
        self._reset(0)
        time.sleep_us(_RESET_US)
        self._reset(1)

    def _close(self):
        port, self._port = self._port, None
        if port is not None:
            port.deinit()


async def joined(interface):
    """Wait until a network interface is connected, or for _NETWORK_MS."""
    for _ in range(_NETWORK_MS // 100):
        if interface.isconnected():
            return
        await asyncio.sleep_ms(100)
