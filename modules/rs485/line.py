"""The waiting half of a master on one half-duplex line; all judging is in the transactions of
firmware/codec. One task may use it. Every wait has a bound: an answer must begin within
`reply_ms` of the last byte sent, its bytes may be a gap apart, and a line that never falls
silent is given up when the longest answer would have ended.
"""

import asyncio

from micropython import const

from firmware.codec.exchange import DONE, SEND, WAIT
from firmware.core.errors import SlotError

_CHUNK = const(64)  # bytes taken from the port at once
_DRAIN_LIMIT = const(64)  # chunks thrown away before a request: a babbling line ends there
_PAUSE_US = const(1750)  # silence before a request: 3.5 characters, at least this (Modbus RTU)
_PAUSE_HALVES = const(7)  # 3.5 characters
_RAW_MS = const(10000)  # longest wait, and longest gap, of a raw request
_RAW_BYTES = const(1024)  # of a raw request, and of the answer


class Line:
    def __init__(self, wires, clock):
        self._wires = wires
        self._clock = clock
        self._port = None
        self._reader = None
        self._serial = None  # (baud, parity) the port is set to
        self._char_us = 0
        self._heard_us = 0  # when the last byte, ours or not, has crossed
        self._ahead_us = 0  # how far that lay in the future when it was set
        self.requests = 0  # frames sent
        self.replies = 0  # answers accepted, refusals among them
        self.timeouts = 0  # requests without an answer, whatever the reason

    def open(self, serial):
        """SlotError when the slot has no port. `serial`: (baud, parity) to begin with; parity
        None, 0 (even) or 1 (odd)."""
        try:
            self._port = self._wires.uart(*serial)
        except OSError as error:
            raise SlotError(str(error))
        self._reader = asyncio.StreamReader(self._port)
        self._set(serial)

    def close(self):
        """Give the port back; may be called twice."""
        port, self._port = self._port, None
        if port is not None:
            port.deinit()

    async def prepare(self, master, serial):
        """Set the line, and wait until it is silent. What stood in it is the answer to nothing:
        `master`, whose exchange is not open yet, counts it; None: nobody does."""
        if self._port is None:
            raise SlotError("the RS-485 module is not open")
        if serial != self._serial:
            await self._silence()
            self._set(serial)
        for _ in range(_DRAIN_LIMIT):
            await self._silence()
            chunk = self._waiting()
            if not chunk:
                break
            self._note(self._clock.us(), 0)
            if master is not None:
                master.feed(chunk)
                master.take()

    async def ask(self, master, request, reply_ms, most, gap_ms):
        """True when `master`, a transaction that has begun with `request` on a prepared line,
        got its answer: it is in master.reply. `most`: bytes of the longest answer; `gap_ms`:
        longest pause in it. SlotError when the port is gone, CodecError when an answer is beyond
        its bound."""
        try:
            self._send(request)
            state = await self._answer(master, request, reply_ms, most, gap_ms)
            while state == SEND:
                await self._silence()
                self._send(master.request)
                state = await self._answer(master, master.request, reply_ms, most, gap_ms)
        finally:
            master.close()  # also when cancelled: what comes now belongs to nobody
        if state == DONE:
            self.replies += 1
            return True
        self.timeouts += 1
        return False

    async def raw(self, request, serial, reply_ms, gap_ms, most):
        """Whatever the line says to `request` until it is silent for `gap_ms`, as bytes; for a
        tool that speaks to its device through the terminal. SlotError for what is beyond the
        bounds."""
        _judge_raw(request, reply_ms, gap_ms, most)
        await self.prepare(None, serial)
        self._send(request)
        reply = bytearray()
        now = self._clock.ms()
        begin_ms = now + self._wire_ms(len(request)) + reply_ms
        end_ms = begin_ms + self._wire_ms(most)
        until_ms = begin_ms
        while len(reply) < most and now < end_ms:
            chunk = await self._read(until_ms - now)
            now = self._clock.ms()
            if chunk:
                reply += chunk
                until_ms = min(now + gap_ms, end_ms)
            elif chunk is None:
                break
        if not reply:
            # it may come yet, and must not be taken for the answer to what is asked next
            await asyncio.sleep_ms(reply_ms)
        return bytes(reply[:most])

    def _set(self, serial):
        baud, parity = serial
        if serial != self._serial and self._serial is not None:
            self._port.init(baud, bits=8, parity=parity, stop=1, timeout=0, rxbuf=512)
        self._serial = serial
        # start, 8 data and stop bit, and the parity bit
        self._char_us = ((10 if parity is None else 11) * 1000000 + baud - 1) // baud

    async def _silence(self):
        """Wait out what the silence before a frame still lacks."""
        pause_us = max(_PAUSE_US, self._char_us * _PAUSE_HALVES // 2)
        while True:
            left_us = pause_us - self._clock.diff_us(self._clock.us(), self._heard_us)
            if not 0 < left_us <= pause_us + self._ahead_us:  # more: the clock has wrapped
                break
            await asyncio.sleep_ms((left_us + 999) // 1000)  # whole ms: may end a little early

    def _note(self, now_us, ahead_us):
        """The line is in use until `ahead_us` from now."""
        self._heard_us = now_us + ahead_us
        self._ahead_us = ahead_us

    def _wire_ms(self, size):
        return size * self._char_us // 1000 + 1

    def _send(self, data):
        self.requests += 1
        try:
            written = self._port.write(data)
        except OSError as error:
            raise SlotError("RS-485 port: %s" % error)
        if written != len(data):
            raise SlotError("the RS-485 port took %s of %d bytes" % (written, len(data)))
        self._note(self._clock.us(), len(data) * self._char_us)

    def _waiting(self):
        """Bytes the port holds already, or None."""
        try:
            return self._port.read(_CHUNK) if self._port.any() else None
        except OSError as error:
            raise SlotError("RS-485 port: %s" % error)

    async def _answer(self, master, request, reply_ms, most, gap_ms):
        """WAIT when nothing that answers came in time, else SEND or DONE."""
        now = self._clock.ms()
        begin_ms = now + self._wire_ms(len(request)) + reply_ms
        # it must also have ended, however much noise there is
        end_ms = begin_ms + self._wire_ms(most) + gap_ms
        heard_ms = now
        while True:
            until_ms = min(heard_ms + gap_ms if master.framer.pending() else begin_ms, end_ms)
            chunk = await self._read(until_ms - now)
            now = self._clock.ms()
            if chunk:
                heard_ms = now
                master.feed(chunk)
            elif chunk is None:
                now = max(now, until_ms)  # having waited is proof enough that time went by
                master.silent()
            state = master.take()
            if state != WAIT:
                return state
            if now >= end_ms or (now >= begin_ms and not master.framer.pending()):
                master.silent()
                return master.take()

    async def _read(self, wait_ms):
        """Bytes; None after `wait_ms` of silence; b"" when the port was ready for nothing."""
        if wait_ms <= 0:
            return None
        try:
            chunk = await asyncio.wait_for_ms(self._reader.read(_CHUNK), wait_ms)
        except asyncio.TimeoutError:
            return None
        except OSError as error:
            raise SlotError("RS-485 port: %s" % error)
        if chunk:
            self._note(self._clock.us(), 0)
        else:  # the far end hung up: do not spin on it
            await asyncio.sleep_ms(min(wait_ms, 10))
        return chunk


def _judge_raw(request, reply_ms, gap_ms, most):
    if not isinstance(request, bytes) or not 1 <= len(request) <= _RAW_BYTES:
        raise SlotError("a raw request is 1 to %d bytes" % _RAW_BYTES)
    for wait_ms in (reply_ms, gap_ms):
        if not isinstance(wait_ms, int) or not 1 <= wait_ms <= _RAW_MS:
            raise SlotError("a raw request waits 1 to %d ms, not %s" % (_RAW_MS, wait_ms))
    if not isinstance(most, int) or not 1 <= most <= _RAW_BYTES:
        raise SlotError("the answer to a raw request has 1 to %d bytes" % _RAW_BYTES)
