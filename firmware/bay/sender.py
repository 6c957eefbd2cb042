"""One exchange on a slot's bus for a person: what is to be sent, then what the line said. `send`
returns at once; the answer is logged when it comes, and kept until the next."""

import asyncio

from micropython import const

from firmware.core.errors import SlotError

_MOST = const(512)  # bytes of an answer
_SLACK_MS = const(10000)  # for the bus, besides the answer


class Sender:
    def __init__(self, find, log):
        """find(number): the Slot in service there, SlotError without one."""
        self.slot = 0  # of the exchange; 0: none yet
        self.request = b""
        self.reply = None  # bytes, None: not over yet, or failed
        self.error = ""
        self._find = find
        self._log = log
        self._wish = None  # baud, parity, reply_ms, gap_ms
        self._called = asyncio.Event()

    def send(self, number, data, baud, parity, reply_ms, gap_ms):
        """SlotError when there is no such slot, or one exchange is under way."""
        if self._wish:
            raise SlotError("slot %d has not answered yet, send() shows it" % self.slot)
        self._find(number)
        self.slot = number
        self.request = data
        self.reply = None
        self.error = ""
        self._wish = baud, parity, reply_ms, gap_ms
        self._called.set()

    async def run(self):
        """For ever."""
        while True:
            await self._called.wait()
            self._called.clear()
            try:
                await self._exchange(*(self._wish or ()))
            except SlotError as error:
                self.error = str(error)
            finally:
                self._wish = None
            self._log.info("send", self.text())

    def text(self):
        """One sentence of how it stands."""
        if not self.slot:
            return "nothing was sent yet"
        if self.error:
            return "slot %d: %s" % (self.slot, self.error)
        if self.reply is None:
            return "slot %d has not answered yet" % self.slot
        if not self.reply:
            return "slot %d: no answer" % self.slot
        return "slot %d answered %s" % (self.slot, " ".join(["%02X" % b for b in self.reply]))

    async def _exchange(self, baud, parity, reply_ms, gap_ms):
        slot = self._find(self.slot)
        self.reply = await slot.command(
            "raw",
            self.request,
            baud,
            parity,
            reply_ms,
            gap_ms,
            _MOST,
            wait_ms=2 * reply_ms + _SLACK_MS,
        )
