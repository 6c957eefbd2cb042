"""A file for the module or its nodes, by 15H F1: segment after segment, each until it is
confirmed. What was confirmed is remembered, so that the next order for the same file goes on
where this one ended."""

import os

from micropython import const

from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_down as down
from firmware.core.errors import SlotError
from modules.hplc.startup import values_of

SEGMENT = const(256)  # bytes
_SEGMENTS = const(65535)
_TRIES = const(3)
_ERROR = const(0xFFFFFFFF)
_AGAIN_MS = const(500)
_REFUSALS = const(3)  # of one segment, until all is sent anew; and of that, until it is given up


class Transfer:
    def __init__(self):
        self.path = ""
        self.file = 0  # id: 3 this module, 7 main and slaves, 8 slaves
        self.total = 0
        self.confirmed = 0  # segments
        self.error = ""  # why it stopped

    def begin(self, path, file):
        """Sets up a transfer; SlotError. The same file again goes on where it ended."""
        try:
            size = os.stat(path)[6]
        except OSError:
            raise SlotError("there is no file %s" % path)
        total = (size + SEGMENT - 1) // SEGMENT
        if not 1 <= total <= _SEGMENTS:
            raise SlotError("a file for the module has 1 to %d bytes" % (SEGMENT * _SEGMENTS))
        if file not in (3, 7, 8):
            raise SlotError("a file is for 3 this module, 7 all, 8 the nodes, not for %s" % file)
        if (path, file, total) != (self.path, self.file, self.total) or self.is_done():
            self.path, self.file, self.total = path, file, total
            self.confirmed = 0
        self.error = ""

    def is_done(self):
        return 0 < self.total == self.confirmed

    def reset(self):
        """The module has forgotten what it had."""
        if not self.is_done():
            self.confirmed = 0

    def text(self):
        if not self.total:
            return "-"
        text = "%s: %d of %d segments" % (self.path, self.confirmed, self.total)
        return "%s, %s" % (text, self.error) if self.error else text

    def run(self):
        """The job."""
        refusals = restarts = 0
        while self.confirmed < self.total:
            segment = self.confirmed
            frame = yield (gdw.FILE, 1, self._unit(segment), _TRIES)
            values = values_of(frame)
            told = values["segment"] if values else None
            if told == segment:
                self.confirmed = max(self.confirmed, segment + 1) if refusals >= 0 else 0
                refusals = 0
            elif frame is None:
                self.error = "the module does not answer"
                return
            elif told == _ERROR or told is None:
                refusals += 1
                if refusals >= _REFUSALS:
                    refusals = 0
                    restarts += 1
                    self.confirmed = 0
                if restarts >= _REFUSALS:
                    self.error = "the module refuses it"
                    return
                yield _AGAIN_MS

    def _unit(self, segment):
        with open(self.path, "rb") as file:
            file.seek(segment * SEGMENT)
            data = file.read(SEGMENT)
        values = {
            "file": self.file,
            "last": int(segment == self.total - 1),
            "command": 0,
            "total": self.total,
            "segment": segment,
            "data": data,
        }
        return down.encode(gdw.FILE, 1, values)
