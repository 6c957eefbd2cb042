"""What the head-end says it has, on ttu/<station>/ack: one JSON object, any of

    {"upto": [boot, seq], "events": [[boot, seq, seq ..], ..],
     "curve_upto": end_ms, "curve": [[end_ms, "device", "device" ..], ..]}

`upto`: all events up to this one; `events`: these as well; the same for the rows of curves, of all
devices. Other names are left alone, so that a later head-end may say more.
"""

import json

from micropython import const

from firmware.core.errors import CodecError

BYTES = const(4096)  # of one acknowledgement; a longer one is not looked at


class Acks:
    """Checked and taken apart: only what has this shape."""

    def __init__(self, payload):
        """CodecError when it is anything else."""
        if len(payload) > BYTES:
            raise CodecError(
                "an acknowledgement of %d bytes, %d are the most" % (len(payload), BYTES)
            )
        try:
            body = json.loads(payload)
        except (ValueError, MemoryError):  # brackets alone grow 64-fold as lists
            raise CodecError("an acknowledgement that is no JSON")
        if not isinstance(body, dict):
            raise CodecError("an acknowledgement that is no JSON object")
        self.upto = body.get("upto")  # [boot, sequence] or None
        self.curve_upto = body.get("curve_upto")  # end_ms or None
        self.events = body.get("events", [])  # lists
        self.curve = body.get("curve", [])
        self._check()

    def _check(self):
        if self.upto is not None:
            _rows([self.upto], _is_number)
            if len(self.upto) != 2:
                raise CodecError("an acknowledgement whose `upto` is no [boot, seq]")
        if self.curve_upto is not None and not _is_number(self.curve_upto):
            raise CodecError("an acknowledgement whose `curve_upto` is no time")
        _rows(self.events, _is_number)
        _rows(self.curve, _is_name)


def _rows(rows, fits):
    """Each row is a whole number, and all that follows fits."""
    if not isinstance(rows, list):
        raise CodecError("an acknowledgement with something else for a list")
    for row in rows:
        if not isinstance(row, list) or not row or not _is_number(row[0]):
            raise CodecError("an acknowledgement with a row that names nothing")
        for value in row[1:]:
            if not fits(value):
                raise CodecError("an acknowledgement with a row that names what cannot be")


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_name(value):
    return isinstance(value, str)
