"""The modem's words for time and signal, as numbers."""

from micropython import const

_DAY_S = const(86400)


def days(year, month, day):
    """Days since 1970-01-01, Gregorian."""
    year -= month <= 2
    past = year % 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    of_era = past * 365 + past // 4 - past // 100 + of_year
    return year // 400 * 146097 + of_era - 719468


def utc_ms(text, is_utc):
    """UTC in ms of "yyyy/MM/dd,hh:mm:ss+zz", zz in quarters of an hour ahead of UTC; `is_utc`: the
    time before it is UTC already (AT+QLTS=1), not local (AT+CCLK?). ValueError when it is none."""
    date, time = text.split(",")[:2]
    year, month, day = [int(word) for word in date.split("/")]
    if year < 100:
        year += 2000 if year < 70 else 1900  # one that was never set says 70 or 80
    hours, minutes, seconds = [int(word) for word in time[:8].split(":")]
    if not (2020 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError("the network's clock was never set")
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 61):
        raise ValueError("no time of day: " + time)
    quarters = 0 if is_utc or len(time) < 9 else int(time[8:11])
    at = days(year, month, day) * _DAY_S + hours * 3600 + minutes * 60 + seconds
    return (at - quarters * 900) * 1000


def dbm(rssi):
    """Signal in dBm of the first value of +CSQ (3GPP TS 27.007, 8.5), None: not known."""
    return 2 * rssi - 113 if 0 <= rssi <= 31 else None
