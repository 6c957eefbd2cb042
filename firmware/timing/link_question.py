"""The times of a LINK exchange of DL/T 698.45 (login and heart-beat): sans-I/O, one question at a
time, as timing/ntp.py is for SNTP.

A terminal tells its own time; the answer repeats it and adds when the question came and when the
answer left, by the master's clock: local time in ms. With how long the exchange took by our ticks
that is the four stamps of NTP. An answer is believed when it has the number and the time of our
question, its result is 0 and says that the master's clock is trusted, and its times make sense.
The names of results 1 to 3 are [unverified], and so is the weekday of a Sunday: 7 here, as an
independent client sends it; it is not compared.
"""

from micropython import const

from firmware.core import civil

TRUSTED = const(0x80)  # bit of the result
_RESULT = const(7)  # ... 0: ok
_NUMBERS = const(63)
_WEEKDAY = const(3)  # place in a time
_MS = const(7)
_ANY = const(0xFFFF)  # ms: not told
_GRAIN_US = const(1000)  # of its stamps
_COARSE_US = const(1000000)  # ... of a master that has whole seconds only
_OWN_US = const(100000)  # its clock may be off by, assumed: the answer has no field for it
_RESULTS = ("", "the address is there twice", "the terminal is not known", "there is no room")


class Refusal(Exception):
    """The master does not want this terminal; the message says why."""


class Question:
    def __init__(self, number, utc_ms, zone_min):
        """`number`: another one each time, it counts modulo 64."""
        self.piid = number & _NUMBERS
        self.moment = wire(utc_ms, zone_min)
        self._zone_min = zone_min

    def judge(self, answer, passed_us, floor_s):
        """(UTC in us when the answer came, what it may be off in us); None for what answers
        another question. `answer`: piid, result, asked, received, answered; `passed_us`: since
        it was sent; `floor_s`: the time is later than that. ValueError, one sentence, for times
        that cannot be used; Refusal."""
        if answer.piid & _NUMBERS != self.piid or not _are_same(answer.asked, self.moment):
            return None
        refused = answer.result & _RESULT
        if refused:
            raise Refusal(_RESULTS[refused] if refused < len(_RESULTS) else "%d" % refused)
        if not answer.result & TRUSTED:
            raise ValueError("the master does not trust its clock")
        received_us, sent_us = self._utc_us(answer.received), self._utc_us(answer.answered)
        is_coarse = not sent_us % _COARSE_US and not received_us % _COARSE_US
        grain_us = _COARSE_US if is_coarse else _GRAIN_US
        held_us = sent_us - received_us
        if not 0 <= held_us <= passed_us + grain_us:
            raise ValueError("the master answered before it was asked")
        if sent_us < floor_s * 1000000:
            raise ValueError("the master lives in the past: %s" % civil.text(sent_us // 1000))
        # what whole seconds say of the time it was held for is nothing
        half_us = (passed_us if is_coarse else max(0, passed_us - held_us)) // 2
        return sent_us + half_us + grain_us // 2, half_us + 2 * grain_us + _OWN_US

    def _utc_us(self, moment):
        ms = 0 if moment[_MS] == _ANY else moment[_MS]
        if ms > 999:
            raise ValueError("the master's second has %d ms" % ms)
        plain = moment[:_WEEKDAY] + moment[_WEEKDAY + 1 : _MS]
        return (civil.utc_ms(plain, self._zone_min) + ms) * 1000


def wire(utc_ms, zone_min):
    """(year, month, day, weekday, hour, minute, second, ms) by a clock `zone_min` ahead of UTC."""
    year, month, day, hour, minute, second = civil.moment(utc_ms, zone_min)
    weekday = (civil.days(year, month, day) + 3) % 7 + 1  # 1970-01-01 was a Thursday, 4
    return year, month, day, weekday, hour, minute, second, utc_ms % 1000


def _are_same(a, b):
    return a[:_WEEKDAY] == b[:_WEEKDAY] and a[_WEEKDAY + 1 :] == b[_WEEKDAY + 1 :]
