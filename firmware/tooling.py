"""For people who look for devices, or speak to one themselves: a part of the composition root.
Safe mode goes without."""

from firmware.bay.pass_through import PassThrough
from firmware.bay.searcher import Searcher
from firmware.bay.sender import Sender
from firmware.booting import Absent


class Tools:
    def __init__(self, t, cfg):
        """Of the terminal `t`; `cfg`: the settings pass_through.*, as attributes."""
        self.searcher = self.sender = Absent()
        self.pass_through = None
        if t.boot.is_safe:
            return
        find, add = t.bay.slot, t.supervisor.add
        self.searcher = Searcher(find, t.log)
        add("search", self.searcher.run)
        self.sender = Sender(find, t.log)
        add("send", self.sender.run)
        if cfg.port:
            self.pass_through = PassThrough(find, cfg, t.log, t.telling)
            add("pass-through", self.pass_through.run)
