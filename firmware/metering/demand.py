"""Maximum demand from energy, not from averaged power (DL/T 614, IEC 62053-21 terms).

Energy is gathered in slips of 1, 3, 5 or 15 minutes of local time; a demand is the energy of the
last 15 minutes, known at the end of each slip; a slip of 15 minutes is the block method. A window
that lacks something sets no maximum, and one that spans two tariffs sets only that of the total.
"""

from array import array

from micropython import const

NAMES = ("import", "export", "reactive import", "reactive export")  # quadrants I+II, III+IV
KINDS = const(4)
TARIFFS = const(8)
SLIPS = (1, 3, 5, 15)
_WINDOW_MIN = const(15)
_MONTH_MIN = const(44640)
_MIXED = const(-1)
_NONE = const(-2)


class Demand:
    def __init__(self, slip_min=1):
        self.slip_min = slip_min
        self.maxima = array("q", bytes(8 * KINDS * (TARIFFS + 1)))  # mW or mvar: total, T1..T8
        self.stamps = array("i", bytes(4 * KINDS * (TARIFFS + 1)))  # UTC minute of its end
        self.last = array("q", bytes(8 * KINDS))  # of the last window
        self.is_complete = False  # does `last` lack nothing?
        self.windows = 0  # complete ones
        self._slips = _WINDOW_MIN // slip_min
        self._ring = array("q", bytes(8 * KINDS * self._slips))  # mWh a slip
        self._of_tariff = bytearray(self._slips)
        self._at = 0  # slip of the ring that is open
        self._number = -1  # of the open slip since 1970 by local time; -1: none
        self._tariff = _NONE  # of the open slip; two of them: _MIXED
        self._good = 0  # complete slips in a row before the open one
        self._is_good = False  # is the open one complete so far?

    def spoil(self):
        """The open slip lacks energy, or has some of an earlier time."""
        self._is_good = False

    def take(self, steps, tariff, utc_min, zone_min):
        """What the six registers of the total (energy_registers.NAMES) moved on by in mWh up to
        now, a UTC minute, under `tariff`."""
        number = (utc_min + zone_min) // self.slip_min
        if self._number < 0:
            self._open(number, False)  # it began before it was watched
        if self._tariff == _NONE:
            self._tariff = tariff
        elif tariff != self._tariff:
            self._tariff = _MIXED
        ring, at = self._ring, self._at * KINDS
        ring[at] += steps[0]
        ring[at + 1] += steps[1]
        ring[at + 2] += steps[2] + steps[3]
        ring[at + 3] += steps[4] + steps[5]
        if number != self._number:
            is_next = number == self._number + 1  # else the clock was set, or nobody called
            self._close(self._is_good and is_next, number * self.slip_min - zone_min)
            self._open(number, is_next)

    def _open(self, number, is_good):
        self._number = number
        self._tariff = _NONE
        self._is_good = is_good
        for i in range(self._at * KINDS, (self._at + 1) * KINDS):
            self._ring[i] = 0

    def _close(self, is_good, end_min):
        self._of_tariff[self._at] = max(0, self._tariff)
        self._good = min(self._good + 1, self._slips) if is_good else 0
        self._at = (self._at + 1) % self._slips
        self.is_complete = self._good == self._slips
        self._judge(end_min)

    def _judge(self, end_min):
        tariff = self._of_tariff[0]
        for other in self._of_tariff:
            if other != tariff:
                tariff = 0
        for kind in range(KINDS):
            total = 0
            for i in range(kind, len(self._ring), KINDS):
                total += self._ring[i]
            power = total * 60 // _WINDOW_MIN
            self.last[kind] = power
            if self.is_complete:
                self._raise(kind, power, end_min)
                if tariff:
                    self._raise(tariff * KINDS + kind, power, end_min)
        self.windows += self.is_complete

    def _raise(self, at, power, end_min):
        if power > self.maxima[at]:
            self.maxima[at] = power
            self.stamps[at] = end_min

    def reset(self, end_min=None):
        """Begin a new period, at UTC minute `end_min` (None: now): the maxima start from zero but
        for those whose window ended later, within a month; so it may be done twice, and late.
        The record of the old one."""
        record = self.record()
        for i in range(len(self.maxima)):
            since = 0 if end_min is None else self.stamps[i] - end_min
            if not 0 < since <= _MONTH_MIN:
                self.maxima[i] = self.stamps[i] = 0
        return record

    def record(self):
        """What a checkpoint keeps: {"max": mW, "at": UTC minutes}, total, T1.. as far as used."""
        used = len(self.maxima)
        while used > KINDS and not any(list(self.maxima[used - KINDS : used])):
            used -= KINDS
        return {"max": list(self.maxima[:used]), "at": list(self.stamps[:used])}

    def restore(self, record):
        """Take over the maxima of `record`; ValueError when it has another shape."""
        powers, stamps = record["max"], record["at"]
        good = isinstance(powers, list) and isinstance(stamps, list)
        if not good or len(powers) != len(stamps) or len(powers) > len(self.maxima):
            raise ValueError("a demand checkpoint is two lists of %d at most" % len(self.maxima))
        for power, stamp in zip(powers, stamps):
            if type(power) is not int or type(stamp) is not int:
                raise ValueError("a demand checkpoint holds whole numbers")
            if not (0 <= power < 1 << 62 and 0 <= stamp < 1 << 31):
                raise ValueError("a demand checkpoint holds numbers from zero up")
        for i in range(len(powers)):
            if powers[i] > self.maxima[i]:
                self.maxima[i], self.stamps[i] = powers[i], stamps[i]
