"""Local time for the module and the meters: as twelve digits, as the frames that set it; and a
meter's own clock, asked through the network."""

from micropython import const

from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_down
from firmware.codec.exchange import DONE
from firmware.core import civil
from firmware.core.errors import CodecError, SlotError
from firmware.devices import dialect_dlt645, dialect_dlt698, meter_clock

_TRANSPARENT, _BY_645 = 0, 2  # of 05H F3
_HALF_MS = const(500)  # a clock of whole seconds
_DIALECTS = {"dlt645": dialect_dlt645, "dlt698": dialect_dlt698}


def digits(moment):
    """YYMMDDhhmmss."""
    return "%02d%02d%02d%02d%02d%02d" % ((moment[0] % 100,) + moment[1:])


def broadcasts(moment, is_645, is_698):
    """The units of 05H F3 that set the meters' clocks."""
    units = []
    if is_645:
        units.append(_unit(_BY_645, meter_clock.setter("dlt645", moment)))
    if is_698:
        units.append(_unit(_TRANSPARENT, meter_clock.setter("dlt698", moment)))
    return units


def _unit(control, frame):
    return gdw1376_2_down.encode(gdw.CONTROL, 3, {"control": control, "data": frame})


async def read(transfer, address, protocol, clock, zone_min, wait_ms):
    """(ms a meter's clock is ahead of ours, what that may be off in ms), None when it does not
    tell. transfer(address, protocol, frame, wait_ms): its answer to a frame. The way there and
    back may take seconds, and where in between the clock was read is not known: half of it is
    what the answer may be off."""
    dialect = _DIALECTS[protocol].Dialect()
    moment = [0] * 6
    heard_ms = doubt_ms = 0
    for ask in meter_clock.ASKS[protocol]:
        begun_ms = clock.utc_ms()
        frame = dialect.begin(address, ask)
        try:
            answer = await transfer(address, protocol, frame, wait_ms)
        except SlotError:
            return None
        took_ms = clock.utc_ms() - begun_ms
        dialect.master.feed(answer)
        try:
            if dialect.master.take() != DONE or dialect.refused():
                return None
            meter_clock.note(moment, protocol, dialect.master.reply)
        except CodecError:
            return None
        if not doubt_ms:  # the seconds are in the first answer
            heard_ms, doubt_ms = begun_ms + took_ms // 2, took_ms // 2 + _HALF_MS
    try:
        return civil.utc_ms(moment, zone_min) + _HALF_MS - heard_ms, doubt_ms
    except ValueError:
        return None
