"""A meter's own clock, by either protocol: what reads it, what the answer means, and the frame
that sets all clocks on a line at once, which no meter answers. DL/T 645-2007: items 04000102
(hhmmss) and 04000101 (YYMMDDWW), control 08H. DL/T 698.45: object 4000, attribute 2, method 127. A
meter takes a broadcast when it is at most 5 minutes off, once a day. Loaded where it is used.
"""

from micropython import const

from firmware.codec import dlt645, dlt698
from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_requests as requests
from firmware.codec.dlt698_address import EVERYBODY
from firmware.core.bcd import bcd_to_int
from firmware.core.errors import CodecError

_CONTROL_698 = const(0x43)  # a client's request, user data
_SET_CLOCK = "40007F00"

# what is asked, one after the other, as the dialects take it; the first answer has the seconds
ASKS = {"dlt645": (("04000102",), ("04000101",)), "dlt698": (("40000200",),)}


def note(moment, protocol, reply):
    """What an answer says into `moment`, a list of year .. second. CodecError when it is none."""
    if protocol == "dlt698":
        value = reply.results[0].data if reply.results else None
        if not isinstance(value, data.Tagged) or value.tag != data.DATE_TIME_S:
            raise CodecError("the clock is no date and time")
        moment[:] = value.value
        return
    raw = reply.data  # low byte first
    is_time = reply.di == "04000102"
    if len(raw) != (3 if is_time else 4):
        raise CodecError("the clock has %d bytes" % len(raw))
    parts = [bcd_to_int(raw, i, 1) for i in range(len(raw) - 1, -1, -1)]
    if is_time:
        moment[3:] = parts
    else:
        moment[:3] = [2000 + parts[0]] + parts[1:3]  # the day of the week is left out
    if min(parts[:3]) < 0:
        raise CodecError("the clock is not written in decimal digits")


def setter(protocol, moment):
    """The frame that sets all clocks to it, without preamble."""
    if protocol == "dlt645":
        return dlt645.broadcast_time(*((moment[0] % 100,) + tuple(moment[1:])))
    value = data.Tagged(data.DATE_TIME_S, tuple(moment))
    apdu = requests.action(0, _SET_CLOCK, value)
    return dlt698.build(_CONTROL_698, EVERYBODY, 0, apdu)
