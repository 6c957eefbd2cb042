"""The energy checkpoint (store/checkpoint.py), which also keeps the number of the boot."""

from firmware.core.twin import Twin
from firmware.store.checkpoint import LIMIT, Checkpoint

_CELLS = 24


class Energy:
    def __init__(self):
        self.acked = [0] * _CELLS  # mWh
        self.tried = self.acked  # what was being written
        self.boot_told = 0  # number of the last boot that went on
        self._checkpoint = None

    def copy(self):
        other = Energy()
        other.acked, other.tried, other.boot_told = self.acked, self.tried, self.boot_told
        return other

    def boot(self, terminal, tally):
        disk = terminal.disk
        self._checkpoint = Checkpoint(Twin("/energy.a", "/energy.b", LIMIT, disk))
        found, problem = self._checkpoint.read()
        cells = [int(cell) for cell in found["mwh"]] if found else [0] * _CELLS
        self._judge(cells, problem, tally)
        terminal.boot = self._checkpoint.boot
        self._write(cells)  # the number of the boot, before anything is told with it
        if terminal.boot <= self.boot_told:
            tally.add("order_broken", "boot %d was there before" % terminal.boot)
        self.boot_told = terminal.boot

    def _judge(self, cells, problem, tally):
        if min([now - kept for now, kept in zip(cells, self.acked)]) < 0:
            tally.add("acked_lost", "energy is older than it was: " + problem)
            tally.add("energy_backwards")
        elif cells not in (self.acked, self.tried):
            tally.add("corrupt_served", "energy that was never written")

    def act(self, terminal, draw):
        terminal.pass_ms(draw(1000, 60000))
        self._write([cell + draw(0, 100000) for cell in self.acked])

    def _write(self, cells):
        self.tried = cells
        self._checkpoint.write({"mwh": cells, "rest": {"demand": [1, 2, 3]}})
        self.acked = cells
