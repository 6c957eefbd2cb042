"""The clocks of the devices on a line: one is read, or all are set at once. For the driver."""

import asyncio

from micropython import const

from firmware.codec import dlt645, dlt698
from firmware.core import civil
from firmware.core.errors import CodecError
from firmware.devices import meter_clock

_HALF_MS = const(500)  # a clock of whole seconds
_PREAMBLES = {"dlt645": dlt645.PREAMBLE, "dlt698": dlt698.PREAMBLE}


async def read(exchange, device, protocol, clock, zone_min):
    """(ms a device's clock is ahead of ours, what that may be off in ms), None when it does not
    tell, () when its kind has none. exchange(device, ask, False): a dialect with the answer."""
    moment = [0] * 6
    heard_ms = doubt_ms = 0
    for ask in meter_clock.ASKS.get(protocol, ()):
        begun_ms = clock.utc_ms()
        dialect = await exchange(device, ask, False)
        if dialect is None or dialect.refused():
            return None
        try:
            meter_clock.note(moment, protocol, dialect.master.reply)
        except CodecError:
            return None
        if not doubt_ms:  # the seconds are in the first answer, read in the middle of it
            took_ms = clock.utc_ms() - begun_ms
            heard_ms, doubt_ms = begun_ms + took_ms // 2, took_ms // 2 + _HALF_MS
    if not doubt_ms:
        return ()
    try:
        return civil.utc_ms(moment, zone_min) + _HALF_MS - heard_ms, doubt_ms
    except ValueError:
        return None


async def set_all(line, lines, clock, zone_min):
    """Says the time on the line, by each protocol and at each speed in `lines`: (protocol,
    serial). A frame ends when the second it tells begins, but for what the loop is late by."""
    for protocol, serial in lines:
        await line.prepare(None, serial)
        frame = _frame(protocol, (2000, 1, 1, 0, 0, 0))
        wire_ms = line.wire_ms(len(frame))
        now_ms = clock.utc_ms()
        second = (now_ms + wire_ms) // 1000 + 1
        frame = _frame(protocol, civil.moment(second * 1000, zone_min))
        await asyncio.sleep_ms(second * 1000 - wire_ms - now_ms)
        line.say(frame)
        await asyncio.sleep_ms(wire_ms)


def _frame(protocol, moment):
    return _PREAMBLES[protocol] + meter_clock.setter(protocol, moment)
