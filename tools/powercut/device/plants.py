"""Defects the bench must find, put into the product's code at run time."""

from firmware.core import twin
from firmware.store.curve import CurveStore
from firmware.store.record_log import RecordLog
from firmware.store.segment import Segment

PLANTS = (
    "it is acknowledged without a flush",
    "the CRC of a record is not checked",
    "the older of two copies is taken",
    "records of a batch are written in the wrong order",
    "a full ring lets its newest segment go",
    "nothing is read behind a damaged record",
    "a row of curves is acknowledged before it is committed",
)


def plant(number):
    if number:
        (_lazy, _blind, _old, _disorder, _newest, _halting, _early)[number - 1]()


def _lazy():
    flush = RecordLog.flush

    def lazy(self):
        if self.waiting > 4:
            flush(self)

    RecordLog.flush = lazy


def _blind():
    def checked(self, chunk, offset, need, number):
        return int.from_bytes(chunk[offset + 4 : offset + 8], "little")

    Segment._checked = checked


def _old():
    twin._is_newer = lambda sequence, other: 0 < (other - sequence) & 0xFFFFFFFF < 0x80000000


def _disorder():
    write = RecordLog._write

    def disorder(self):
        rows = self._pending
        self._pending = [(rows[i][0], rows[len(rows) - 1 - i][1]) for i in range(len(rows))]
        write(self)

    RecordLog._write = disorder


def _newest():
    drop = RecordLog.drop_oldest

    def newest(self):
        if len(self._segments) > 2:
            self._fs.remove(self._path(self._segments[-2]))
            self._segments.pop(-2)
            self._sizes.pop(-2)
            return True
        return drop(self)

    RecordLog.drop_oldest = newest


def _halting():
    walk = Segment.walk

    def halting(self, before, until):
        for sequence, payload in walk(self, before, until):
            yield sequence, payload
            if payload is None:
                return

    Segment.walk = halting


def _early():
    put, late = CurveStore.put, []

    def early(self, *row):
        while late:
            store, kept = late.pop()
            put(store, *kept)
        late.append((self, row))

    def boot(self, *setup):
        del late[:]
        begin(self, *setup)

    begin, CurveStore.__init__ = CurveStore.__init__, boot
    CurveStore.put = early
