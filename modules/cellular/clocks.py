"""The modem's words for time and signal, as numbers."""

from firmware.core import civil


def utc_ms(text, is_utc):
    """UTC in ms of "yyyy/MM/dd,hh:mm:ss+zz", zz in quarters of an hour ahead of UTC; `is_utc`: the
    time before it is UTC already (AT+QLTS=1), not local (AT+CCLK?). ValueError when it is none."""
    date, time = text.split(",")[:2]
    year, month, day = [int(word) for word in date.split("/")]
    if year < 100:
        year += 2000 if year < 70 else 1900  # one that was never set says 70 or 80
    hours, minutes, seconds = [int(word) for word in time[:8].split(":")]
    if not 2020 <= year <= 2099:
        raise ValueError("the network's clock was never set")
    quarters = 0 if is_utc or len(time) < 9 else int(time[8:11])
    return civil.utc_ms((year, month, day, hours, minutes, min(seconds, 59)), 15 * quarters)


def dbm(rssi):
    """Signal in dBm of the first value of +CSQ (3GPP TS 27.007, 8.5), None: not known."""
    return 2 * rssi - 113 if 0 <= rssi <= 31 else None
