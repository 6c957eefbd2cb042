"""Whose turn it is on a bus: earliest deadline first, on integers, without clock or port.

Every device has up to three duties, each with a period: key alarms, ordinary alarms, data. A
duty is *released* when its period is over and *due* at its deadline. Alarms are due at once.
Data are released together at the start of a round, a multiple of their period in UTC, and due
one after the other over the first 70 % of it, so that they fill gaps and never pile up in front
of alarms. Of what is released the most overdue goes first. Alarms and data count only for a part
of their lateness, and for a second at most: they fill gaps between key alarms, and an overloaded
bus costs data first, key alarms last.

A device that does not answer `tries` times in a row (once, if it never did) is silent and leaves
for the quarantine: it is probed ever more rarely, and all probes together may take `share_pct`
of the time. One that answered only when asked again rests: the answers to the other tries may
still come, as much later as those were sent later, and must not be taken for another. `rest_ms`
is added to that.

Times are ms, kept as 32-bit offsets from a base that moves along. 30 bytes a device.
"""

from array import array

from micropython import const

from firmware.bay.contract import ALARM, DATA, KEY, MORE, SILENT

DUTIES = (KEY, ALARM, DATA)
NAMES = ("key", "alarm", "data")

LOST = const(1)  # news: the device went into quarantine
BACK = const(2)  # ... and came back

_ALARM = const(1)  # places of the duties in DUTIES
_DATA = const(2)
_FAR = const(0x3FFFFFFF)
_CAPS = (_FAR, 1000, 900)  # lateness that counts at most, by duty
_PARTS = (1, 15, 31)  # part of its period a duty may be late before that much counts
_PROBE_MS = const(5000)  # first pause between two probes of a silent device ...
_DOUBLINGS = const(5)  # ... which is doubled so often, to 160 s
_CREDIT_MS = const(4000)  # time for probes that can be saved up
_WAIT_MS = const(1000)  # longest pause
_MINUTE_MS = const(60000)
_REBASE_MS = const(0x8000000)  # 37 hours: sums of offsets and periods stay small ints


class Schedule:
    def __init__(self, duties, periods_ms, tries=3, share_pct=5, rest_ms=500):
        """`duties`: of each device, a sum of KEY, ALARM, DATA; `periods_ms`: of the three."""
        count = len(duties)
        self.duties = bytes(duties)
        self.periods = tuple(periods_ms)
        self.device = 0  # whose turn it is, after `next`
        self.duty = 0  # ... and what for: place in DUTIES
        self.is_probe = False  # ... and whether it is one from the quarantine
        self.load_pct = None  # share of the last whole minute the bus was in use
        self.busy_ms = 0  # time of all turns since start
        self.probe_ms = 0  # ... of probes
        self.silent = 0  # devices in quarantine
        self.worst = array("i", [0] * count)  # largest lateness since start, by device
        # late alarms and data count less than they are: they wait for gaps between key alarms
        self._shifts = (0,) + tuple(
            [_shift(self.periods[duty], _CAPS[duty] * _PARTS[duty]) for duty in (_ALARM, _DATA)]
        )
        self._tries = tries
        self._rest_ms = rest_ms
        self._share_pct = share_pct
        self._failures = bytearray(count)  # unanswered requests in a row
        self._release = [array("i", [0] * count) for _ in DUTIES]
        self._rest_until = array("i", [0] * count)
        self._probe_at = array("i", [0] * count)
        self._seen_s = array("I", [0] * count)  # last answer, s of uptime + 1; 0: never
        self._soonest = [0, 0, 0]  # no release of the duty is before this
        self._spread = self.periods[_DATA] * 7 // 10 * 4 // max(count, 1)  # 1/4 ms
        self._retries = 0  # of the request in hand
        self._first_at = 0  # its first try, while there are more
        self._credit = 0  # ms of probing allowed now, in 1/100
        self._credit_at = 0
        self._base = 0
        self._begun = 0  # start of the turn
        self._round_at = 0  # start of a data round, the others are periods away
        self._steady_at = 0  # before it: the first round, which begins at any time
        self._minute_at = 0
        self._minute_busy = 0

    def start(self, now, utc_ms):
        """Key alarms and data are released at once, alarms one after the other over a period.
        Who never answered is on probation: one try."""
        self._base = now
        count = len(self.duties)
        for i in range(count):
            self._failures[i] = self._tries - 1
            self._release[_ALARM][i] = i * (self.periods[_ALARM] // count)
        self.align(now, utc_ms)
        self._steady_at = self._next_round(0)

    def align(self, now, utc_ms):
        """Data rounds begin at multiples of their period in UTC."""
        self._round_at = now - self._base - utc_ms % self.periods[_DATA]

    def next(self, now):
        """True when there is something to ask: `device`, `duty`, `is_probe` say what."""
        at = self._begun = self._relative(now)
        if self._retries:
            return True  # the same again, before anything else
        self.is_probe = self.silent > 0 and self._pick_probe(at)
        if self.is_probe:
            return True
        best = -_FAR
        for duty in range(len(DUTIES)):
            if self._soonest[duty] <= at:
                device, late = self._pick(duty, at)
                if late > 0:
                    late = min(late >> self._shifts[duty], _CAPS[duty])
                if device >= 0 and late > best:
                    best, self.device, self.duty = late, device, duty
        return best > -_FAR

    def done(self, now, outcome):
        """The turn is over; `outcome` as in the contract. LOST or BACK when that is news, or 0."""
        at = self._relative(now)
        used = at - self._begun
        self.busy_ms += used
        self._minute_busy += used
        if self.is_probe:
            self.probe_ms += used
            self._credit -= 100 * used
        if outcome == SILENT:
            return self._unanswered(at)
        device = self.device
        news = 0
        if self.is_silent(device):
            news = BACK
            self.silent -= 1
            self._release_all(device, at)
        self._failures[device] = 0
        self._seen_s[device] = now // 1000 + 1
        self._note_lateness(device)
        if outcome == MORE:
            self._go_on(device, at)
        else:
            self._complete(device, at)
        if self._retries:
            self._retries = 0
            self._rest_until[device] = at + self._begun - self._first_at + self._rest_ms
        return news

    def wait_ms(self, now):
        """How long nothing is due, 1 to 1000."""
        at = self._relative(now)
        return max(1, min(_WAIT_MS, min(self._soonest) - at))

    def wants(self, device):
        """Its duties as text, such as "alarm data"."""
        return " ".join([NAMES[i] for i in self._duties_of(device)])

    def is_silent(self, device):
        return self._failures[device] >= self._tries

    def is_retrying(self):
        """An answer to the request in hand may still be under way."""
        return self._retries > 0

    def seen_s(self, device, now):
        """Seconds since it answered last, -1: never."""
        seen = self._seen_s[device]
        return now // 1000 + 1 - seen if seen else -1

    def due_ms(self, device, now):
        """ms until its next deadline or probe, negative when overdue; None without duties."""
        at = self._relative(now)
        if self.is_silent(device):
            return self._probe_at[device] - at
        dues = [self._due(device, duty) for duty in self._duties_of(device)]
        return min(dues) - at if dues else None

    def is_overdue(self, device, now):
        """A whole period, at least a minute, behind a deadline: what is known of it is not
        topical. Less would call data old whose key alarms are a second late."""
        at = self._relative(now)
        for duty in self._duties_of(device):
            if at - self._due(device, duty) > max(self.periods[duty], _MINUTE_MS):
                return True
        return False

    def counts(self):
        """(devices that answer, devices that are silent); others have not been asked yet."""
        up = 0
        for i in range(len(self.duties)):
            up += self._seen_s[i] > 0 and not self.is_silent(i)
        return up, self.silent

    def _relative(self, now):
        at = now - self._base
        if at - self._minute_at >= _MINUTE_MS:
            self.load_pct = 100 * self._minute_busy // (at - self._minute_at)
            self._minute_busy = 0
            self._minute_at = at
        if at > _REBASE_MS:
            self._rebase(at)
            at = 0
        return at

    def _rebase(self, by):
        self._base += by
        for times in self._release + [self._probe_at, self._rest_until]:
            for i in range(len(times)):
                times[i] = max(times[i] - by, -_REBASE_MS)
        self._soonest = [max(soonest - by, -_REBASE_MS) for soonest in self._soonest]
        self._begun -= by
        self._first_at -= by
        self._round_at -= by
        self._steady_at = max(self._steady_at - by, -_REBASE_MS)
        self._minute_at -= by
        self._credit_at -= by

    def _duties_of(self, device):
        return [i for i in range(len(DUTIES)) if self.duties[device] & DUTIES[i]]

    def _pick(self, duty, at):
        """(device, lateness) of the most overdue that is released, (-1, ..) when none is."""
        wanted = DUTIES[duty]
        release = self._release[duty]
        duties, failures, tries = self.duties, self._failures, self._tries
        rest = self._rest_until
        spread = self._spread if duty == _DATA else 0
        steady = self._steady_at
        found, best, soonest = -1, _FAR, _FAR
        for i in range(len(duties)):
            if not duties[i] & wanted or failures[i] >= tries:
                continue
            due = release[i]
            if due > at or rest[i] > at:
                soonest = min(soonest, max(due, rest[i]))
                continue
            if spread:
                due += i * spread >> (2 if due >= steady else 3)
            if due < best:
                best, found = due, i
        self._soonest[duty] = soonest if found < 0 else at
        return found, at - best

    def _due(self, device, duty):
        due = self._release[duty][device]
        if duty == _DATA:  # twice as fast in the first round: somebody waits for it
            due += device * self._spread >> (2 if due >= self._steady_at else 3)
        return due

    def _pick_probe(self, at):
        """True when a silent device's pause is over and the time for probes allows it."""
        saved = self._credit + self._share_pct * (at - self._credit_at)
        self._credit = min(saved, 100 * _CREDIT_MS)
        self._credit_at = at
        if self._credit < 100 * self._rest_ms:
            return False
        found, best = -1, at + 1
        for i in range(len(self.duties)):
            if self._failures[i] >= self._tries and self._probe_at[i] < best:
                best, found = self._probe_at[i], i
        if found < 0:
            return False
        self.device = found
        self.duty = self._duties_of(found)[0]
        return True

    def _unanswered(self, at):
        device = self.device
        was_silent = self.is_silent(device)
        failures = min(self._failures[device] + 1, 255)
        self._failures[device] = failures
        if failures < self._tries:
            if not self._retries:
                self._first_at = self._begun
            self._retries += 1
            return 0
        self._retries = 0
        self._probe_at[device] = at + (_PROBE_MS << min(failures - self._tries, _DOUBLINGS))
        self.silent += not was_silent
        return 0 if was_silent else LOST

    def _note_lateness(self, device):
        late = self._begun - self._due(device, self.duty)
        if late > self.worst[device] and not self.is_probe:
            self.worst[device] = late

    def _go_on(self, device, at):
        """What is left of a late duty is less late: it lets others in between."""
        late = at - self._due(device, self.duty)
        if late > 0:
            self._release[self.duty][device] += late - (late >> 2)

    def _complete(self, device, at):
        """Sets when the duty just done is released next."""
        duty = self.duty
        if duty == _DATA:
            release = self._next_round(at)
        elif duty == _ALARM:
            # a little early, so that being a little late is in time; from the deadline, so that
            # alarms that were spread stay spread
            step = self.periods[duty] - (self.periods[duty] >> 4)
            release = max(self._due(device, duty) + step, at + (step >> 1))
        else:
            release = self._begun + self.periods[duty]
        self._release[duty][device] = release
        self._soonest[duty] = min(self._soonest[duty], release)

    def _next_round(self, at):
        period = self.periods[_DATA]
        return at + period - (at - self._round_at) % period

    def _release_all(self, device, at):
        """All its duties are due now: what was known of it is old."""
        for duty in range(len(DUTIES)):
            release = self._release[duty]
            release[device] += min(0, at - self._due(device, duty))
            self._soonest[duty] = min(self._soonest[duty], release[device])


def _shift(period, least):
    """How often `least` can be doubled within the period."""
    shift = 0
    while least << shift + 1 <= period:
        shift += 1
    return shift
