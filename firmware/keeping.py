"""Curves and freezes, wired: a part of the composition root."""

from firmware.store import event_codes
from firmware.store.curve import RESERVE, CurveStore, Work
from firmware.store.freezes import KINDS, Freezes

_DAY_MIN = 1440
_DAY_MS = 86400000
# minutes of a segment; whole segments kept: a month of days, a year of months; bytes left to
# others when one is begun: registers are too few to give any
_SPANS = {
    "curve": (_DAY_MIN, 0, RESERVE),
    "daily": (31 * _DAY_MIN, 2, 0),
    "monthly": (366 * _DAY_MIN, 1, 0),
}
_OWN = ("meter", "billing")
# when flash is full a day of curves goes before any event, months go last (see store/retention)
_RANKS = {"curve": -1, "daily": 100, "monthly": 101}


class Keeping:
    def __init__(self, t, cfg, fs=None):
        """Of the terminal `t`, after its own blocks of points and its billing are made, the
        checkpoint is read and before there are devices; `cfg`: the settings freeze.* as
        attributes; `fs`: None for what the board mounted."""
        self._t = t
        stores, work = {}, Work()
        for kind in KINDS:
            span, keep, reserve = _SPANS[kind]
            stores[kind] = CurveStore("/" + kind, span, keep or cfg.days, fs, reserve, work)
        registers = {"curve": cfg.curve, "daily": cfg.registers, "monthly": cfg.registers}
        after = {"monthly": self._reset}
        retention = t.storing.retention
        for kind in KINDS:
            retention.add(kind, stores[kind], _RANKS[kind])
        self.freezes = Freezes(
            t.points,
            stores,
            registers,
            _OWN,
            self._settle,
            self._failed,
            after,
            retention.make_room,
        )
        block = t.points.device("meter")
        cells = t.meter.energy.cells
        self._energies = block.base + len(block.template) - len(cells)
        last_ms = stores["monthly"].last_ms
        if 0 < last_ms < t.clock.utc_ms() + _DAY_MS:  # else by a clock that was ahead by far
            # the power may have gone between the freeze and the checkpoint that follows it
            self._reset(last_ms)

    def take(self, kind, end_ms, marks):
        """For timing.boundaries."""
        self.freezes.take(kind, end_ms, marks)

    def settled(self, utc_ms):
        """The billing settled what came up to now, and filled its points. With the first settling
        of a minute the energies that are told are those of that moment, and on flash."""
        points, at = self._t.points, self._energies
        for value in self._t.meter.energy.told:
            points.values[at] = value
            at += 1
        self.freezes.settled(utc_ms)

    def _settle(self):
        clock = self._t.clock
        if self._t.billing.settle(clock.utc_ms(), clock.ms()):
            self._t.settled()

    def _reset(self, end_ms):
        """A month is over and on flash: its maximum demands make room for the next ones."""
        self._t.billing.demand.reset(end_ms // 60000)

    def _failed(self, kind, text):
        self._t.events.emit(event_codes.STORE_FAILED, "", "%s: %s" % (kind, text))
