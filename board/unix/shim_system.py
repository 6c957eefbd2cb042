"""RTC, watchdog, resets and identity of the virtual board.

The supervising process plays the parts that outlive the interpreter: it restarts it, tells it
why (TTU_RESET_CAUSE), keeps the clock's setting (TTU_RTC_US) and kills it when no feed comes.
"""

import binascii
import os
import time

import shim_host
from micropython import const

PWRON_RESET = const(1)
HARD_RESET = const(2)
WDT_RESET = const(3)
DEEPSLEEP_RESET = const(4)
SOFT_RESET = const(5)

_HARD_STATUS = const(66)  # exit status that means a hard reset to whoever runs the script
_DEFAULT_ID = "0000000000000000"


def reset():
    """Hard reset, at once; does not return."""
    shim_host.ask_restart("reset", _HARD_STATUS)


def soft_reset():
    raise SystemExit(0)


def reset_cause():
    """One of the *_RESET constants."""
    return int(os.getenv("TTU_RESET_CAUSE") or PWRON_RESET)


# what no port tells Python: "brownout", "panic", or "" when reset_cause() is all there is to it
raw_reset = os.getenv("TTU_RESET_RAW") or ""


def unique_id():
    return binascii.unhexlify(shim_host.wiring.get("unique_id", _DEFAULT_ID))


def freq(hz=None):
    """CPU clock in Hz: nominal, setting it changes nothing."""
    return 240_000_000 if hz is None else None


class WDT:
    """Bites when not fed for `timeout` ms. Cannot be stopped; a restart clears it."""

    def __init__(self, id=0, timeout=5000):
        if timeout < 1:
            raise ValueError("timeout must be at least 1 ms")
        self._line = str(timeout)
        self.feed()

    def feed(self):
        shim_host.tell(self._line)


def utc_us():
    """UTC in us since 1970, as the RTC has it."""
    return time.time_ns() // 1000 + RTC._offset_us


def _days(year, month, day):
    """Days since 1970-01-01 in the Gregorian calendar; the year is taken to begin in March,
    which puts the leap day at its end."""
    if month <= 2:
        year -= 1
        month += 12
    leap_days = year // 4 - year // 100 + year // 400
    return 365 * year + leap_days + (153 * month - 457) // 5 + day - 719469


class RTC:
    """Calendar clock, UTC: the host's clock plus a setting that survives every reset."""

    _offset_us = int(os.getenv("TTU_RTC_US") or 0)

    def __init__(self, id=0):
        pass

    def datetime(self, value=None):
        """(year, month, day, weekday, hour, minute, second, microsecond); Monday is 0."""
        now_us = time.time_ns() // 1000
        if value is None:
            now_us += RTC._offset_us
            date = time.gmtime(now_us // 1_000_000)
            return date[:3] + (date[6],) + date[3:6] + (now_us % 1_000_000,)
        year, month, day, _, hour, minute, second, micro = value
        seconds = ((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
        RTC._offset_us = seconds * 1_000_000 + micro - now_us
        shim_host.tell("rtc %d" % RTC._offset_us)
        return None

    def init(self, value):
        self.datetime(value)
