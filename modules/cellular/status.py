"""What is known about the modem and its network: taken from answers, shown to people."""

from micropython import const

from modules.cellular import at, clocks

# of +COPS, 3GPP TS 27.007, 7.3
_TECHNOLOGIES = ("GSM", "GSM compact", "UMTS", "EDGE", "HSDPA", "HSUPA", "HSPA", "LTE", "Cat-M1")
_NB = const(9)  # NB-IoT

_HALF_MS = const(500)  # it comes in whole seconds

# registration, 3GPP TS 27.007, 10.1.22
HOME = const(1)
DENIED = const(3)
UNKNOWN = const(4)
ROAMING = const(5)
_WORDS = ("not searching", "home", "searching", "denied", "unknown", "roaming")


class Status:
    def __init__(self, clock, time_told=None):
        """time_told(utc_us, at_us): what the network says, in the middle of its second, and when
        by the clock's ticks."""
        self._clock = clock
        self._time_told = time_told
        self.forget()

    def forget(self):
        """The modem starts anew."""
        self.model = ""
        self.sim = "not asked yet"
        self.registration = UNKNOWN
        self.operator = ""
        self.technology = ""
        self.dbm = None  # None: not known
        self.address = ""
        self.offset_ms = None  # the network's clock less ours, None: not known

    @property
    def is_registered(self):
        return self.registration in (HOME, ROAMING)

    def registration_text(self):
        return _WORDS[self.registration]

    def take_registration(self, line):
        """+CEREG as an answer (n, state, ..) or unasked (state, ..)."""
        words = line[line.find(":") + 1 :].strip().split(",")
        is_answer = len(words) > 1 and at.number(words[1], 9) >= 0
        state = at.number(words[1] if is_answer else words[0], len(_WORDS) - 1)
        if state >= 0:
            self.registration = state

    def take_signal(self, line):
        words = at.fields(line)
        self.dbm = clocks.dbm(at.number(words[0], 99))

    def take_operator(self, line):
        words = at.fields(line)
        self.operator = words[2] if len(words) > 2 else ""
        kind = at.number(words[3], _NB) if len(words) > 3 else -1
        self.technology = ""
        if kind >= 0:
            self.technology = "NB-IoT" if kind == _NB else _TECHNOLOGIES[kind]

    def take_address(self, line):
        words = at.fields(line)
        self.address = words[3] if len(words) > 3 else ""

    def take_utc(self, line):
        self._take_time(line, True)

    def take_local_time(self, line):
        self._take_time(line, False)

    def _take_time(self, line, is_utc):
        at_us = self._clock.us()
        try:
            utc_ms = clocks.utc_ms(at.fields(line)[0], is_utc) + _HALF_MS
        except (ValueError, IndexError):
            self.offset_ms = None  # the network has not told it
            return
        self.offset_ms = utc_ms - self._clock.utc_ms()
        if self._time_told:
            self._time_told(utc_ms * 1000, at_us)
