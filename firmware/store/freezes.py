"""Freezes: what the points table holds at a boundary, to flash.

`take` is called at each boundary and stores one row of a kind: "curve" each quarter of an hour,
"daily" and "monthly" registers. A device's value is the newest there is. One that was not renewed
in the quarter before the boundary is marked not topical (NT), and an invalid one has no value:
nothing stale looks valid. The terminal's own registers are those of the boundary itself, as the
billing settled them first in its minute.
"""

from array import array

from micropython import const

from firmware.core.errors import StoreError
from firmware.core.quality import NT
from firmware.store.curve_kernels import QUANTITIES
from firmware.store.selection import Selection

KINDS = ("curve", "daily", "monthly")
MISSED = const(1)  # of the marks: nobody was there at its time

_FRESH_MS = const(900000)  # the quarter before a boundary
_NEAR_MS = const(5000)  # what is settled later is not the boundary's any more
_MINUTE_MS = const(60000)


class Freezes:
    def __init__(self, points, stores, names, own, settle, failed, after=None, make_room=None):
        """To be made when the table holds the terminal's own blocks and nothing else: of these
        only those named in `own` are kept.

        stores    {kind: CurveStore}
        names     {kind: text for a Selection}
        settle()  brings the own registers in the table up to now and calls `settled`
        failed(kind, text)    a row could not be kept
        after     {kind: function(end_ms)}, called when such a row is on flash
        make_room()  lets the least important go when the flash is too full for registers, and says
                  whether it did; without it a day of curves gives way"""
        self.kinds = KINDS
        self.taken = 0  # rows, since boot
        self.failed = 0  # rows that could not be kept
        self._points = points
        self._stores = stores
        chosen = {text: Selection(text, QUANTITIES) for text in names.values()}
        self._selections = {kind: chosen[names[kind]] for kind in KINDS}
        self._settle = settle
        self._tell = failed
        self._after = after or {}
        for kind in ("daily", "monthly"):  # registers are few and stay longer than curves
            stores[kind].make_room = make_room or stores["curve"].drop_oldest
        self._others = 0  # number of the first block that is not the terminal's own
        self._own = []  # [number, values, quality] as of the minute `_minute`
        for device in points.devices:
            self._others = device.number + 1
            if device.name in own:
                n = len(device.template)
                self._own.append((device.number, array("q", bytes(8 * n)), bytearray(n)))
        self._minute = -1
        self._end_ms = 0
        self._values = array("q", bytes(8 * QUANTITIES))
        self._bits = bytearray(QUANTITIES)

    def store(self, kind):
        """The CurveStore of a kind."""
        return self._stores[kind]

    def last(self):
        """{kind: UTC ms of the row written last}, of the kinds that have one."""
        return {kind: self._stores[kind].last_ms for kind in KINDS if self._stores[kind].last_ms}

    def settled(self, utc_ms):
        """The own registers in the table are those of UTC `utc_ms` now: the first ones of a minute
        are kept for a boundary at its beginning."""
        minute = utc_ms // _MINUTE_MS
        if minute == self._minute:
            return
        self._minute = minute if utc_ms % _MINUTE_MS < _NEAR_MS else -1
        for number, values, bits in self._own:
            base = self._points.base(number)
            for i in range(len(values)):
                values[i] = self._points.values[base + i]
                bits[i] = self._points.quality[base + i]

    def take(self, kind, end_ms, marks):
        """The period of that kind that ends at UTC `end_ms` is over. Is the row on flash?"""
        self._settle()
        self._end_ms = end_ms
        # long ago: of the devices nothing is known, and a reboot may have many of these
        is_empty = marks & MISSED and kind != "monthly"
        rows = () if is_empty else _Rows(self, self._selections[kind])
        try:
            self._put(kind, end_ms, marks, rows)
        except StoreError as error:
            self.failed += 1
            self._tell(kind, str(error))
            return False
        self.taken += 1
        if kind in self._after:
            self._after[kind](end_ms)
        return True

    def _put(self, kind, end_ms, marks, rows):
        store = self._stores[kind]
        if end_ms != store.last_ms:  # else it is there already: whoever asks missed the answer
            store.put(end_ms, marks, rows)

    def fill(self, number, offsets):
        """Values and quality of the points at `offsets` of a block, as they are kept."""
        points, values, bits = self._points, self._values, self._bits
        base = points.base(number)
        for own, kept, quality in self._own:
            if own == number and self._minute == self._end_ms // _MINUTE_MS:
                for i, offset in enumerate(offsets):
                    values[i] = kept[offset]
                    bits[i] = quality[offset]
                return values, bits
        for i, offset in enumerate(offsets):
            at = base + offset
            values[i] = points.values[at]
            bits[i] = points.quality[at]
            is_late = number < self._others
            if is_late or abs(self._end_ms - points.stamps[at]) > _FRESH_MS:
                bits[i] |= NT
        return values, bits

    def chosen(self, selection):
        """(number, name, columns, offsets) of each device that has something to keep."""
        for device in self._points.devices:
            if device.number < self._others and not self._is_own(device.number):
                continue
            columns, offsets = selection.of(device.template)
            if columns:
                yield device.number, device.name, columns, offsets

    def _is_own(self, number):
        return number in [row[0] for row in self._own]


class _Rows:
    """What CurveStore.put goes through: values are looked up as it comes to them."""

    def __init__(self, freezes, selection):
        self._freezes = freezes
        self._selection = selection

    def __iter__(self):
        for number, name, columns, offsets in self._freezes.chosen(self._selection):
            values, bits = self._freezes.fill(number, offsets)
            yield name, columns, values, bits
