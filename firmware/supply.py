"""The terminal's supply: its last gasp, and what a start tells of the end before it. A part of
the composition root.

When the line of the supply falls: the energies go to flash at once; the event SUPPLY_FAILED, with
the stamp of the edge, is sent before everything else; what waits for flash is written; buses rest
and copies wait, the modem stays; and the report is tried again for `supply.hold_s`. Is the supply
back before the terminal dies, SUPPLY_BACK follows and life goes on.

After a start without orderly stop STATION_OFF (stamp: when the supply failed, or "about", the
last record on flash) and STATION_ON (stamp: the start) tell the outage. The will of the MQTT
session alone means that the link is lost, nothing else.

R40: ten failures or starts in ten minutes are SUPPLY_UNSTEADY. Until the supply was good for
`supply.calm_s` no modem is started, and flash is written for the journal and events only.
"""

import asyncio

from micropython import const

from firmware.store import event_codes

_OFF = ("power-on", "brownout")  # words of a board's reset_cause
_ATTEMPTS = const(6)  # to report, evenly over the time that the stored energy lasts
_SOONEST_MS = const(1000)  # between two of them
_LOOK_MS = const(50)
_STEADY = const(10)  # looks that make a supply good again: a contact that chatters is not
_DIP_MS = const(500)  # a record for each of many short failures would wear the flash out
_STORM = const(10)
_STORM_MS = const(600000)


class Supply:
    def __init__(self, line, clock, cfg, keeper, checkpoint, events, flag):
        """`line`: see board/wires.py Supply, None where none is wired; `cfg`: the settings
        `supply`; `flag`: a new ThreadSafeFlag. To be connected before run()."""
        self.line = line
        self.clock = clock
        self.cfg = cfg
        self.keeper = keeper
        self.checkpoint = checkpoint
        self.events = events
        self.failures = 0  # since start
        self.dips = 0  # shorter than supply.short_ms
        self.attempts = 0  # to report the last failure
        self.is_unsteady = False
        self.beat = _still  # tells the supervisor
        self._flag = flag
        self._edge_us = 0
        self._good_ms = clock.ms()  # since when the supply is good
        self._times = []  # ms of the latest failures
        self._uplink = None
        self._flush = self._shed = _nothing

    def connect(self, uplink, flush, shed):
        """`uplink`: an Uplink; flush(): what waits in RAM to flash; shed(on): loads rest, or
        not."""
        self._uplink = uplink
        self._flush = flush
        self._shed = shed

    # at the start

    def tell_start(self, reset_cause):
        """What the boot before came to, as events."""
        end_ms = self.clock.utc_ms() - self.clock.ms()
        kept = self.checkpoint
        began_ms, how = kept.failed_ms, "told by the line of the supply"
        if not began_ms and reset_cause in _OFF and not kept.was_stopped:
            began_ms, how = kept.ended_ms, "about: without warning, since the last record"
        if began_ms:
            span = "%d ms" % (end_ms - began_ms) if end_ms >= began_ms else "unknown: the clock"
            self.events.emit(event_codes.STATION_OFF, "", how, began_ms)
            self.events.emit(event_codes.STATION_ON, "", "%s, off for %s" % (reset_cause, span))
        count = kept.failures(end_ms - _STORM_MS)
        if count >= _STORM and (reset_cause in _OFF or kept.failed_ms):
            self._unsteady(count)

    def _unsteady(self, count):
        if not self.is_unsteady:
            self.is_unsteady = True
            self.keeper.is_deferred = True
            text = "%d times in ten minutes, modem and copies wait" % count
            self.events.emit(event_codes.SUPPLY_UNSTEADY, "", text)

    async def calm(self):
        """Until an unsteady supply was good for supply.calm_s; at once when it is steady."""
        while self.is_unsteady:
            await asyncio.sleep_ms(_LOOK_MS)

    def guard(self, find):
        """`find(kind)`, of a driver, that keeps a modem waiting while the supply is unsteady."""

        async def guarded(kind):
            if kind == "cellular":
                await self.calm()
            return await find(kind)

        return guarded

    # while it runs

    def hit(self, _pin):
        """The interrupt: the line fell. Allocates nothing."""
        self._edge_us = self.line.stamp_us()
        self._flag.set()

    async def run(self):
        """For ever."""
        self._flush()
        # how the boot before ended was told; a failure in which this task broke off is over, or
        # is seen at once
        self.keeper.fail(0)
        if self.line is not None:
            self.line.attend(self.hit)
            if not self.line.is_good():
                self._edge_us = self.clock.us()
                self._flag.set()
        while True:
            self.beat()
            try:
                await asyncio.wait_for_ms(self._flag.wait(), 1000)
            except asyncio.TimeoutError:
                self._look_calm()
                if self.line is None or self.line.is_good():
                    continue
                self._edge_us = self.clock.us()  # it fell unseen, such as while it came back
            if self.line.is_good():
                self.dips += 1  # it was over before anybody was here
            else:
                await self._failed()

    def _look_calm(self):
        if self.is_unsteady and self.clock.ms() - self._good_ms >= 1000 * self.cfg.calm_s:
            self.is_unsteady = False
            self.keeper.is_deferred = False

    async def _failed(self):
        now = self.clock.ms()
        age_us = self.clock.diff_us(self.clock.us(), self._edge_us)
        stamp = self.clock.utc_ms() - max(age_us, 0) // 1000
        keeper, is_late = self.keeper, now - self._good_ms < _DIP_MS
        if not is_late:
            keeper.fail(stamp)
        if await self._is_back(self.cfg.short_ms, 2):
            self.dips += 1
            if not is_late:
                keeper.fail(0)
            self._good_ms = self.clock.ms()
            return
        if is_late:
            keeper.fail(stamp)
        self.failures += 1
        event = self.events.emit(event_codes.SUPPLY_FAILED, "", "the terminal runs on", stamp)
        self._uplink.first(event)
        was_deferred, keeper.is_deferred = keeper.is_deferred, True
        self._flush()
        self._shed(True)
        try:
            await self._report(event)
            while not await self._is_back(1000):
                pass
        finally:
            self._shed(False)
            keeper.is_deferred = was_deferred
        self._back(now)

    async def _is_back(self, wait_ms, looks=_STEADY):
        """Is the supply good again within that time, and stays so for so many looks?"""
        until, good = self.clock.ms() + wait_ms, 0
        while True:
            self.beat()
            good = good + 1 if self.line.is_good() else 0
            if good >= looks or (not good and self.clock.ms() >= until):
                return good >= looks
            await asyncio.sleep_ms(min(_LOOK_MS, max(wait_ms // 2, 1)))

    async def _report(self, event):
        """Attempts, until it has arrived, the stored energy is used up or the supply is back."""
        self.attempts = 1
        spacing_ms = max(1000 * self.cfg.hold_s // _ATTEMPTS, _SOONEST_MS)
        until = self.clock.ms() + 1000 * self.cfg.hold_s
        while self.clock.ms() + spacing_ms < until:
            if await self._is_back(spacing_ms) or self._uplink.has_told(event):
                return
            self.attempts += await self._uplink.again(event)

    def _back(self, failed_ms):
        self._good_ms = now = self.clock.ms()
        self._flag.clear()  # what chattered meanwhile
        self.keeper.fail(0)
        text = "after %d ms, %d attempts to report" % (now - failed_ms, self.attempts)
        self.events.emit(event_codes.SUPPLY_BACK, "", text)
        self._times = [ms for ms in self._times if now - ms < _STORM_MS] + [now]
        if len(self._times) >= _STORM:
            self._unsteady(len(self._times))

    def rows(self):
        """(text, value) for people."""
        state = "not wired"
        if self.line is not None:
            state = "good" if self.line.is_good() else "failed"
        return [
            ("supply", state + (", unsteady" if self.is_unsteady else "")),
            ("failures since start", self.failures),
            ("shorter than supply.short_ms", self.dips),
        ]


class Uplink:
    """What the last gasp wants of the uplink: this event before everything else."""

    def __init__(self, delivering, supervisor, name, factory=None):
        """`name`, `factory`: the session's task, without one there is no uplink. Ended and begun
        anew it connects at once."""
        self._delivering = delivering
        self._supervisor = supervisor
        self._name = name
        self._factory = factory

    def first(self, event):
        self._delivering.first(event)

    def has_told(self, event):
        """Was it acknowledged? Nothing is left to be done without an uplink."""
        return self._factory is None or self._delivering.has_told(event)

    async def again(self, event):
        """It is still under way: by a new connection, without a pause, unless one is being made,
        which has its own bounds and may take longer than attempts are apart. Was it begun?"""
        state = self._delivering.session.stats()["state"]
        if state == "connecting" or not await self._supervisor.remove(self._name):
            return False
        if state == "up":
            self._delivering.down("begun anew to report that the supply failed")
        self._delivering.first(event)
        self._supervisor.add(self._name, self._factory)
        return True


def _nothing(*_):
    pass


def _still():
    pass
