"""The chip's own wires (interrupts, pulses, reset) over one AF_UNIX stream of edge records.

A record is 16 bytes: pin, level, 6 zero, time of the edge in us (64 bit, big endian, same
clock as time.ticks_us here). Records of pin 15 come from a crystal in lockstep: level 0, how many
us it stood in all; level 1, up to when time may run (0: no limit). Without a chip every wire
reads idle high. Handlers run inside `drain`, called by `pump`, by a level being read and, in
lockstep, by a look at the clock: nothing is ever handled in another thread.
"""

import io
import select
import socket
import struct
import sys
import time

import shim_host
from micropython import const

_RECORD = const(16)
_RX_RECORDS = const(64)
_ROUNDS = const(16)  # buffers emptied in one drain: a flood must not hold the board up
_RETRY_MS = const(100)
_PINS = const(16)
_EVENT = const(5)  # its edges come only to who asked: 16000 a second as data-ready
_WATCH = const(0x81)
_CRYSTAL = const(15)
_POLL = const(3)  # stream ioctl requests (py/stream.h)
_FILENO = const(10)

IRQ_RISING = const(1)
IRQ_FALLING = const(2)

_TICKS_MASK = time.ticks_add(0, -1)


class PinBus(io.IOBase):
    """All wires between board and chip but the SPI bus. A stream only so asyncio can wait."""

    def __init__(self, path):
        self._address = shim_host.unix_address(path) if path else None
        self._socket = None
        self._gone = False  # the chip hung up; the socket is still to be closed
        self._retry_at = time.ticks_ms()
        self._rx = bytearray(_RECORD * _RX_RECORDS)
        self._view = memoryview(self._rx)
        self._at = 0  # first byte not handled yet
        self._end = 0
        self._tx = bytearray(_RECORD)
        self._levels = bytearray(b"\x01" * _PINS)
        self._handlers = [None] * _PINS  # (handler, pin object, edges wanted)
        self._driven = {}  # chip pin: level the board drives
        self._watching = False
        self._draining = False
        self._pumping = False
        self.stamp = -1  # of the edge whose handler is running; -1: none is
        self.handler_errors = 0
        self._in_lockstep = False  # a crystal in lockstep waits for a late board
        self._stood_us = 0  # no time passed then, since this board looks
        self._stood_base = None  # what it had stood when the chip was reached; None: not told
        self._limit_us = 0  # up to when the board's time may run; 0: no limit
        self._last_us = 0

    def level(self, pin):
        """Level of a chip pin now, after every edge that has arrived."""
        if pin == _EVENT and not self._watching:
            self._watch()
        if not self._pumping:
            self._connect()
        self.drain()
        return self._levels[pin]

    def drive(self, pin, level):
        """Drive a chip input; repeated whenever a chip appears."""
        if self._driven.get(pin) != level:
            self._driven[pin] = level
            self._announce(pin, level)

    def listen(self, pin, handler, owner, edges):
        """`handler(owner)` at each wanted edge; None takes it away."""
        self._handlers[pin] = (handler, owner, edges) if handler else None
        if handler and pin == _EVENT:
            self._watch()

    def _watch(self):
        self._watching = True
        self._announce(_EVENT, _WATCH)

    def _announce(self, pin, level):
        if self._socket is not None:
            self._send(pin, level)
        elif not self._pumping:
            self._connect()  # which tells all there is to tell

    def drain(self):
        """Handle every record that has arrived; never waits. An exception of a handler is
        printed, as an interrupt's would be."""
        if self._draining:  # a handler reads a level
            return
        self._draining = True
        try:
            for _ in range(_ROUNDS):
                more = self._fetch()
                self._handle()
                if not more:
                    break
        finally:  # Ctrl-C in a handler keeps the rest for the next time
            self._draining = False
            self.stamp = -1

    def _fetch(self):
        """Receive what fits; True when more may be waiting."""
        if self._socket is None or self._gone:
            return False
        rest = self._end - self._at
        if self._at:
            self._rx[:rest] = self._rx[self._at : self._end]
            self._at = 0
            self._end = rest
        try:
            count = self._socket.readinto(self._view[rest:])
        except OSError:
            count = 0
        if count == 0:
            self._lost()
        self._end += count or 0
        return self._end == len(self._rx)

    def _handle(self):
        rx = self._rx
        while self._end - self._at >= _RECORD:
            at = self._at
            self._at = at + _RECORD
            pin = rx[at]
            level = rx[at + 1] & 1
            if pin == _CRYSTAL:
                self._crystal(level, self._stamp_at(at))
                continue
            if pin >= _PINS or self._levels[pin] == level:
                continue
            self._levels[pin] = level
            entry = self._handlers[pin]
            if entry is not None and entry[2] & (IRQ_RISING if level else IRQ_FALLING):
                self.stamp = (self._stamp_at(at) - self._stood_us) & _TICKS_MASK
                self._call(entry[0], entry[1])

    def _crystal(self, is_limit, us):
        self._in_lockstep = True
        if is_limit:
            self._limit_us = us
            return
        if self._stood_base is None:
            # from before: our clock knows nothing of it, and must not wait to catch up
            self._stood_base = us - self._stood_us
        self._stood_us = us - self._stood_base

    def _stamp_at(self, at):
        return int.from_bytes(self._view[at + 8 : at + 16], "big")

    def ticks_us(self):
        """time.ticks_us() less the time the crystal stood, and standing while it stands. Never
        runs backwards."""
        now = time.ticks_us()
        if self._in_lockstep:
            self.drain()
            if self._limit_us and time.ticks_diff(now, self._limit_us & _TICKS_MASK) > 0:
                now = self._limit_us
        now = (now - self._stood_us) & _TICKS_MASK
        if time.ticks_diff(now, self._last_us) > 0:
            self._last_us = now
        return self._last_us

    def _call(self, handler, owner):
        try:
            handler(owner)
        except Exception as error:  # what the interrupt dispatcher of a port does
            self.handler_errors += 1
            sys.print_exception(error)

    def _connect(self):
        """Is a chip there? Tries at most every 100 ms."""
        if self._socket is not None:
            return not self._gone
        now = time.ticks_ms()
        if self._address is None or time.ticks_diff(now, self._retry_at) < 0:
            return False
        self._retry_at = time.ticks_add(now, _RETRY_MS)
        link = shim_host.dial(self._address)
        if link is None:
            return False
        self._socket = link
        self._at = self._end = 0
        self._stood_base = None
        for pin, level in self._driven.items():
            self._send(pin, level)
        if self._watching:
            self._send(_EVENT, _WATCH)
        return self._socket is not None and not self._gone

    def _send(self, pin, level):
        if self._socket is None or self._gone:
            return
        struct.pack_into(">BB6xQ", self._tx, 0, pin, level, time.ticks_us())
        try:
            sent = self._socket.send(self._tx, socket.MSG_DONTWAIT)
        except OSError:
            sent = 0
        if sent != _RECORD:
            self._lost()

    def _lost(self):
        for pin in range(_PINS):
            self._levels[pin] = 1
        self._limit_us = 0  # a crystal that is gone holds no time up
        self._gone = True
        # asyncio may be waiting on this descriptor: then only the pump, which waits, closes it
        if not self._pumping:
            self._close()

    def _close(self):
        self._socket.close()
        self._socket = None
        self._gone = False

    async def pump(self):
        """Deliver edges for ever; connects again, with a bound, when the chip goes away."""
        import asyncio

        reader = asyncio.StreamReader(self)
        self._pumping = True
        try:
            while True:
                if self._gone:
                    self._close()
                if not self._connect():
                    await asyncio.sleep_ms(_RETRY_MS)
                    continue
                await reader.readinto(b"")
        finally:
            self._pumping = False
            if self._gone:
                self._close()

    def readinto(self, _buf):
        """The descriptor is readable: there are edges, or the chip is gone."""
        self.drain()
        return 0

    def ioctl(self, request, arg):
        if request == _FILENO:
            return self._socket.fileno()
        if request == _POLL:
            return arg & select.POLLOUT
        return -1
