"""Runs a search for devices on one slot's bus, one question a command, so that polling goes on.

`start` and `stop` return at once; what is found is logged, and can be looked at meanwhile. The
search belongs to this, not to the driver: it goes on when the module is opened anew."""

import asyncio

from micropython import const

from firmware.core.errors import SlotError

_TRIES = const(8)  # of one question ...
_PAUSE_MS = const(1000)  # ... with so much in between
_WAIT_MS = const(20000)  # for the bus


class Searcher:
    def __init__(self, find, log):
        """find(number): the Slot in service there, SlotError without one."""
        self.slot = 0  # where is, or was, searched; 0: nowhere yet
        self.search = None  # the driver's: protocol, found, problems, probes, permille()
        self.error = ""  # why it ended early
        self._find = find
        self._log = log
        self._wish = None  # what is to be searched for
        self._is_running = False
        self._called = asyncio.Event()

    def start(self, number, *wish):
        """`wish` is for the driver: protocol, speeds, parity, sure. SlotError."""
        if self.is_running():
            raise SlotError(
                "slot %d is being searched already, search('stop') ends it" % self.slot
            )
        self._find(number)
        self.slot = number
        self.search = None
        self.error = ""
        self._wish = wish
        self._called.set()

    def stop(self):
        """True when there was something to stop."""
        was = self.is_running()
        if was:
            self.error = "it was stopped"
            self._wish = None
        return was

    def is_running(self):
        return self._wish is not None

    async def run(self):
        """For ever."""
        while True:
            await self._called.wait()
            self._called.clear()
            try:
                await self._work(self._wish)
            except SlotError as error:
                self.error = str(error)
            finally:
                self._wish = None
            self._log.info("search", "slot %d: %s" % (self.slot, self.error or "it is done"))

    async def _work(self, wish):
        slot = self._find(self.slot)
        self.search = search = await slot.command("search", *wish, wait_ms=_WAIT_MS)
        told = 0
        while self._wish is wish and await self._probe(search):
            for row in search.found[told:]:
                self._log.info("search", "slot %d: %s at %d %s" % ((self.slot,) + row))
            told = len(search.found)

    async def _probe(self, search):
        """One question; a module that is being opened anew is waited for."""
        left = _TRIES
        while True:
            left -= 1
            try:
                return await self._find(self.slot).command("probe", search, wait_ms=_WAIT_MS)
            except SlotError:
                if not left:
                    raise
            await asyncio.sleep_ms(_PAUSE_MS)
