"""The waiting half of a master on one half-duplex line; all judging is in the transactions of
firmware/codec. One task may use it. Every wait has a bound: an answer must begin within
`reply_ms` of the last byte sent, its bytes may be a gap apart, and a line that never falls
silent is given up when the longest answer would have ended.

A reply that did not come in time may come later: for as long again as it was waited for, it is
*under way*. What a poll asked is told from other answers by the transactions, so polls go on
meanwhile. What a tool asks (`raw`) cannot be told, so the line is quiet in front of it while an
answer to a poll is under way, and behind it while its own is.
"""

import asyncio

from micropython import const

from firmware.codec.exchange import DONE, SEND, WAIT
from firmware.core.errors import SlotError

_CHUNK = const(64)  # bytes taken from the port at once
_DRAIN_LIMIT = const(64)  # chunks thrown away before a request: a babbling line ends there
_PAUSE_US = const(1750)  # silence before a request: 3.5 characters, at least this (Modbus RTU)
_PAUSE_HALVES = const(7)  # 3.5 characters
_LEAST = const(4)  # bytes of the shortest answer: fewer are a glitch of the turn-around
_RAW_MS = const(10000)  # longest wait, and longest gap, of a raw request
_RAW_BYTES = const(1024)  # of a raw request, and of the answer

BEFORE = const(1)  # keep an exchange apart from what was asked before it ...
AFTER = const(2)  # ... and from what is asked behind it


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
        self._late_ms = 0  # until then an answer to anything may be under way
        self._strange_ms = 0  # ... one that polling would not know for what it is
        self._unanswered = b""  # the request asked last, when nothing answered it
        self._first_ms = 0  # when it was asked first
        self.requests = 0  # frames sent
        self.replies = 0  # answers accepted, refusals among them
        self.timeouts = 0  # requests without an answer, whatever the reason
        self.unasked = 0  # bytes that no transaction got to see: they came when none waited

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
        await self._rest(self._strange_ms)
        if serial != self._serial:
            await self._silence()
            self._set(serial)
        for _ in range(_DRAIN_LIMIT):
            await self._silence()
            chunk = self._waiting()
            if not chunk:
                break
            self._note(self._clock.us(), 0)
            if master is None:
                self.unasked += len(chunk)
            else:
                master.feed(chunk)
                master.take()

    async def ask(self, master, request, reply_ms, most, gap_ms):
        """True when `master`, a transaction that has begun with `request` on a prepared line,
        got its answer: it is in master.reply. `most`: bytes of the longest answer; `gap_ms`:
        longest pause in it. SlotError when the port is gone, CodecError when an answer is beyond
        its bound."""
        asked_ms = self._clock.ms()
        state = WAIT
        try:
            self._send(request)
            state = await self._answer(master, request, reply_ms, most, gap_ms)
            while state == SEND:
                await self._silence()
                self._send(master.request)
                state = await self._answer(master, master.request, reply_ms, most, gap_ms)
        finally:
            master.close()  # also when cancelled: what comes now belongs to nobody
            self._remember(request, state == DONE, asked_ms, reply_ms)
        if state == DONE:
            self.replies += 1
            return True
        self.timeouts += 1
        return False

    async def raw(self, request, serial, reply_ms, gap_ms, most, apart=BEFORE | AFTER):
        """Whatever the line says to `request` until it is silent for `gap_ms`, as bytes; for
        who knows the protocol better. `apart`: BEFORE, since it could not tell the answer to a
        poll from its own, and AFTER, since polling could not. SlotError beyond the bounds."""
        _judge_raw(request, reply_ms, gap_ms, most)
        if apart & BEFORE:
            await self._rest(self._late_ms)
        await self.prepare(None, serial)
        asked_ms = self._clock.ms()
        self._send(request)
        reply, is_whole = await self._listen(request, reply_ms, gap_ms, most)
        if is_whole:
            self.replies += 1
        else:
            self.timeouts += 1
        if not is_whole or asked_ms < self._late_ms:
            self._late_ms = self._clock.ms() + reply_ms
            if apart & AFTER:
                self._strange_ms = self._late_ms
        return reply

    async def _listen(self, request, reply_ms, gap_ms, most):
        """(bytes, whether they may be a whole answer)."""
        reply = bytearray()
        now = self._clock.ms()
        begin_ms = now + self.wire_ms(len(request)) + reply_ms
        end_ms = begin_ms + self.wire_ms(most)
        until_ms = begin_ms
        while len(reply) < most and now < end_ms:
            chunk = await self._read(until_ms - now)
            now = self._clock.ms()
            if chunk:
                reply += chunk
                until_ms = min(now + gap_ms, end_ms)
                if len(reply) < _LEAST:
                    until_ms = max(until_ms, begin_ms)
            elif chunk is None:
                return bytes(reply), len(reply) >= _LEAST and until_ms < end_ms
        return bytes(reply[:most]), False  # it never fell silent

    def _remember(self, request, is_answered, asked_ms, reply_ms):
        """May an answer still be under way? The one that came may have been that to the same
        request before: those to its repetitions come as much later as they were sent later."""
        is_again = asked_ms < self._late_ms and request == self._unanswered
        if not is_again:
            self._first_ms = asked_ms
        if not is_answered or is_again:
            self._late_ms = self._clock.ms() + asked_ms - self._first_ms + reply_ms
        self._unanswered = b"" if is_answered else request

    async def _rest(self, until_ms):
        """Hear nobody until then: whatever comes is the answer to something else."""
        if self._port is None:
            raise SlotError("the RS-485 module is not open")
        while True:
            left_ms = until_ms - self._clock.ms()
            if left_ms <= 0:
                break
            self.unasked += len(await self._read(left_ms) or b"")

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

    def say(self, data):
        """A frame that nobody answers, on a prepared line. SlotError when the port is gone."""
        self._send(data)

    def wire_ms(self, size):
        """What so many bytes take at the speed the line is set to, rounded up."""
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
        begin_ms = now + self.wire_ms(len(request)) + reply_ms
        # it must also have ended, however much noise there is
        end_ms = begin_ms + self.wire_ms(most) + gap_ms
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
