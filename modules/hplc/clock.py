"""Local time for the module and the meters: as twelve digits, as the frames that set it."""

from firmware.codec import dlt645, dlt698, gdw1376_2_down
from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_requests as requests
from firmware.codec import gdw1376_2 as gdw
from firmware.codec.dlt698_address import EVERYBODY

_CONTROL_698 = 0x43  # a client's request, user data
_SET_CLOCK = "40007F00"  # OI 4000, method 127
_TRANSPARENT, _BY_645 = 0, 2  # of 05H F3


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
