"""Beside the audit log: its head is told once a day, so that it is kept elsewhere, and the whole
log is verified when somebody asks for it, a slice at a time.
"""

from micropython import const

from firmware.store import event_codes as codes

_DAY_MS = const(86400000)
_TOLD_MAX = const(8)  # of what is wrong, as events: one damaged segment has hundreds


class AuditWatch:
    def __init__(self, audit, clock, emit):
        """emit(code, device, details) as of an EventLog."""
        self.audit = audit
        self.said = "not verified since the start"  # for people
        self._clock = clock
        self._emit = emit
        self._day = clock.utc_ms() // _DAY_MS
        self._head = 0  # sequence of the head that was told last
        self._checking = None  # what verify() of the log yields, while it goes on
        self._wrong = 0  # sentences so far
        self._first = ""

    def verify(self):
        """Begin, anew if one goes on already; poll() does it."""
        self._checking = self.audit.verify()
        self._wrong, self._first = 0, ""
        self.said = "it is being verified"

    def poll(self):
        """Call it some times a second: a slice of the verification, and the head when the day (of
        UTC) is another one."""
        day = self._clock.utc_ms() // _DAY_MS
        if day != self._day:
            self._day = day
            self._tell_head()
        if self._checking is not None:
            self._step(self._checking)

    def _tell_head(self):
        sequence, digest = self.audit.head()
        if sequence != self._head:
            self._head = sequence
            self._emit(codes.AUDIT_HEAD, "audit", "entry %d, %s" % (sequence, digest))

    def _step(self, checking):
        for text in checking:
            if text is None:
                return
            self._wrong += 1
            self._first = self._first or text
            if self._wrong <= _TOLD_MAX:
                self._emit(codes.AUDIT_BROKEN, "audit", text)
        self._checking = None
        self.said = "verified: every entry follows from the one before it"
        if self._wrong:
            self.said = "verified, and not whole: %s" % self._first
            if self._wrong > 1:
                self.said += ", and %d more" % (self._wrong - 1)
