"""One request of a person to a slot: bytes for its bus, or an order for its module. Both return
at once; what came of it is logged, and kept until the next."""

import asyncio

from micropython import const

from firmware.core.errors import SlotError

_MOST = const(512)  # bytes of an answer
_SLACK_MS = const(10000)  # for the bus, besides the answer
_ORDER_MS = const(120000)  # longest time for an order


class Sender:
    def __init__(self, find, log):
        """find(number): the Slot in service there, SlotError without one."""
        self.slot = 0  # of the request; 0: none yet
        self.result = None  # bytes of the line, or what the module's driver gave
        self.error = ""
        self._find = find
        self._log = log
        self._verb = ""
        self._wish = None  # (arguments, wait_ms) while it is not over
        self._called = asyncio.Event()

    def send(self, number, data, baud, parity, reply_ms, gap_ms):
        """SlotError when there is no such slot, or one request is under way."""
        wait_ms = 2 * reply_ms + _SLACK_MS
        self._begin(number, "raw", (data, baud, parity, reply_ms, gap_ms, _MOST), wait_ms)

    def order(self, number, verb, args):
        """As `send`; SlotError when the module takes no such order."""
        orders = self._find(number).orders()
        if verb not in orders:
            known = "takes %s" % ", ".join(orders) if orders else "takes no orders"
            raise SlotError("slot %d has no order %s, it %s" % (number, verb[:24], known))
        self._begin(number, verb, args, _ORDER_MS)

    async def run(self):
        """For ever."""
        while True:
            await self._called.wait()
            self._called.clear()
            args, wait_ms = self._wish or ((), 0)
            try:
                slot = self._find(self.slot)
                self.result = await slot.command(self._verb, *args, wait_ms=wait_ms)
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
        if self._wish:
            return "slot %d has not answered yet" % self.slot
        result = self.result
        if self._verb != "raw":
            return "slot %d: %s: %s" % (self.slot, self._verb, result or "done")
        if not isinstance(result, bytes) or not result:
            return "slot %d: no answer" % self.slot
        return "slot %d answered %s" % (self.slot, " ".join(["%02X" % b for b in result]))

    def _begin(self, number, verb, args, wait_ms):
        if self._wish:
            raise SlotError("slot %d has not answered yet, send() shows it" % self.slot)
        self._find(number)
        self.slot = number
        self.result = None
        self.error = ""
        self._verb = verb
        self._wish = args, wait_ms
        self._called.set()
