"""Why the terminal was started, how often, and whether that was too often: the record of boots.

A line of JSON of at most 1.5 kB in a Twin:
  boots     number of this boot, from 1
  counts    {reason: how often}
  recent    the last 16, oldest first: [UTC s or 0 when the clock was not known, s since the one
            before (at least), reason, 1 when it was meant]
  ran       s this boot has run for, at least: 0, or one of MARKS
  end       why this boot ended, as far as it could say: "" , "stop", "crash: ..", "late: .."
  safe      why this is safe mode: "" (it is not), "storm", "failed" or "forced"
  level     times in a row that safe mode came by itself
  good      version of the settings of the last boot that ran for an hour
It is written once a boot, once at each mark, at an orderly end and when a vital task does not
report: in a storm of resets once each, in a long life four times.

A clock that nobody set does not hide a storm: times between boots are counted from what is known
of the run before (its marks) and, when both know the time, from UTC.
"""

import json

from micropython import const

from firmware.core.errors import StoreError

# what a board may say of the last reset, and what is made of it here
REASONS = (
    "power-on",
    "brownout",
    "hard",  # the reset pin or machine.reset()
    "soft",  # Ctrl-D, machine.soft_reset()
    "watchdog",
    "task watchdog",  # ESP32: the operating system's
    "panic",  # the interpreter or the system below it crashed
    "deep sleep",
    "crash",  # the firmware ended with an exception
    "deploy",  # hard, after an orderly stop: somebody had the prompt
    "unknown",
)
LIMIT = const(2048)  # bytes of the record
MARKS = (515, 3600)  # s of uptime; 515: eight boots so far apart are no storm
DEFER_S = const(30)  # flash is not written before, in a storm of brownouts

_KEPT = const(16)
_STORM = const(8)  # resets ...
_STORM_S = const(3600)  # ... in this time
_DIPS = const(10)
_DIPS_S = const(600)
_KNOWN_S = const(1700000000)  # November 2023: a clock before was never set
_YEARS_S = const(315360000)  # two boots ten years apart: the clock was set in between
_DAY_S = const(86400)
_TEXT_MAX = const(160)

_SUPPLY = ("power-on", "brownout")  # most ports do not tell them apart


class Boots:
    def __init__(self, twin):
        self.twin = twin
        self.reason = "unknown"  # one of REASONS
        self.why = ""  # what the boot before said of its end
        self.is_supply_weak = False  # ten brownouts or power-ons in ten minutes
        self.number = 1
        self.counts = {}
        self.recent = []
        self.safe = ""
        self.level = 0
        self.good = 0
        self.end = ""
        self._ran = 0

    def begin(self, cause, utc_s):
        """Takes what flash holds and adds this boot; writes nothing. `cause`: one of REASONS.
        What was wrong with the record, or ""."""
        wrong = self._load()
        self.why = self.end
        was_stopped = self.end == "stop"
        self.reason = self._reason(cause)
        is_meant = was_stopped and cause in ("hard", "soft") + _SUPPLY
        self.number += 1
        self.counts[self.reason] = self.counts.get(self.reason, 0) + 1
        utc_s = utc_s if utc_s >= _KNOWN_S else 0
        self.recent.append([utc_s, self._gap(utc_s), self.reason, int(is_meant)])
        self.recent = self.recent[-_KEPT:]
        self.end, self._ran = "", 0
        if not self.safe and self.resets() >= _STORM:
            self._enter("storm")
        self.is_supply_weak = self._count(_DIPS_S, _is_dip) >= _DIPS
        return wrong

    def resets(self):
        """Of the last hour, those that nobody meant, this one included."""
        return self._count(_STORM_S, _is_unmeant)

    def keep(self):
        """Writes the record; StoreError when flash refuses."""
        record = {"v": 1, "boots": self.number, "counts": self.counts, "recent": self.recent}
        record.update({"ran": self._ran, "end": self.end, "safe": self.safe})
        record.update({"level": self.level, "good": self.good})
        self.twin.save(json.dumps(record, separators=(",", ":")).encode())

    def alive(self, uptime_s, utc_s, version):
        """Call each second or so; writes at the marks, with the `version` of the settings."""
        passed = [mark for mark in MARKS if self._ran < mark <= uptime_s]
        if not passed:
            return
        self._ran = passed[-1]
        if not self.recent[-1][0] and utc_s >= _KNOWN_S:
            self.recent[-1][0] = utc_s - uptime_s
        if self._ran == MARKS[-1] and not self.safe:
            self.level = 0
            self.good = version
        self.keep()

    def ended(self, text):
        """This boot ends: "stop" or "crash: ..", or may: why. Kept, unless flash refuses: then
        that boot counts as one that nobody meant. What only may end it hides no end."""
        if not self.end or not text.startswith("late"):
            self.end = text[:_TEXT_MAX]
            try:
                self.keep()
            except StoreError:
                pass

    def fail(self):
        """This boot could not become a terminal: the next is in safe mode."""
        if not self.safe:
            self._enter("failed")

    def force(self):
        """Safe mode from the next boot on, until somebody ends it. StoreError: nothing changed."""
        self._change("forced", self.recent)

    def leave(self):
        """The next boot is an ordinary one, and what was counted is forgiven. StoreError: nothing
        changed."""
        self._change("", [row[:3] + [1] for row in self.recent])

    def _change(self, safe, recent):
        """It is so once flash has it."""
        before = self.safe, self.recent
        self.safe, self.recent = safe, recent
        try:
            self.keep()
        except StoreError:
            self.safe, self.recent = before
            raise

    def stable_s(self, base_min):
        """Safe mode is left after so long without a reset; None: by a person only. Each time
        that it comes again doubles it, up to a day."""
        if self.safe == "forced":
            return None
        return min(_DAY_S, base_min * 60 << min(10, max(0, self.level - 1)))

    def text(self):
        """For people: why this boot."""
        text = self.reason
        if self.reason == "crash":
            text = self.why
        elif self.why and self.reason in ("panic", "watchdog", "task watchdog"):
            text += ", " + self.why
        return "%s, boot %d" % (text, self.number)

    def _enter(self, why):
        self.safe = why
        self.level += 1

    def _reason(self, cause):
        if self.end.startswith("crash") and cause not in _SUPPLY:
            return "crash"
        if cause == "hard" and self.end == "stop":
            return "deploy"
        return cause if cause in REASONS else "unknown"

    def _gap(self, utc_s):
        """Seconds since the boot before, at least."""
        before_s = self.recent[-1][0] if self.recent else 0
        if utc_s and before_s and 0 <= utc_s - before_s < _YEARS_S:
            return max(self._ran, utc_s - before_s)
        return self._ran

    def _count(self, window_s, counts):
        age = found = 0
        for _, gap_s, reason, is_meant in reversed(self.recent):
            if age > window_s:
                break
            found += counts(reason, is_meant)
            age += gap_s
        return found

    def _load(self):
        payload, info = self.twin.load()
        self.number = 0
        if payload is None:
            absent = info.reason == "absent"
            return "" if absent else "the record of boots is %s: it begins anew" % info.reason
        try:
            self._take(json.loads(payload))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, MemoryError):
            return "the record of boots is not what this firmware writes: it begins anew"
        if info.damaged:
            return "the copy %s of the record of boots is %s" % info.damaged[0]
        return ""

    def _take(self, record):
        rows = [
            [_whole(row[0]), _whole(row[1]), _word(row[2]), int(row[3] == 1)]
            for row in record["recent"]
        ]
        counts = {_word(name): _whole(count) for name, count in record["counts"].items()}
        safe, end = record["safe"], record["end"]
        if safe not in ("", "storm", "failed", "forced") or not isinstance(end, str):
            raise ValueError("no such mode")
        numbers = [_whole(record[name]) for name in ("boots", "ran", "level", "good")]
        self.number, self._ran, self.level, self.good = numbers
        self.recent, self.counts = rows[-_KEPT:], counts
        self.safe, self.end = safe, end[:_TEXT_MAX]


def _whole(value):
    if type(value) is not int or value < 0:
        raise ValueError("no whole number")
    return value


def _word(value):
    if value not in REASONS:
        raise ValueError("no such reason")
    return value


def _is_unmeant(_reason, is_meant):
    return not is_meant


def _is_dip(reason, is_meant):
    return reason in _SUPPLY and not is_meant
