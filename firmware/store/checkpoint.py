"""Energy registers kept across reboots: two copies on flash, never going backwards.

Saved every minute and at an orderly stop. One line of JSON: {"v": 2, "boot": n, "mwh": [24
integers], ...}: what else there is belongs to the metering (see metering.billing). A file of the
first firmware has "boot" and "mwh" alone; one of a later firmware is read as far as it is known.
"""

import json

from firmware.core.errors import StoreError

_VERSION = 2
# The metrology unit meters on while this processor is away; its registers tell what was missed
# for some 100 s at full scale. 1440 writes a day of less than a block, wear levelled over 128
# blocks of 100 000 cycles, are 20 years.
SAVE_MS = 60000
LIMIT = 3072  # bytes; eight tariffs with nine digits each take 2.2 kB


class Checkpoint:
    def __init__(self, twin):
        self.twin = twin
        self.boot = 0  # number of this boot, 1 after the first load
        self._kept = []  # mWh on flash

    def read(self):
        """(record or None, text of what was wrong or ""). Counts the boot."""
        payload, info = self.twin.load()
        record, wrong = None, ""
        if payload is None:
            wrong = "" if info.reason == "absent" else "the energy checkpoint is " + info.reason
        else:
            record, wrong = self._parse(payload)
        self.boot += 1
        return record, wrong

    def _parse(self, payload):
        try:
            record = json.loads(payload)
            self.boot = int(record["boot"])
            self._kept = [int(cell) for cell in record["mwh"]]
        except (ValueError, KeyError, TypeError):
            return None, "the energy checkpoint is not what this firmware writes"
        return record, ""

    def write(self, record):
        """Write the next copy; StoreError when flash refuses, or when a register is less than the
        one on flash."""
        cells = record["mwh"]
        for now, kept in zip(cells, self._kept):
            if now < kept:
                raise StoreError("the energy checkpoint would go back from %d to %d" % (kept, now))
        record["v"] = _VERSION
        record["boot"] = self.boot
        self.twin.save(json.dumps(record, separators=(",", ":")).encode())
        self._kept = list(cells)
