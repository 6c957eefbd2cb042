"""What a bill is made from: energy by tariff, maximum demand, and what survives a reboot.

`settle` is called some times a second, whether windows come or not; once in each second of UTC it
moves what was metered to the registers. That belongs to the tariff and the minute before the
call, so a minute ends with the last window that was closed in it: demand and tariffs are exact to
that window. While the date is not known there is no tariff and no demand.
"""

import asyncio
import json
from array import array

from micropython import const

from firmware.core import quality
from firmware.metering import billing_table, tariff
from firmware.metering.demand import KINDS, Demand
from firmware.metering.energy_registers import TARIFFS, TOTAL

_LOOK_MS = const(100)  # between two looks at the clock: a minute ends no later
_KNOWN_MIN = const(28333333)  # November 2023: a clock before was never set
_STEP_MS = const(500)  # a clock that moves by more was set
_SILENT_MS = const(1500)  # windows come each 200 ms: later, some are missing
_LATE_MS = const(900)  # a minute's demand may miss so much: 0.1 % of a window of the demand
_SIX = const(6)  # registers of a tariff, see energy_registers.NAMES

_DEMANDS = (("import", "W"), ("export", "W"), ("q12", "var"), ("q34", "var"))
# by tariff (0: none was known); demand of the last window, the maximum of all, its end in UTC
POINTS = (
    tuple([("%s_t%d" % (name, t), "Wh", -3) for t in range(TARIFFS + 1) for name in ("ep", "er")])
    + tuple([("d_" + name, unit, -3) for name, unit in _DEMANDS])
    + tuple([("dmax_" + name, unit, -3) for name, unit in _DEMANDS])
    + tuple([("dmax_%s_at" % name, "s", 0) for name, _ in _DEMANDS])
)


def plan(text):
    """(Calendar of a tariff plan in JSON, ""), or of a single tariff and what is wrong with it."""
    try:
        return tariff.Calendar(json.loads(text)), ""
    except ValueError as error:
        return tariff.Calendar(json.loads(tariff.ONE)), str(error)


class Billing:
    def __init__(self, meter, ways, calendar, zone_min, slip_min):
        """`meter` has `energy` and takes `tariff`; `ways` has late_ms(), record() and restore();
        `zone_min`: minutes local time is ahead of UTC; `slip_min`: see Demand."""
        self.energy = meter.energy
        self.calendar = calendar
        self.zone_min = zone_min
        self.demand = Demand(slip_min)
        self.is_lost = False  # flash held energies, and none of them can be used
        self.is_restored = False  # are the energies those of the boot before, and what came since?
        self._meter = meter
        self._ways = ways
        self._second = -1
        self._minute = -1
        self._then = array("q", bytes(8 * _SIX))  # the total, as the demand knows it
        self._steps = [0] * _SIX
        self._offset_ms = None  # UTC less the monotonic clock; None: not looked at yet
        self._windows = 0
        self._window_ms = 0  # when a window was last seen
        self._was_silent = False  # since the last settling
        self._late_ms = 0  # of the ways, when the minute began
        self.at_minute = _nothing  # called when a minute is settled, before the tariff changes

    async def run(self, clock, settled):
        """For ever; settled() each second."""
        while True:
            if self.settle(clock.utc_ms() if clock.is_known else 0, clock.ms()):
                settled()
            await asyncio.sleep_ms(_LOOK_MS)

    def settle(self, utc_ms, now_ms):
        """Settle what came up to now. False when that was done in this second of UTC already."""
        self._listen(now_ms)
        second = utc_ms // 1000
        if second == self._second:
            return False
        self._second = second
        minute = second // 60
        is_wrong = self._was_moved(utc_ms - now_ms) or self._was_silent
        is_over = minute != self._minute
        is_late = self._is_late(minute)
        self._was_silent = False
        self._settle()
        if is_over:
            self.at_minute()
        if minute < _KNOWN_MIN:
            self._meter.tariff = 0
            return True
        if is_wrong or is_late:
            self.demand.spoil()
        self.demand.take(self._steps, self._meter.tariff, minute, self.zone_min)
        if is_wrong:
            self.demand.spoil()  # of the slip that may just have begun as well
        self._meter.tariff = self.calendar.tariff(minute, self.zone_min)
        return True

    def _settle(self):
        self.energy.settle(self._meter.tariff)
        for k in range(_SIX):
            now = self.energy.cells[TOTAL * _SIX + k]
            self._steps[k] = now - self._then[k]
            self._then[k] = now

    def _listen(self, now_ms):
        """Windows that do not come, and one that comes after a silence with all its energy."""
        if now_ms - self._window_ms > _SILENT_MS:
            self._was_silent = True
        if self.energy.windows != self._windows:
            self._windows = self.energy.windows
            self._window_ms = now_ms

    def _was_moved(self, offset_ms):
        """Was the clock set since it was asked last?"""
        was_ms, self._offset_ms = self._offset_ms, offset_ms
        return was_ms is not None and abs(offset_ms - was_ms) > _STEP_MS

    def _is_late(self, minute):
        """Did energy come late, or never, in this minute?"""
        late_ms = self._ways.late_ms()
        is_late = late_ms - self._late_ms > _LATE_MS
        if is_late or minute != self._minute:
            self._minute, self._late_ms = minute, late_ms
        return is_late

    def changes(self):
        """See three_ways."""
        return self._ways.changes()

    def is_restoring(self):
        """Is energy of the reboot still to come?"""
        return self._ways.is_restoring()

    def is_doubtful(self):
        """Are the energies not to be told: not all there after a reboot, or lost?"""
        return self.is_lost or not self.energy.is_told or self._ways.is_restoring()

    def fill(self, points, base, stamp):
        """Values of POINTS into a table of points, from index `base` on."""
        put, demand, told = points.put, self.demand, self.energy.told_tariffs
        bits = quality.IV if self.is_doubtful() else quality.GOOD
        told_ms = self.energy.told_ms or stamp
        for at in range(0, (TARIFFS + 1) * _SIX, _SIX):
            put(base, told[at], bits, told_ms)
            put(base + 1, told[at + 1], bits, told_ms)
            base += 2
        bits = quality.GOOD if demand.is_complete else quality.IV
        for k in range(KINDS):
            put(base + k, demand.last[k], bits, stamp)
            put(base + KINDS + k, demand.maxima[k], quality.GOOD, stamp)
            put(base + 2 * KINDS + k, demand.stamps[k] * 60, quality.GOOD, stamp)

    def table(self):
        """(header, rows, note) for people."""
        return billing_table.table(self, self._meter.tariff)

    # what is kept across a reboot

    def gather(self):
        """Whole mWh of what came to the registers; the demand hears of it as with record()."""
        self.energy.settle(self._meter.tariff)

    def moment(self, utc_ms):
        """For the journal: (UTC ms, tariff, 24 cells, what is below one mWh of each, (registers
        of the metrology unit, ms without samples, sign of the scale) or None). While a restored
        record waits for the link the time is that of the record."""
        self.energy.settle(self._meter.tariff)
        ways = self._ways.record()
        if ways is not None:
            utc_ms = ways["utc"]
            ways = (ways["reg"], ways["missing"], ways["scale"])
        energy = self.energy
        return utc_ms, self._meter.tariff, energy.cells, energy.rests(), ways

    def record(self):
        """For the checkpoint: everything counted up to now, and where the registers of the
        metrology unit stood. The demand hears of it with the next `settle`."""
        self.energy.settle(self._meter.tariff)
        record = self.energy.record()
        record["demand"] = self.demand.record()
        record["ways"] = self._ways.record()
        return record

    def restore(self, record):
        """Go on from `record` of the boot before, before the link starts. A list of sentences,
        what is wrong with it: a part that is damaged does not take the others with it."""
        wrong = []
        self._restore_energy(record, wrong)
        if record.get("demand") is not None:
            _try(wrong, self.demand.restore, record["demand"])
        # what the unit metered since then is worth nothing without the registers it adds to
        if record.get("ways") is not None and self.is_restored:
            _try(wrong, self._ways.restore, record["ways"])
        for k in range(_SIX):
            self._then[k] = self.energy.cells[TOTAL * _SIX + k]
        return wrong

    def _restore_energy(self, record, wrong):
        """As a whole; else the registers alone, of no known tariff."""
        self.is_restored = _try(wrong, self.energy.restore, record)
        if not self.is_restored and "mwh" in record:
            self.is_restored = _try([], self.energy.restore, {"mwh": record["mwh"]})


def _nothing():
    pass


def _try(wrong, restore, record):
    try:
        restore(record)
    except (ValueError, KeyError, TypeError) as error:
        wrong.append("a part of the checkpoint was left out: %s" % error)
        return False
    return True
