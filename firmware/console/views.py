"""What the console verbs show of the running terminal: (header, rows) of plain text.

Duck-typed on the parts main wired together; `attach`, `detach`, searching and sending do
something.
"""

from firmware.core import decimal
from firmware.core.civil import text as _utc
from firmware.core.errors import SlotError
from firmware.core.members import Members

_NOT_SEARCHED = ("nothing was searched yet", "it begins")
_ATTACH = "attach(%d, 'its profile', '%s', baud=%d, parity='%s') puts one on the bus"
_PHASES = ("a", "b", "c", "")
_NAMES_MAX = 4  # members of an event that are shown


class Views:
    def __init__(self, terminal):
        self.calibrator = terminal.metrology.calibrator
        self.t = terminal
        self.points = terminal.points
        self.config = terminal.config
        self.log = terminal.log
        self.clock = terminal.clock

    @property
    def health(self):
        return self.t.health

    @property
    def control(self):
        return self.t.expansion.control.desk

    @property
    def history(self):
        return self.t.keeping.freezes

    def status(self):
        counters = self.t.vitals.report()
        rows = [("station", self.config.get("station.name"))]
        rows += [(name, counters[name]) for name in sorted(counters)]
        rows += [("uplink", self.t.session.stats()["state"])]
        for name, state, restarts, _, error in self.t.supervisor.status():
            text = state if not restarts else "%s, %d restarts: %s" % (state, restarts, error)
            rows.append(("task " + name, text))
        return rows

    def version(self):
        return (
            ("firmware", self.t.VERSION),
            ("board", self.t.board.NAME),
            ("metrology unit", "%s 0x%04X" % (self.t.link.chip.name, self.t.link.chip.version)),
        )

    def meter(self):
        """Per phase and total, as on the front of a meter."""
        texts = {}
        for name, value, _, bits, _ in self.points.rows(lambda name: name.startswith("meter.")):
            texts[name[6:]] = value if bits == "good" else "-"
        kinds = ("u", "i", "p", "q", "s", "pf", "ep", "er")
        header = ("", "U V", "I A", "P W", "Q var", "S VA", "PF", "import Wh", "export Wh")
        rows = []
        for phase in _PHASES:
            rows.append([phase.upper() or "total"] + [texts.get(k + phase, "") for k in kinds])
        rows.append(["N", "", texts["in"]] + [""] * 6)
        rows.append(["f Hz", texts["f"]] + [""] * 7)
        return header, rows

    def link(self):
        flagged = [("windows flagged", self.t.metrology.tally.text())]
        return ("what", "value"), self.t.link.rows() + flagged + self.t.metrology.ways.rows()

    def slots(self):
        errors = {row[0]: row[4] for row in self.t.supervisor.status()}
        rows = []
        for place in self.t.expansion.bay.places:
            who = place.identity
            names = (who.kind, place.version, who.serial, who.revision) if who else ("",) * 4
            slot = place.slot
            state, devices, error = place.state, "", place.error
            if slot:
                state, error = slot.state, slot.error
                devices = "%d answer, %d silent" % slot.counts()
                if slot.problems:
                    devices += ", %d not asked" % len(slot.problems)
            error = error or errors.get(place.name, "")
            rows.append((place.number,) + names + (state, devices, error))
        header = ("slot", "module", "driver", "serial", "hw", "state", "devices", "last error")
        return header, rows

    def devices(self):
        now = self.clock.utc_ms()
        rows = []
        for device in self.points.devices:
            span = range(device.base, device.base + len(device.template))
            stamp = max([self.points.stamps[i] for i in span])
            good = sum([1 for i in span if not self.points.quality[i]])
            age = (now - stamp) // 1000 if stamp else None
            rows.append((device.name, "%d of %d" % (good, len(span)), age))
        return ("device", "good points", "age s"), rows

    def bus(self, number):
        """(header, rows, note) of the bus behind one slot."""
        slot = self.t.expansion.bay.slot(number)
        schedule = slot.schedule
        if schedule is None:
            raise SlotError("slot %d is not ready: %s" % (number, slot.error or slot.state))
        now = self.clock.ms()
        rows = []
        for i, name in slot.served():
            seen, due = schedule.seen_s(i, now), schedule.due_ms(i, now)
            state = "silent" if schedule.is_silent(i) else "" if seen >= 0 else "not asked yet"
            rows.append(
                (
                    name,
                    schedule.wants(i),
                    seen if seen >= 0 else None,
                    decimal.text(schedule.worst[i] // 100, -1),
                    None if due is None else decimal.text(due // 100, -1),
                    state,
                )
            )
        load = "load is known after a minute"
        if schedule.load_pct is not None:
            load = "load %d %% in the last minute" % schedule.load_pct
        notes = ["%s, %d devices answer, %d are silent" % ((load,) + schedule.counts())]
        header = ("device", "asked for", "seen s ago", "worst late s", "due in s", "state")
        return header, rows, "\n".join(notes + list(slot.problems))

    def archive(self):
        """(header, rows, note)."""
        rows = [
            (row.slot, row.name, row.profile, row.address, row.baud or "-", row.parity)
            for row in self.t.archive.rows()
        ]
        note = "\n".join(self.t.archive.problems)
        return ("slot", "device", "profile", "address", "baud", "parity"), rows, note

    def attach(self, *row):
        """One more device on a bus: slot, profile, address, baud, parity, name."""
        self.t.expansion.attach(*row)

    def detach(self, name):
        """One device less; its points stay, without being valid."""
        self.t.expansion.detach(name)

    def start_search(self, *wish):
        """slot, protocol, speeds, parity, sure."""
        self.t.expansion.searcher.start(*wish)

    def stop_search(self):
        return self.t.expansion.searcher.stop()

    def search(self):
        """(header, rows, note) of the search that is under way, or was last."""
        searcher = self.t.expansion.searcher
        search = searcher.search
        header = ("protocol", "address", "baud", "parity", "in the archive as")
        if search is None:
            return header, (), searcher.error or _NOT_SEARCHED[searcher.is_running()]
        known = {(r.slot, r.address): r.name for r in self.t.archive.rows()}
        rows = [
            (search.protocol,) + row + (known.get((searcher.slot, row[0]), ""),)
            for row in search.found
        ]
        state = "done" if search.is_over else searcher.error or "search('stop') ends it"
        texts = [
            "slot %d: %d %% after %d probes, %s"
            % (searcher.slot, search.permille() // 10, search.probes, state)
        ]
        texts += search.problems
        new = [row for row in rows if not row[4]]
        if new:
            texts.append(_ATTACH % ((searcher.slot,) + new[0][1:4]))
        return header, rows, "; ".join(texts)

    def send(self, *wish):
        """slot, bytes, baud, parity, reply_ms, gap_ms."""
        self.t.expansion.sender.send(*wish)

    def sent(self):
        """One sentence: what came back."""
        return self.t.expansion.sender.text()

    def module(self, number, name):
        """(header, rows) or (header, rows, note) of a module's table."""
        return self.t.expansion.bay.slot(number).view(name)

    def order(self, *wish):
        """slot, verb, its arguments."""
        self.t.expansion.sender.order(*wish)

    def pass_through(self):
        """(header, rows)."""
        if self.t.expansion.pass_through is None:
            return ("what", "value"), (("state", "off, see config('pass_through')"),)
        return ("what", "value"), self.t.expansion.pass_through.rows()

    def billing(self):
        """(header, rows, note)."""
        return self.t.billing.table()

    def waveforms(self):
        """(header, rows, note)."""
        if self.t.metrology.waveforms is None:
            return ("record",), (), "this metrology unit gives no waveforms"
        return self.t.metrology.waveforms.table()

    def time(self):
        """(what, value) rows."""
        return self.t.timekeeping.rows()

    def meter_clocks(self):
        """(header, rows, note)."""
        return self.t.timekeeping.meters.table()

    def set_time(self, text):
        """A person sets the clock; a sentence."""
        return self.t.timekeeping.set(text)

    def events(self, n):
        return [(event[0],) + self.event(event) for event in self.t.events.last(n)]

    def event(self, event):
        """(UTC text, name, device, details) of the event tuple of store.events."""
        _, code, device, stamp, details = event
        if isinstance(details, Members):
            details = "%s: %s" % (details.text, _short_list(details.names))
        return (_utc(stamp), self.t.event_name(code), device, details)

    @property
    def kept_events(self):
        return self.t.storing.events

    @property
    def audit(self):
        return self.t.storing.audit_watch


def _short_list(names):
    more = len(names) - _NAMES_MAX
    text = " ".join(names[:_NAMES_MAX])
    return "%s and %d more" % (text, more) if more > 0 else text
