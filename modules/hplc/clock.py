"""Local time for the module and the meters: as twelve digits, as the frames that set it."""

from firmware.codec import dlt645, dlt698, gdw1376_2_down
from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_requests as requests
from firmware.codec import gdw1376_2 as gdw
from firmware.codec.dlt698_address import EVERYBODY

_CONTROL_698 = 0x43  # a client's request, user data
_SET_CLOCK = "40007F00"  # OI 4000, method 127
_TRANSPARENT, _BY_645 = 0, 2  # of 05H F3


def local(utc_ms, zone_min):
    """(year, month, day, hour, minute, second) by local time; civil-from-days (H. Hinnant), since
    ports differ in their epoch."""
    seconds = utc_ms // 1000 + 60 * zone_min
    days, rest = seconds // 86400 + 719468, seconds % 86400
    era, day = days // 146097, days % 146097
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month += 3 if month < 10 else -9
    year += 400 * era + (month <= 2)
    return year, month, day, rest // 3600, rest // 60 % 60, rest % 60


def digits(moment):
    """YYMMDDhhmmss."""
    return "%02d%02d%02d%02d%02d%02d" % ((moment[0] % 100,) + moment[1:])


def broadcasts(moment, is_645, is_698):
    """The units of 05H F3 that set the meters' clocks."""
    units = []
    if is_645:
        frame = dlt645.broadcast_time(*((moment[0] % 100,) + moment[1:]))
        units.append(_unit(_BY_645, frame))
    if is_698:
        value = data.Tagged(data.DATE_TIME_S, moment)
        apdu = requests.action(0, _SET_CLOCK, value)
        units.append(_unit(_TRANSPARENT, dlt698.build(_CONTROL_698, EVERYBODY, 0, apdu)))
    return units


def _unit(control, frame):
    return gdw1376_2_down.encode(gdw.CONTROL, 3, {"control": control, "data": frame})
