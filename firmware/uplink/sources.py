"""Where the streams read: events and rows of curves, and how they look in JSON (see stream for
what a source is)."""

from micropython import const

from firmware.core.members import Members
from firmware.uplink import json_face

_PERIOD_MS = const(900000)  # of a curve: a quarter of an hour


class Recent:
    """The events of this boot, as far as they are in RAM."""

    def __init__(self, log):
        """`log`: a store.events.EventLog: boot, sequence, last(n)."""
        self._log = log

    def after(self, boot, sequence):
        """Yields (boot, event)."""
        log = self._log
        count = log.sequence - (sequence if boot == log.boot else 0)
        if boot <= log.boot and count > 0:
            for event in log.last(count):
                yield log.boot, event

    def has(self, boot, sequence):
        """Is this event the oldest one in RAM, or younger?"""
        log = self._log
        oldest = log.last(log.sequence)[:1]
        return boot == log.boot and (not oldest or oldest[0][0] <= sequence)


class Kept:
    """The events on flash, and the newest from RAM: they are sent before flash has them."""

    def __init__(self, store, recent):
        """store.after(boot, sequence) yields (boot, event), as Recent does."""
        self._store = store
        self._recent = recent

    def after(self, boot, sequence):
        asked = None
        # the store ends at what was its newest when it was asked, and while that was sent more
        # may have come than RAM has: on until RAM has the next one, or the store has nothing
        while asked != (boot, sequence) and not self._recent.has(boot, sequence + 1):
            asked = (boot, sequence)
            for row in self._store.after(boot, sequence):
                boot, sequence = row[0], row[1][0]
                yield row
        for row in self._recent.after(boot, sequence):
            yield row


class Events:
    """Events as a stream's source; the name is None, it is one stream."""

    def __init__(self, store, station, name):
        """`store`: Recent or Kept; `station` names the terminal in its topics; name(code) gives an
        event's name."""
        self._store = store
        self._topic = json_face.event_topic(station)
        self._name = name

    def after(self, boot, sequence):
        for row in self._store.after(boot, sequence):
            yield row[0], row[1][0], None, row[1]

    def missing(self, before, key):
        """What is missing at the end of a boot nobody knows: a cut took it, or the ring."""
        return key[1] - 1 - (before[1] if before[0] == key[0] else 0)

    def message(self, row, again, after):
        return self._topic, self._body(row[0], row[3], again, after, False)

    def early(self, boot, event):
        """(topic, payload) of an event that is sent out of its turn."""
        return self._topic, self._body(boot, event, False, None, True)

    def _body(self, boot, event, again, after, is_early):
        sequence, code, device, stamp, details = event
        text, members = details if isinstance(details, Members) else (str(details), ())
        name = self._name(code)
        return json_face.event(
            name, device or None, stamp, boot, sequence, text, members, again, after, is_early
        )


class Curves:
    """Rows of curves as a stream's source, one device after the other; the name is the device."""

    def __init__(self, store, station):
        """store.rows(from_ms, device) yields (end_ms, marks, name, [(quantity, power, value,
        bits), ..]) from the boundary from_ms on, there from the device of that number on, in the
        same order each time; store.first_ms(): what lies before is not kept any more."""
        self._store = store
        self._station = station

    def after(self, end_ms, place):
        for row_ms, marks, name, columns in self._store.rows(end_ms, place + 1):
            if row_ms != end_ms:
                end_ms, place = row_ms, -1
            place += 1
            if name:  # a boundary of which nothing is known has none
                yield end_ms, place, name, (marks, columns)

    def missing(self, before, key):
        """Boundaries, whatever the number of devices; some of them may never have had a row."""
        if not before[0] or self._store.first_ms() <= before[0]:
            return 0
        return max(0, (key[0] - before[0]) // _PERIOD_MS - 1)

    def message(self, row, again, after):
        end_ms, _, name, (marks, columns) = row
        payload = json_face.curve(
            name,
            end_ms,
            marks,
            [column[0] for column in columns],
            [column[1] for column in columns],
            [column[2] for column in columns],
            [column[3] for column in columns],
            again,
            after[0] if after else None,
        )
        return json_face.curve_topic(self._station, name), payload
