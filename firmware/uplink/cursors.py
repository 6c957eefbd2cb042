"""How far each stream is delivered, kept on flash: {"v": 1, "<stream>": [[a, b], [[a, b] ..]]},
the cursor and what is acknowledged beyond it.

Saved once ACKS items were acknowledged, and SAVE_MS after the first of fewer. So at most 288 times
a day and once for each ACKS items; a save costs some three block erases. After a power cut at most
DOUBT items of a stream come twice: those acknowledged since the last save, by one acknowledgement
more, and on their way. They are sent as `again`, since they may have been.
"""

import json

from micropython import const

from firmware.core.errors import StoreError
from firmware.uplink.stream import LIMIT

LIMIT_BYTES = const(4096)  # of the record: 64 keys of 30 characters, and more than that
ACKS = const(128)
SAVE_MS = const(300000)
DOUBT = ACKS + 2 * LIMIT + LIMIT
_ALL = const(1 << 29)
_VERSION = 1


class Cursors:
    def __init__(self, twin, clock, streams):
        """`twin`: core.twin.Twin; `streams`: ((name, Stream), ...)."""
        self.failures = 0  # saves that flash refused
        self.saves = 0
        self._twin = twin
        self._clock = clock
        self._streams = streams
        self._unsaved = 0  # acknowledged since the last save
        self._since = 0  # clock.ms() of the first of them

    def load(self, befores):
        """Restore the streams; `befores`: {name: key}, all items of the boots before lie below.
        Text of what was wrong, or ""."""
        payload, info = self._twin.load()
        wrong = ""
        found = {}
        if payload is None:
            if info.reason != "absent":
                wrong = "how far all is delivered is " + info.reason
        else:
            try:
                found = _checked(json.loads(payload), [name for name, _ in self._streams])
            except (ValueError, TypeError, KeyError, IndexError):
                wrong = "how far all is delivered is not what this firmware writes"
        for name, stream in self._streams:
            cursor, beyond = found.get(name, ((0, 0), []))
            if cursor >= befores[name]:
                wrong = "how far all is delivered lies ahead of what is kept, all is sent again"
                cursor, beyond = (0, 0), []
            # unknown is not the same as nothing: all that is kept may have been sent
            stream.restore(cursor, beyond, _ALL if wrong else DOUBT, befores[name])
        return wrong

    def kept(self, count):
        """So many more are acknowledged. StoreError as from `save`."""
        if not self._unsaved:
            self._since = self._clock.ms()
        self._unsaved += count
        if self._unsaved >= ACKS:
            self.save()

    @property
    def is_due(self):
        return self._unsaved > 0 and self._clock.ms() - self._since >= SAVE_MS

    def save(self):
        """If there is anything new; StoreError when flash refuses: what is not saved then may come
        twice without saying so."""
        if not self._unsaved:
            return
        record = {"v": _VERSION}
        for name, stream in self._streams:
            cursor, beyond = stream.position()
            record[name] = [list(cursor), [list(key) for key in beyond]]
        self._unsaved = 0
        try:
            self._twin.save(json.dumps(record).encode())
        except StoreError:
            self.failures += 1
            raise
        self.saves += 1


def _checked(record, names):
    """{name: (cursor, keys)}; ValueError and its kin when it is something else."""
    found = {}
    for name in names:
        if name in record:
            cursor, beyond = record[name]
            found[name] = (_key(cursor), [_key(pair) for pair in beyond])
    return found


def _key(pair):
    a, b = pair
    if not isinstance(a, int) or not isinstance(b, int):
        raise ValueError
    return a, b
