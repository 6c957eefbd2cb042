"""The expansion bay, wired: slots, drivers, control and people's tools. A part of the
composition root."""

import os

from firmware.bay.bay import Bay
from firmware.bay.pass_through import PassThrough
from firmware.bay.searcher import Searcher
from firmware.bay.sender import Sender
from firmware.bay.slot import Slot
from firmware.booting import Absent
from firmware.config import archive
from firmware.config.group import Group
from firmware.loading import Loader


def _has_controlled():
    """Has this terminal ever operated anything? Else the code of control is not needed yet."""
    files = os.listdir("/")
    return "control.a" in files or "control.b" in files


def _control(_name):
    from firmware.controlling import Control  # only where something is operated

    return Control


class Expansion:
    def __init__(self, terminal, heap):
        """`terminal` has its boot, board, clock, log, config, archive, points, telling and
        supervisor; `heap` counts what drivers take (core/heap.py)."""
        self.t = terminal
        self._heap = heap
        self._control = None
        board, supervisor, boot = terminal.board, terminal.supervisor, terminal.boot
        self._wires = {number: board.slot(number) for number in board.SLOTS}
        self.bay = Bay(
            boot.slots([self._wires[n] for n in board.SLOTS], terminal.config.get("uplink.via")),
            terminal.supply.guard(boot.finder(Loader(heap).driver)),
            self._make_slot,
            supervisor,
            terminal.telling,
        )
        supervisor.add("bay", self.bay.run)
        if _has_controlled() and not boot.is_safe:
            self._load_control()  # what was under way when the power went is told now
        self._build_tools()

    @property
    def control(self):
        """The front door and what belongs to it (firmware/controlling.py)."""
        return self._control or self._load_control()

    def modems(self):
        """The Slots in service whose module is a modem."""
        return [slot for slot in self.bay.slots if slot.kind == "cellular"]

    def rest(self, on):
        """Nothing but modems asks its devices while the terminal runs on what is stored."""
        for slot in self.bay.slots:
            slot.is_resting = on and slot.kind != "cellular"

    def attach(self, *row):
        """A device more in the archive; the slot's module is opened anew."""
        self.t.archive.add(archive.Row(*row))
        self._reopen(row[0])

    def detach(self, name):
        row = self.t.archive.find(name)
        self.t.archive.remove(name)
        self._reopen(row.slot)

    def _reopen(self, number):
        for slot in self.bay.slots:
            if slot.number == number:
                slot.reopen()

    def _load_control(self):
        t = self.t
        control = self._heap.load(_control, "")(
            t.clock,
            lambda: self.bay.slots,
            lambda name: t.config.get("control." + name),
            t.points,
            t.telling.slot_event,
        )
        control.door.begin()
        t.supervisor.add("control", control.runner.run)
        self._control = control
        return control

    def _make_slot(self, number, identity, driver):
        t, kind = self.t, identity.kind
        cfg = dict(t.config.group(kind))
        cfg["zone_min"] = t.config.get("energy.zone_min")
        cfg["time_told"] = t.timekeeping.modem
        cfg["devices"] = lambda: t.archive.rows(number)
        cfg["redeem"] = lambda *words: self.control.door.redeem(*words)
        wires = self._wires[number]
        return Slot(number, kind, driver, wires, cfg, t.points, t.clock, t.log, t.telling)

    def _build_tools(self):
        """For people who look for devices, or speak to one themselves."""
        self.pass_through = None
        if self.t.boot.is_safe:
            self.searcher = self.sender = Absent()
            return
        find, add, log = self.bay.slot, self.t.supervisor.add, self.t.log
        self.searcher = Searcher(find, log)
        add("search", self.searcher.run)
        self.sender = Sender(find, log)
        add("send", self.sender.run)
        cfg = Group(self.t.config, "pass_through")
        if cfg.port:
            self.pass_through = PassThrough(find, cfg, log, self.t.telling)
            add("pass-through", self.pass_through.run)
