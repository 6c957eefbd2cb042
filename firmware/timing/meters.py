"""The clocks of the meters: all set by broadcast once a day, each read once a day, slowly.

They are set only while our own time is good (within 5 s of UTC and synchronised), not within five
minutes of an hour, midnight among them, nor two of a quarter (State Grid rule 384-2014 as an exam
bank quotes it: not near midnight nor on the hour; set for 1 to 15 minutes; one that is still more
than 5 minutes off after two settings in a month is faulty). A meter takes a broadcast when it is
at most 5 minutes off: farther off is told, faulty is told, and so is that it is right again.

One clock is read each 20 s, by a command that waits for its turn like a person's, so 200 meters
take 67 minutes and less than 2 % of a line. What is known is 3 bytes a device; a reboot loses it.
"""

import asyncio
from array import array

from micropython import const

from firmware.core.errors import SlotError

_STEP_MS = const(20000)
_WAIT_MS = const(30000)  # for a turn on the bus, and the answer
_BROADCAST_MS = 300000  # a meter takes no broadcast that moves it farther
_RIGHT_S = const(10)  # a set clock is right within that
_MOST_S = const(32000)  # what a place in the array holds, 8.9 h: as far or farther
_UNREAD, _NO_CLOCK, _SILENT = const(-32768), const(-32767), const(-32766)
_BEYOND = const(0x80)  # of `_Bus.flags`: told that it is out of reach
_FAULTY = const(2)  # settings that did not help
_COUNT = const(15)
_KINDS = ("rs485", "hplc")
_DAY_MIN = const(1440)


class _Bus:
    """What is known of the devices in one slot."""

    def __init__(self, driver, devices, count):
        self.driver = driver
        self.devices = devices  # hash of their names
        self.offsets = array("h", [_UNREAD] * count)  # s
        self.flags = bytearray(count)  # settings that did not help, and _BEYOND
        self.next = 0  # device to be read
        self.set_day = -1  # local day of the last broadcast


class MeterClocks:
    def __init__(self, clock, zone_min, slots, is_good, told, is_setting, at_min):
        """slots(): the Slots in service; is_good(): our own time is; told(name, device, text): an
        event; `is_setting`: else the clocks are only read; `at_min`: minute of the local day from
        which they are set."""
        self._clock = clock
        self._zone_min = zone_min
        self._slots = slots
        self._is_good = is_good
        self._told = told
        self._is_setting = is_setting
        self._at_min = at_min
        self._buses = {}  # slot number: _Bus
        self._month = -1  # the settings that did not help are counted in
        self.problem = ""

    async def run(self):
        """For ever."""
        while True:
            await asyncio.sleep_ms(_STEP_MS)
            if self._is_good():
                await self.step()

    async def step(self):
        """Set what is to be set now; read one clock of each bus."""
        minute = self._clock.utc_ms() // 60000 + self._zone_min
        month = minute // (_DAY_MIN * 30)  # thirty days are a month
        if month != self._month:
            self._month = month
            for bus in self._buses.values():
                for i in range(len(bus.flags)):
                    bus.flags[i] &= _BEYOND
        for slot in self._slots():
            if slot.kind not in _KINDS or slot.driver is None:
                continue
            bus = self._bus(slot)
            if self._is_setting and self._is_time(bus, minute):
                await self._set(slot, bus, minute // _DAY_MIN)
            elif bus.next < len(bus.offsets):
                bus.next += 1
                await self._read(slot, bus, bus.next - 1)
            elif not self._is_setting and minute % _DAY_MIN == self._at_min:
                bus.next = 0  # once a day

    def _bus(self, slot):
        bus = self._buses.get(slot.number)
        if bus is None or bus.driver is not slot.driver:
            devices = hash(tuple([name for _, name in slot.served()]))
            if bus is None or bus.devices != devices:
                bus = self._buses[slot.number] = _Bus(slot.driver, devices, len(slot.blocks))
            bus.driver = slot.driver
            bus.next = 0
        return bus

    def _is_time(self, bus, minute):
        is_safe = 6 <= minute % 60 < 54 and 2 <= minute % 15 < 12
        day, of_day = minute // _DAY_MIN, minute % _DAY_MIN
        return is_safe and bus.set_day != day and of_day >= self._at_min

    async def _set(self, slot, bus, day):
        bus.set_day = day
        try:
            count = await slot.command("set_clocks", wait_ms=_WAIT_MS)
        except SlotError as error:
            self.problem = str(error)
            return
        if count:
            bus.next = 0  # and see what it did
            self._told("METERS_SET", "slot %d" % slot.number, "%d broadcasts" % count)

    async def _read(self, slot, bus, device):
        schedule = slot.schedule
        if bus.offsets[device] == _NO_CLOCK or schedule is None:
            return
        if slot.kind == "rs485" and schedule.is_silent(device):
            bus.offsets[device] = _SILENT
            return
        try:
            found = await slot.command("read_clock", device, wait_ms=_WAIT_MS)
        except SlotError as error:
            self.problem = str(error)
            return
        if not found:
            bus.offsets[device] = _SILENT if found is None else _NO_CLOCK
            return
        seconds = (found[0] + 500) // 1000
        bus.offsets[device] = max(-_MOST_S, min(_MOST_S, seconds))
        self._judge(slot, bus, device, seconds, abs(found[0]) - found[1] > _BROADCAST_MS)

    def _judge(self, slot, bus, device, seconds, is_beyond):
        flags = bus.flags[device]
        if not is_beyond:
            bus.flags[device] = 0
            if flags & _BEYOND:
                self._tell(slot, device, "%+d s, a broadcast reaches it again" % seconds)
            return
        count = flags & _COUNT
        if bus.set_day >= 0 and count < _COUNT:
            count += 1
            if count == _FAULTY:
                text = "faulty: %+d s, still off after %d settings in a month"
                self._tell(slot, device, text % (seconds, count))
        if not flags & _BEYOND:
            self._tell(slot, device, "%+d s, more than a broadcast may set" % seconds)
        bus.flags[device] = _BEYOND | count

    def _tell(self, slot, device, text):
        self._told("METER_CLOCK", _name(slot, device), text)

    def table(self):
        """(header, rows, note)."""
        rows = []
        for slot in self._slots():
            bus = self._buses.get(slot.number)
            if bus is None or bus.driver is not slot.driver:
                continue
            for i, name in slot.served():
                seconds, flags = bus.offsets[i], bus.flags[i]
                if seconds > _SILENT:
                    rows.append((name, slot.number, "%+d" % seconds, _state(seconds, flags)))
                elif seconds == _SILENT:
                    rows.append((name, slot.number, None, "does not tell"))
        text = "set each day from %02d:%02d on" % (self._at_min // 60, self._at_min % 60)
        note = text if self._is_setting else "they are read only, see time.meters"
        return ("device", "slot", "ahead s", "state"), rows, note


def _state(seconds, flags):
    if flags & _COUNT >= _FAULTY:
        return "faulty"
    if flags & _BEYOND:
        return "out of a broadcast's reach"
    return "right" if abs(seconds) <= _RIGHT_S else "off"


def _name(slot, device):
    for i, name in slot.served():
        if i == device:
            return name
    return "slot %d" % slot.number
