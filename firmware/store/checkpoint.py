"""Energies, the number of this boot and what else a bill needs, kept across reboots.

Two places. The journal (see journal) has the energies and the registers of the metrology unit
every few seconds. Two copies on the file system (a Twin) have all: one line of JSON, {"v": 3,
"boot": n, "seq": number of the newest journal record then, "mwh": [24 integers], ...}; what else
there is belongs to the metering (see metering.billing). read() takes the copy and brings it up to
date with each record after it; none of both ever goes backwards.

The number of a boot is on flash before read() returns: (boot, sequence) names an event for ever.
Where both places are damaged nobody knows it: it goes on with the minutes since November 2023.

Wear of the Twin: a save is two to three erases, 96 saves a day over some 1,900 blocks are 1,000
years. Without a journal it is saved every minute: 4,300 erases a day, 120 years in 8 MB.
"""

import json

from micropython import const

from firmware.core.errors import StoreError
from firmware.store.journal_codec import CELLS

_VERSION = 3
_TOTAL = const(18)  # first cell of the total
_SIX = const(6)
_TARIFFS = const(54)
_LOST = const(15)  # in place of a tariff: the energies count from a loss on
_REST_SHIFT = const(22)  # from 1/256 mWh to 2**-30
_LOOK_BACK = const(400)  # records: ten minutes and more
_EPOCH_MIN = const(28333333)  # November 2023
LIMIT = 3072  # bytes; eight tariffs with nine digits each take 2.2 kB


class Checkpoint:
    def __init__(self, twin, journal=None):
        """`journal`: a store.journal.Journal, None where the board has no flash for it."""
        self.twin = twin
        self.journal = journal
        self.boot = 0  # number of this boot, 1 after the first load
        self.failed_ms = 0  # UTC: when the supply of the boot before failed; 0: it did not
        self.ended_ms = 0  # UTC of the last record of the boot before; 0: not known
        self.was_stopped = False  # did the boot before end in order?
        # there was something on flash, and nothing of it could be used. It stays so until a person
        # removes both copies
        self.is_lost = False
        self._kept = []  # mWh on flash

    def read(self, utc_ms=0):
        """(record or None, text of what was wrong or ""). Counts the boot, and keeps that."""
        wrong = []
        record, is_absent = self._copy(wrong)
        self.was_stopped = record is not None and "end" in record
        newest = self.journal.open() if self.journal else None
        if self.journal and newest is None and self.journal.damaged:
            wrong.append("the energy journal holds nothing that can be read")
        if newest is not None:
            self.boot = max(self.boot, newest.boot)
            self._look_back(record, newest)
            record = self._forward(record, newest, wrong)
        if not is_absent:
            self.is_lost = (
                record is None
                and newest is None
                or newest is not None
                and newest.tariff == _LOST
                or record is not None
                and "lost" in record
            )
        if record is None and wrong:
            self.boot = max(utc_ms // 60000 - _EPOCH_MIN, 0)
        self.boot += 1
        self._begin(record, utc_ms, wrong)
        return record, "; ".join(wrong)

    def _copy(self, wrong):
        """(record or None, is there no copy at all)."""
        payload, info = self.twin.load()
        if payload is None:
            if info.reason != "absent":
                wrong.append("the energy checkpoint is " + info.reason)
            return None, info.reason == "absent"
        try:
            record = json.loads(payload)
            if type(record["boot"]) is not int or record["boot"] < 0:
                raise ValueError("no number of a boot")
            self.boot = record["boot"]
            record["mwh"] = cells = [int(cell) for cell in record["mwh"]]
            self.failed_ms = int(record.get("failed", 0))
            is_whole = len(cells) == CELLS
        except (ValueError, KeyError, TypeError):
            is_whole = False
        if not is_whole:
            wrong.append("the energy checkpoint is not what this firmware writes")
            return None, False
        self._kept = cells
        return record, False

    def _look_back(self, record, newest):
        """How did the boot before end?"""
        self.ended_ms = newest.utc_ms
        self.was_stopped = (
            record is not None and "end" in record and record.get("seq") == newest.sequence
        )
        self.failed_ms = 0
        if newest.failed_ms:
            # the first of the records that say so knows when
            for entry in self.journal.since(max(newest.sequence - _LOOK_BACK, 0)):
                if not entry.failed_ms:
                    self.failed_ms = 0
                elif not self.failed_ms:
                    self.failed_ms = entry.failed_ms

    def failures(self, since_ms):
        """How often the supply failed, or the terminal was started, since that time in UTC."""
        failures, boots, has_failed = 0, set(), False
        if self.journal and self.journal.newest:
            for entry in self.journal.since(max(self.journal.newest.sequence - _LOOK_BACK, 0)):
                if entry.utc_ms >= since_ms:
                    boots.add(entry.boot)
                    failures += bool(entry.failed_ms) and not has_failed
                has_failed = bool(entry.failed_ms)
        return max(failures, len(boots) - 1)

    def _forward(self, record, newest, wrong):
        """The copy with what the journal knows more."""
        if record is None:
            record = {}
        elif newest.sequence <= record.get("seq", 0):
            return record
        elif _is_less(newest.cells, record["mwh"]):
            wrong.append("the energy journal is behind the checkpoint")
            return record
        else:
            _try(lambda: self._advance_tariffs(record))
        record["mwh"] = self._kept = list(newest.cells)
        record["rest"] = [rest << _REST_SHIFT for rest in newest.rests or bytes(CELLS)]
        record["ways"] = None
        if newest.ways:
            reg, missing_ms, scale = newest.ways
            record["ways"] = {
                "utc": newest.utc_ms,
                "reg": list(reg),
                "missing": missing_ms,
                "scale": scale,
            }
        return record

    def _advance_tariffs(self, record):
        """What each record has more than the one before belongs to the tariff it names."""
        tariffs = list(record["tariffs"])
        tariffs += [0] * (_TARIFFS - len(tariffs))
        then = record["mwh"][_TOTAL:]
        for entry in self.journal.since(record.get("seq", 0)):
            now = entry.cells[_TOTAL:]
            if not _is_less(now, then):
                for k in range(_SIX):
                    tariffs[entry.tariff % _LOST * _SIX + k] += now[k] - then[k]
                then = now
        record["tariffs"] = tariffs

    def _begin(self, record, utc_ms, wrong):
        """The new number on flash, beside what was there."""
        record = record or {"mwh": [0] * CELLS}
        record.pop("end", None)
        try:
            if self.journal:
                self.journal.continue_after(record.get("seq", 0))
                self._keep_again(record, utc_ms)
            else:
                self._save(record)
        except StoreError as error:
            wrong.append("the number of this boot was not kept: %s" % error)

    def _keep_again(self, record, utc_ms):
        rests = _try(lambda: bytes([rest >> _REST_SHIFT for rest in record["rest"]]))
        ways = record.get("ways") and _try(lambda: _entry_ways(record["ways"]))
        if ways:
            utc_ms = record["ways"]["utc"]
        tariff = _LOST if self.is_lost else 0
        cells = record["mwh"]
        # that the supply had failed stays there until it was told: with the next record
        failed_ms, ways = self.failed_ms, ways or None
        self.journal.append(self.boot, utc_ms, tariff, cells, rests, ways, failed_ms, True)

    def keep(self, moment, failed_ms=0, is_whole=False):
        """One record to the journal; `moment`: utc_ms, tariff, cells, rests, ways as Entry has
        them, `failed_ms` too. StoreError when flash refuses, or when a register is less than the
        one on flash."""
        self._never_back(moment[2])
        utc_ms, tariff, cells, rests, ways = moment
        tariff = _LOST if self.is_lost else tariff
        self.journal.append(self.boot, utc_ms, tariff, cells, rests, ways, failed_ms, is_whole)
        self._kept = list(moment[2])

    def write(self, record, failed_ms=0, is_end=False):
        """All of it to the next copy; `is_end`: an orderly stop. StoreError as in keep()."""
        self._never_back(record["mwh"])
        if is_end:
            record["end"] = 1
        if self.is_lost:
            record["lost"] = 1
        if failed_ms:
            record["failed"] = failed_ms
        self._save(record)
        self._kept = list(record["mwh"])

    def _save(self, record):
        record["v"] = _VERSION
        record["boot"] = self.boot
        if self.journal and self.journal.newest:
            record["seq"] = self.journal.newest.sequence
        self.twin.save(json.dumps(record, separators=(",", ":")).encode())

    def _never_back(self, cells):
        for now, kept in zip(cells, self._kept):
            if now < kept:
                raise StoreError("the energy checkpoint would go back from %d to %d" % (kept, now))


def _entry_ways(ways):
    """As an Entry has them, from what metering makes of them."""
    reg = [int(count) for count in ways["reg"]]
    return reg, int(ways["missing"]), int(ways["scale"])


def _try(make):
    """make(), None when the copy on flash lacks what it needs: an old one, or of another kind."""
    try:
        return make()
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def _is_less(cells, others):
    """Is any of them less?"""
    return min([now - then for now, then in zip(cells, others)]) < 0
