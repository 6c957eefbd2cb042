"""How the terminal is: what the supervisor, the record of boots, the heap and the others say of
themselves, for ttu.health(); and safe mode, while it lasts. A part of the composition root.
"""

import os

from firmware.core import room
from firmware.core.errors import ConfigError, StoreError
from firmware.store import event_codes
from firmware.supervisor import boots, policies
from firmware.supervisor.tasks import Supervisor

_WHY = {
    "storm": "too many resets in an hour",
    "failed": "the terminal could not be built",
    "forced": "somebody wants it",
}


class Health:
    def __init__(self, t, boot):
        """Of the terminal `t`: makes its watchdog and its supervisor."""
        self._t = t
        self.boot = boot
        self.boots = boot.boots
        self.watchdog = t.board.watchdog(t.config.get("wdt.timeout_ms"))
        self.supervisor = Supervisor(t.clock, t.log, self._task_event, feed=self.watchdog.feed)
        self._parts = []  # what gives rows
        self._is_wanted = False  # a restart
        self._is_told = False  # that flash does not keep the record

    def begin(self):
        """What this boot has to tell, as events."""
        emit, boot = self._t.events.emit, self.boot
        emit(event_codes.BOOT, "", self.boots.text())
        for text in boot.problems:
            emit(event_codes.STORE_FAILED, "", text)
        if boot.failure:
            emit(event_codes.BOOT_FAILED, "", boot.failure)
        if boot.is_safe:
            emit(event_codes.SAFE_MODE, "", self._mode())

    def show(self, part):
        """`part()`: rows (what, value) about a part, from now on in the table."""
        self._parts.append(part)

    def round(self):
        """Each second."""
        uptime_s = self._t.clock.ms() // 1000
        self.supervisor.beat("housekeeping")
        try:
            self._keep(uptime_s)
            if self.boot.is_safe and self._left_s(uptime_s) == 0:
                self.leave()
        except StoreError as error:
            if not self._is_told:
                self._is_told = True
                self._t.events.emit(event_codes.STORE_FAILED, "", str(error))
        if self._is_wanted:
            raise SystemExit

    def _keep(self, uptime_s):
        if not self.boot.is_kept and uptime_s >= boots.DEFER_S:
            self.boot.keep()
        if self.boot.is_kept:
            utc_s = self._t.clock.utc_ms() // 1000
            self.boots.alive(uptime_s, utc_s, self._t.config.version)

    def force(self):
        """Safe mode until somebody ends it. A sentence; StoreError."""
        was_safe = self.boot.is_safe
        self.boots.force()
        if was_safe:
            return "safe mode stays until safe(False)"
        self._is_wanted = True
        return "the terminal starts again in safe mode, safe(False) ends it"

    def leave(self):
        """An ordinary terminal again. A sentence; ConfigError, StoreError."""
        if not self.boot.is_safe:
            raise ConfigError("the terminal is not in safe mode")
        self.boots.leave()
        self._t.events.emit(event_codes.SAFE_LEFT, "", self.boots.reason)
        self._is_wanted = True
        return "the terminal starts again as an ordinary one"

    def _task_event(self, kind, name, text):
        self._t.telling.task_event(kind, name, text)
        if kind == "late":  # the last chance to say why the watchdog is going to bite
            self.boots.ended("late: %s, %s" % (name, text))

    # for people

    def rows(self):
        """[(what, value)]"""
        t, record = self._t, self.boots
        uptime_s = t.clock.ms() // 1000
        rows = [
            ("uptime", _span(uptime_s)),
            ("this boot", record.text()),
            ("resets", ", ".join(["%s %d" % (name, record.counts[name]) for name in
                                  boots.REASONS if name in record.counts])),
            ("unmeant in an hour", record.resets()),
            ("safe mode", self._mode() if self.boot.is_safe else "no"),
        ]  # fmt: skip
        rows += self._memory() + self._flash()
        events = t.events
        kept = min(events.sequence, events.size)
        rows.append(("events", "%d of %d, %d went" % (kept, events.size, events.dropped)))
        rows.append(("outbox", ", ".join(["%s %d" % row for row in _sorted(t.outbox.stats())])))
        if t.board.temperature:
            rows.append(("temperature", "%d C" % t.board.temperature()))
        for part in self._parts:
            rows += list(part())
        return rows + self._tasks()

    def _memory(self):
        vitals = self._t.vitals
        vitals.look_at_heap()
        return [
            ("heap free", "%d B, %d B at least" % (vitals.heap_free, vitals.heap_least)),
            ("largest free block", "%d B" % vitals.heap_block),
        ]

    def _flash(self):
        try:
            facts = os.statvfs("/")
        except OSError as error:
            return [("flash", "does not answer: %s" % error)]
        kb = room.used(facts) // 1024, facts[0] * facts[2] // 1024
        return [("flash", "%d of %d kB used" % kb)]

    def _tasks(self):
        watchdog = self.supervisor.watchdog
        timeout = self._t.config.get("wdt.timeout_ms")
        fed = "%d ms unfed at most, bites after %d ms" % (watchdog.unfed_ms, timeout)
        rows = [("watchdog", fed)]
        for name, state, restarts, age_ms, error in self.supervisor.status():
            policy = self.supervisor.policy(name)
            text = state
            if age_ms is not None:
                verb = "reset" if policy.late == policies.RESET else "restarted"
                text += ", %d ms ago, %d at most, %s after %d" % (
                    age_ms, watchdog.worst_ms(name), verb, policy.deadline_ms)  # fmt: skip
            if restarts:
                text += ", %d restarts" % restarts
            if error:
                text += ": " + error
            rows.append(("task " + name, text))
        return rows

    def mode(self):
        """A sentence about safe mode."""
        return "safe mode: " + self._mode() if self.boot.is_safe else "it is not in safe mode"

    def _mode(self):
        left_s = self._left_s(self._t.clock.ms() // 1000)
        until = "safe(False) ends it"
        if left_s is not None:
            until = "left in %d min, or by safe(False)" % ((left_s + 59) // 60)
        return "%s; %s%s" % (_WHY[self.boots.safe], until, self._suspects())

    def _suspects(self):
        """Settings that no boot has lived long with."""
        config = self._t.config
        if not self.boots.good or config.version == self.boots.good:
            return ""
        changed = ", ".join(config.last_change()[:6])
        return "; settings %d are new since %d was good, last changed: %s" % (
            config.version, self.boots.good, changed)  # fmt: skip

    def _left_s(self, uptime_s):
        stable_s = self.boots.stable_s(self._t.config.get("safe.stable_min"))
        return None if stable_s is None else max(0, stable_s - uptime_s)


def _sorted(counters):
    return [(name, counters[name]) for name in sorted(counters)]


def _span(seconds):
    days, rest = seconds // 86400, seconds % 86400
    return "%d d %02d:%02d:%02d" % (days, rest // 3600, rest // 60 % 60, rest % 60)
