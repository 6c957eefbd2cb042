"""Energy registers kept across reboots: two copies on flash, never going backwards.

Saved every few minutes and at an orderly stop; what is metered in between is lost with the
supply (at most SAVE_MS of load). One line of JSON: {"boot": n, "mwh": [24 integers]}.
"""

import json

SAVE_MS = 300000  # 288 writes a day: flash wear against energy at risk


class Checkpoint:
    def __init__(self, twin):
        self.twin = twin
        self.boot = 0  # number of this boot, 1 after the first load

    def load(self):
        """(cells or None, text of what was wrong or ""). Counts the boot."""
        payload, info = self.twin.load()
        cells, wrong = None, ""
        if payload is None:
            wrong = "" if info.reason == "absent" else "the energy checkpoint is " + info.reason
        else:
            cells, wrong = self._parse(payload)
        self.boot += 1
        return cells, wrong

    def _parse(self, payload):
        try:
            kept = json.loads(payload)
            self.boot = int(kept["boot"])
            cells = [int(cell) for cell in kept["mwh"]]
        except (ValueError, KeyError, TypeError):
            return None, "the energy checkpoint is not what this firmware writes"
        return cells, ""

    def save(self, cells):
        """Write the next copy; StoreError when flash refuses."""
        self.twin.save(json.dumps({"boot": self.boot, "mwh": cells}).encode())
