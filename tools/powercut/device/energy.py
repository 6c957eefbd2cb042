"""The energy checkpoint (store/checkpoint.py): its journal on the raw region, its copies on the
file system, and the number of the boot, which is on flash before anything is told with it."""

from firmware.core.twin import Twin
from firmware.store.checkpoint import LIMIT, Checkpoint
from firmware.store.journal import Journal

_CELLS = 24
_TOTAL = 18
_WAYS = ([1 << 44, 0, 7, 8, 9, 10], 0, 12345)


class Energy:
    def __init__(self):
        self.acked = [0] * _CELLS  # mWh
        self.tried = self.acked  # what was being written
        self.tariffs = [0] * 54  # of both, as far as they are acknowledged
        self.tried_tariffs = self.tariffs
        self.boot_told = 0  # number of the last boot that went on
        self._checkpoint = None

    def copy(self):
        other = Energy()
        other.acked, other.tried, other.boot_told = self.acked, self.tried, self.boot_told
        other.tariffs, other.tried_tariffs = self.tariffs, self.tried_tariffs
        return other

    def boot(self, terminal, tally):
        disk = terminal.disk
        twin = Twin("/energy.a", "/energy.b", LIMIT, disk)
        self._checkpoint = Checkpoint(twin, Journal(terminal.raw))
        found, problem = self._checkpoint.read(terminal.clock.utc_ms())
        cells = [int(cell) for cell in found["mwh"]] if found else [0] * _CELLS
        tariffs = found.get("tariffs", [0] * 54) if found else [0] * 54
        self._judge(cells, tariffs, problem, tally)
        terminal.boot = self._checkpoint.boot
        self.acked = self.tried = cells
        self.tariffs = self.tried_tariffs = tariffs
        if terminal.boot <= self.boot_told:
            tally.add("order_broken", "boot %d was there before" % terminal.boot)
        self.boot_told = terminal.boot

    def _judge(self, cells, tariffs, problem, tally):
        if min([now - kept for now, kept in zip(cells, self.acked)]) < 0:
            tally.add("acked_lost", "energy is older than it was: " + problem)
            tally.add("energy_backwards")
        elif cells not in (self.acked, self.tried):
            tally.add("corrupt_served", "energy that was never written")
        elif sum(tariffs) and tariffs not in (self.tariffs, self.tried_tariffs):
            tally.add("corrupt_served", "tariffs that were never written")

    def act(self, terminal, draw):
        terminal.pass_ms(draw(1000, 60000))
        tariff, tariffs = draw(0, 4), list(self.tariffs)
        cells = list(self.acked)
        for cell in range(draw(4, _CELLS)):
            step = draw(0, 100000)
            cells[cell] += step
            if cell >= _TOTAL:
                tariffs[tariff * 6 + cell - _TOTAL] += step
        self.tried, self.tried_tariffs = cells, tariffs
        moment = terminal.clock.utc_ms(), tariff, cells, None, _WAYS
        self._checkpoint.keep(moment, 0, not draw(0, 9))
        self.acked, self.tariffs = cells, tariffs
        if not draw(0, 3):
            self._checkpoint.journal.ahead()
        if not draw(0, 4):
            self._checkpoint.write({"mwh": cells, "tariffs": tariffs, "rest": [0] * _CELLS})
