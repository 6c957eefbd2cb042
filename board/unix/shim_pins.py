"""Wires to one far end (a chip, the backplane) over one AF_UNIX stream of edge records.

A record is 16 bytes: pin, level, 6 zero, time of the edge in us (64 bit, big endian, same
clock as time.ticks_us here). With nobody there every wire reads idle high. Handlers run inside
`drain`, called by `pump` and by a level being read: nothing is ever handled in another thread.
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
_WATCH = const(0x81)
_POLL = const(3)  # stream ioctl requests (py/stream.h)
_FILENO = const(10)

IRQ_RISING = const(1)
IRQ_FALLING = const(2)

TICKS_MASK = time.ticks_add(0, -1)


class PinBus(io.IOBase):
    """All wires to the far end but its buses. A stream only so asyncio can wait."""

    def __init__(self, path, pins, on_demand=()):
        """Pins 0..pins-1; edges of those `on_demand` come only to who asked for them."""
        self._dialer = shim_host.Dialer(path)
        self._socket = None
        self._gone = False  # the far end hung up; the socket is still to be closed
        self._rx = bytearray(_RECORD * _RX_RECORDS)
        self._view = memoryview(self._rx)
        self._at = 0  # first byte not handled yet
        self._end = 0
        self._tx = bytearray(_RECORD)
        self._levels = bytearray(b"\x01" * pins)
        self._handlers = [None] * pins  # (handler, pin object, edges wanted)
        self._driven = {}  # far pin: level the board drives
        self._on_demand = on_demand
        self._watched = []  # of them, those asked for
        self._draining = False
        self._pumping = False
        self.stamp = -1  # of the edge whose handler is running; -1: none is
        self.handler_errors = 0
        self._stood_us = 0  # time that stamps count and this board does not

    def level(self, pin):
        """Level of a far pin now, after every edge that has arrived."""
        if pin in self._on_demand:
            self._watch(pin)
        if not self._pumping:
            self._connect()
        self.drain()
        return self._levels[pin]

    def drive(self, pin, level):
        """Drive an input of the far end; repeated whenever one appears."""
        if self._driven.get(pin) != level:
            self._driven[pin] = level
            self._announce(pin, level)

    def listen(self, pin, handler, owner, edges):
        """`handler(owner)` at each wanted edge; None takes it away."""
        self._handlers[pin] = (handler, owner, edges) if handler else None
        if handler and pin in self._on_demand:
            self._watch(pin)

    def _watch(self, pin):
        if pin not in self._watched:
            self._watched.append(pin)
            self._announce(pin, _WATCH)

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
        levels = self._levels
        pins = len(levels)
        while self._end - self._at >= _RECORD:
            at = self._at
            self._at = at + _RECORD
            pin = rx[at]
            level = rx[at + 1] & 1
            if pin >= pins:
                self._news(pin, level, at)
                continue
            if levels[pin] == level:
                continue
            levels[pin] = level
            entry = self._handlers[pin]
            if entry is not None and entry[2] & (IRQ_RISING if level else IRQ_FALLING):
                self.stamp = (self._stamp_at(at) - self._stood_us) & TICKS_MASK
                self._call(entry[0], entry[1])

    def _news(self, pin, level, at):
        """A record of no pin: nothing, here."""

    def _stamp_at(self, at):
        return int.from_bytes(self._view[at + 8 : at + 16], "big")

    def _call(self, handler, owner):
        try:
            handler(owner)
        except Exception as error:  # what the interrupt dispatcher of a port does
            self.handler_errors += 1
            sys.print_exception(error)

    def _connect(self):
        """Is somebody there? Tries at most every 100 ms."""
        if self._socket is not None:
            return not self._gone
        link = self._dialer.dial()
        if link is None:
            return False
        self._socket = link
        self._at = self._end = 0
        for pin, level in self._driven.items():
            self._send(pin, level)
        for pin in self._watched:
            self._send(pin, _WATCH)
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
        for pin in range(len(self._levels)):
            self._levels[pin] = 1
        self._gone = True
        # asyncio may be waiting on this descriptor: then only the pump, which waits, closes it
        if not self._pumping:
            self._close()

    def _close(self):
        self._socket.close()
        self._socket = None
        self._gone = False

    async def pump(self):
        """Deliver edges for ever; connects again, with a bound, when the far end goes away."""
        import asyncio

        reader = asyncio.StreamReader(self)
        self._pumping = True
        try:
            while True:
                if self._gone:
                    self._close()
                if not self._connect():
                    await asyncio.sleep_ms(shim_host.RETRY_MS)
                    continue
                await reader.readinto(b"")
        finally:
            self._pumping = False
            if self._gone:
                self._close()

    def readinto(self, _buf):
        """The descriptor is readable: there are edges, or nobody is there any more."""
        self.drain()
        return 0

    def ioctl(self, request, arg):
        if request == _FILENO:
            return self._socket.fileno()
        if request == _POLL:
            return arg & select.POLLOUT
        return -1
