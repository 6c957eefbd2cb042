"""The waiting half of a DL/T 645 master on one half-duplex line; all judging is in
firmware/codec/dlt645_master. One task may use it. Every wait has a bound: the answer must begin
within `reply_ms` of the last byte sent, its bytes may be `gap_ms` apart (DL/T 645-2007 physical
layer: Td <= 500 ms, Tb <= 500 ms), and a line that never falls silent is given up too.
"""

import asyncio

from micropython import const

from firmware.codec import dlt645, framer
from firmware.codec.dlt645_master import DONE, SEND, WAIT, Transaction
from firmware.core.errors import SlotError

_BITS = const(11)  # start, 8 data, even parity, stop
_CHUNK = const(64)  # bytes taken from the port at once
_DRAIN_LIMIT = const(64)  # chunks thrown away before a request: a babbling line ends there


class Master:
    def __init__(self, port, clock, baud, reply_ms, gap_ms):
        self.port = port
        self.clock = clock
        self.reply_ms = reply_ms
        self.gap_ms = gap_ms
        self._char_us = _BITS * 1000000 // baud
        self._reader = asyncio.StreamReader(port)
        self._line = Transaction()
        self.requests = 0  # frames sent
        self.replies = 0  # answers accepted, abnormal ones among them
        self.timeouts = 0  # requests without a good answer, whatever the reason

    def counters(self):
        """What the line said besides answers."""
        line = self._line
        return {
            "requests": self.requests,
            "replies": self.replies,
            "timeouts": self.timeouts,
            "checksum_errors": line.framer.count(framer.CHECKSUM),
            "alien": line.alien,
            "late": line.late,
            "stale": line.stale,
            "garbage": line.framer.garbage,
        }

    async def request(self, addr, request):
        """The answer of meter `addr` to a frame built by dlt645, or None when there is none.

        CodecError when the frames of an answer exceed their bound, SlotError when the port is
        gone. Follow-up frames are asked for here."""
        self._drain()
        try:
            self._send(self._line.begin(addr, request))
            while True:
                state = await self._await_answer()
                if state != SEND:
                    break
                self._send(self._line.request)
        finally:
            self._line.close()  # also when cancelled: what comes now belongs to nobody
        if state == DONE:
            self.replies += 1
            return self._line.reply
        self.timeouts += 1
        return None

    def _wire_ms(self, size):
        return size * self._char_us // 1000 + 1

    def _send(self, data):
        self.requests += 1
        try:
            written = self.port.write(data)
        except OSError as error:
            raise SlotError("RS-485 port: %s" % error)
        if written != len(data):
            raise SlotError("the RS-485 port took %s of %d bytes" % (written, len(data)))

    def _drain(self):
        """Whatever stands in the line before a request is the answer to nothing."""
        line = self._line
        for _ in range(_DRAIN_LIMIT):
            chunk = self._waiting()
            if not chunk:
                break
            line.feed(chunk)
            line.take()
        line.silent()
        line.take()

    def _waiting(self):
        """Bytes the port holds already, or None."""
        try:
            return self.port.read(_CHUNK) if self.port.any() else None
        except OSError as error:
            raise SlotError("RS-485 port: %s" % error)

    async def _await_answer(self):
        """WAIT when nothing that answers came in time, else SEND or DONE."""
        line = self._line
        now = self.clock.ms()
        # the answer must have begun; and it must have ended, however much noise there is
        begin_ms = now + self._wire_ms(len(line.request)) + self.reply_ms
        end_ms = begin_ms + self._wire_ms(dlt645.MAX_FRAME) + self.gap_ms
        heard_ms = now
        while True:
            until_ms = min(heard_ms + self.gap_ms if line.framer.pending() else begin_ms, end_ms)
            chunk = await self._read(until_ms - now)
            now = self.clock.ms()
            if chunk:
                heard_ms = now
                line.feed(chunk)
            elif chunk is None:
                now = max(now, until_ms)  # having waited is proof enough that time went by
                line.silent()
            state = line.take()
            if state != WAIT:
                return state
            if now >= end_ms or (now >= begin_ms and not line.framer.pending()):
                line.silent()
                return line.take()

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
        if not chunk:  # the far end hung up: do not spin on it
            await asyncio.sleep_ms(min(wait_ms, 10))
        return chunk
