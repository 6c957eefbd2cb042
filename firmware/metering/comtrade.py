"""The configuration file of a COMTRADE record (IEEE C37.111-1999, clause 5), line by line.

The data file beside it is binary (clause 6.6), made by snapshot_kernels.rows. Values are primary
ones, time stamps UTC. Everything is integers: a float of a small board has 7 digits only.
The name of the recording device ends with what was recorded, such as `meter dip+interruption`.
"""

from micropython import const

from firmware.metering import ring
from firmware.metering.tariff import civil

_DIGITS = const(9)  # of a conversion factor
_DAY_US = 86400000000


class Config:
    def __init__(self, station, device, u_fs_mv, i_fs_ma, fs_word, hertz, sample_hz=8000):
        """Full scales are primary peaks at `fs_word`; a value of the data is one of the ring."""
        self._station, self._device = station, device
        self._unit = {"v": (u_fs_mv, "V"), "i": (i_fs_ma, "A")}
        self._fs_word = fs_word
        self._hertz = hertz
        self._sample_hz = sample_hz
        self.rate_ppb = 0  # the sample clock is so much slower than nominal

    def lines(self, what, first_us, trigger_us, sets):
        """Yield the lines of a record of `what`, `sets` sets long; UTC of the first sample and of
        the trigger."""
        yield "%s,%s %s,1999\r\n" % (self._station, self._device, what)
        count = len(ring.CHANNELS)
        yield "%d,%dA,0D\r\n" % (count, count)
        for k in range(count):
            yield self._channel(k + 1, ring.CHANNELS[k])
        yield "%d\r\n1\r\n" % self._hertz
        ppb = 1000000000
        yield "%s,%d\r\n" % (real(self._sample_hz * ppb, ppb + self.rate_ppb), sets)
        yield stamp(first_us)
        yield stamp(trigger_us)
        yield "BINARY\r\n1\r\n"

    def _channel(self, number, name):
        """a x + 0: the ring carries on what its units cut off."""
        full_scale, unit = self._unit[name[0]]
        a = real(full_scale << ring.WORD_SHIFT, self._fs_word * 1000)
        name, phase = name.upper(), name[1].upper()
        return "%d,%s,%s,,%s,%s,0,0,-32767,32767,1,1,P\r\n" % (number, name, phase, unit, a)


def real(num, den):
    """The ratio of two positive ints in decimal, as 2.74782595E-2."""
    exponent = _DIGITS - 1
    num *= 10**exponent
    while num // den >= 10**_DIGITS:
        den *= 10
        exponent += 1
    while (num + den // 2) // den < 10 ** (_DIGITS - 1):
        num *= 10
        exponent -= 1
    digits = str((num + den // 2) // den)
    return "%s.%sE%d" % (digits[0], digits[1:], exponent - _DIGITS + 1 + len(digits) - _DIGITS)


def stamp(us):
    """UTC microseconds since 1970 as dd/mm/yyyy,hh:mm:ss.ssssss."""
    year, month, day = civil(us // _DAY_US)
    us %= _DAY_US
    second, us = us // 1000000, us % 1000000
    clock = (second // 3600, second // 60 % 60, second % 60, us)
    return "%02d/%02d/%04d,%02d:%02d:%02d.%06d\r\n" % ((day, month, year) + clock)


def summary(text):
    """(what was recorded, UTC of the trigger as text, sets) of a configuration as `lines` makes
    it; ValueError when it is another."""
    rows = [row.split(",") for row in text.split("\r\n")]
    if len(rows) < 7 or len(rows[0]) != 3 or rows[-3] != ["BINARY"] or len(rows[-4]) != 2:
        raise ValueError("this is no configuration of a waveform record")
    day, month, year = rows[-4][0].split("/")
    when = "%s-%s-%s %s" % (year, month, day, rows[-4][1][:12])
    return rows[0][1].split(" ")[-1], when, int(rows[-6][1])
