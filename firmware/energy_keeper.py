"""When energies go to flash: a part of the composition root.

A record to the journal whenever what came since the last one is 3.15 s of full load (m * Un *
Imax, IEC 62052-11: at most 3.6 s of it may be lost at a cut). The rest is for what nobody can
write yet: the open window of 0.2 s, the 0.1 s between two looks, and a look that is late. Also
each `supply.record_s` when there was any energy, each 60 s in any case (the registers of the
metrology unit go round), with each minute of UTC (what is frozen then is on flash before, and
belongs to the tariff before), when energy came late or the unit's registers were begun with
anew, and when asked. All else once in 15 minutes, or when the maximum demand grew.

What others are told of the energies is what flash holds: a cut takes nothing back. Without a
journal (see store.checkpoint) they are told as they are, and the copies are saved each minute.
"""

import asyncio

from micropython import const

from firmware.core.errors import StoreError
from firmware.core.twin import Twin
from firmware.store import event_codes, journal
from firmware.store.checkpoint import Checkpoint

_LOOK_MS = const(100)
_BUDGET_MS = const(3150)  # of full load
_SOONEST_MS = const(500)  # between two records, whatever the settings call full load
_LATEST_MS = const(60000)
_COPY_MS = const(900000)
_COPY_SOON_MS = const(60000)
_WAY_OUT = "to begin at zero on purpose: Ctrl-C, remove /energy.a and /energy.b, Ctrl-D"


def open_checkpoint(board):
    """The Checkpoint on this board's flash, not yet read."""
    device = board.journal()
    if device is not None and not journal.fits(device):
        device = None
    found = journal.Journal(device) if device is not None else None
    return Checkpoint(Twin("/energy.a", "/energy.b", 4096), found)


class Keeper:
    def __init__(self, clock, checkpoint, billing, full_load_w, record_s, emit):
        """emit(code, device, text): an event. That journal or copies are refused is told once
        each, until they are not any more."""
        self.clock = clock
        self.checkpoint = checkpoint
        self.billing = billing
        self.energy = energy = billing.energy
        self.beat = _nothing  # tells the supervisor
        self.is_deferred = False  # copies and erases ahead wait
        self.failed_ms = 0  # UTC: when the supply failed; 0: it is good
        self._emit = emit
        self._failing = set()  # of "journal" and "copy": what flash refuses
        self._budget = full_load_w * _BUDGET_MS // 3600  # mWh
        self._record_ms = record_s * 1000
        self._changes = billing.changes()
        self._maxima = None  # as of the last copy
        now = clock.ms()
        self._kept_ms = self._copied_ms = now
        energy.forget()
        billing.is_lost = checkpoint.is_lost
        if checkpoint.is_lost:
            emit(event_codes.ENERGY_LOST, "meter", _WAY_OUT)
        if checkpoint.journal:
            energy.hold()
            billing.at_minute = self.keep
        else:
            emit(event_codes.JOURNAL_ABSENT, "meter", "a cut may cost a minute of energy")

    async def run(self):
        """For ever."""
        while True:
            self.beat()
            if not self.look() and not self.is_deferred and self.checkpoint.journal:
                self.checkpoint.journal.ahead()
            await asyncio.sleep_ms(_LOOK_MS)

    def look(self):
        """Write what is due; was anything?"""
        self.billing.gather()
        now = self.clock.ms()
        if self.checkpoint.journal and self._is_due(now):
            self.keep()
            return True
        if self._is_copy_due(now) and not self.is_deferred:
            self.copy()
            return True
        return False

    def _is_due(self, now):
        since_ms = now - self._kept_ms
        if since_ms < _SOONEST_MS:
            return False
        has_moved = self.energy.active or self.energy.reactive
        return (
            self._is_used_up()
            or not (self.energy.is_told or self.billing.is_restoring())
            or since_ms >= (self._record_ms if has_moved else _LATEST_MS)
            or self.billing.changes() != self._changes
        )

    def _is_used_up(self):
        """Would a cut now cost nearly as much as it may?"""
        return max(self.energy.active, self.energy.reactive) >= self._budget

    def _is_copy_due(self, now):
        since_ms = now - self._copied_ms
        if not self.checkpoint.journal or self._failing:
            return since_ms >= _COPY_SOON_MS
        return since_ms >= _COPY_MS or (
            since_ms >= _COPY_SOON_MS and self._maxima != self._sum_of_maxima()
        )

    def _sum_of_maxima(self):
        return sum(self.billing.demand.maxima)

    def keep(self, is_whole=False):
        """A record of this moment, on flash when this returns. False: flash refused."""
        self._kept_ms = self.clock.ms()
        self._changes = self.billing.changes()
        utc_ms = self.clock.utc_ms()
        if not self.checkpoint.journal:
            return self.copy()
        moment = self.billing.moment(utc_ms)
        self.energy.forget()
        return self._try("journal", lambda: self.checkpoint.keep(moment, self.failed_ms, is_whole))

    def fail(self, failed_ms):
        """The supply failed (UTC), or is good again (0): on flash when this returns."""
        self.failed_ms = failed_ms
        return self.keep(True)

    def copy(self, is_end=False):
        """All of it to the file system. False: flash refused."""
        self._copied_ms = self.clock.ms()
        self._maxima = self._sum_of_maxima()
        return self._try(
            "copy", lambda: self.checkpoint.write(self.billing.record(), self.failed_ms, is_end)
        )

    def stop(self):
        """An orderly stop: both, in the order in which they are read."""
        if self.checkpoint.journal:
            self.keep(True)
        self.copy(True)

    def _try(self, place, write):
        try:
            write()
        except StoreError as error:
            if place not in self._failing:
                self._failing.add(place)
                self._emit(event_codes.STORE_FAILED, "", str(error))
            return False
        self._failing.discard(place)
        if not self.billing.is_restoring():
            self.energy.tell(self.clock.utc_ms())
        return True


def _nothing():
    pass
