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
    def __init__(self, twin, clock):
        """`twin`: core.twin.Twin. Reads it."""
        self.failures = 0  # saves that flash refused
        self.saves = 0
        self.wrong = ""  # what was wrong with the record, a sentence
        self._twin = twin
        self._clock = clock
        self._streams = []  # (name, Stream)
        self._unsaved = 0  # acknowledged since the last save
        self._since = 0  # clock.ms() of the first of them
        self._record = {}  # that of flash
        self._is_known = False  # is there one that can be read?
        payload, info = twin.load()
        if payload is not None:
            self._record = self._parsed(payload)
            self._is_known = not self.wrong
        elif info.reason != "absent":
            self.wrong = "how far all is delivered is " + info.reason

    def _parsed(self, payload):
        try:
            record = json.loads(payload)
            for name in record:
                if name != "v":
                    _position(record[name])
        except (ValueError, TypeError):
            self.wrong = "how far all is delivered is not what this firmware writes"
            return {}
        return record

    def add(self, name, stream, before):
        """Restore a stream, and keep it from now on; all items of the boots before lie below the
        key `before`."""
        cursor, beyond = (0, 0), []
        if name in self._record:
            cursor, beyond = _position(self._record[name])
        if cursor >= before:
            self.wrong = "how far all is delivered lies ahead of what is kept, all is sent again"
            cursor, beyond = (0, 0), []
            self._is_known = False
        # unknown is not the same as nothing: all that is kept may have been sent. An absent file
        # too may have been one, that was set aside
        stream.restore(cursor, beyond, DOUBT if self._is_known else _ALL, before)
        self._streams.append((name, stream))

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
        record = self._record  # with streams that are not there this time
        record["v"] = _VERSION
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


def _position(pair):
    """(cursor, keys); ValueError or TypeError when it is something else."""
    cursor, beyond = pair
    return _key(cursor), [_key(key) for key in beyond]


def _key(pair):
    a, b = pair
    if not isinstance(a, int) or not isinstance(b, int):
        raise ValueError
    return a, b
