"""The module of docs/module.md in a real slot, on virtual time, with an emulated SHT30 on the bus.
Run by test_module_page.py under MicroPython; prints OK."""

import asyncio

from firmware.bay.slot import Slot
from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.core.quality import IV, NT
from firmware.points.table import Points
from modules.thermo.driver import Driver
from tools.emulator.sht30 import Sht30
from tools.virtual import loop as virtual

HOT, TEMPERATURE, HUMIDITY = 0, 1, 2


class Bus:
    """The calls of machine.I2C that the page makes. `chips` by address; nobody there: ENODEV."""

    def __init__(self, chips):
        self.chips = chips

    def writeto(self, address, data):
        self._chip(address).write(data)

    def readfrom(self, address, count):
        found = self._chip(address).read(count)
        if found is None:
            raise OSError(19)
        return found

    def _chip(self, address):
        if address not in self.chips:
            raise OSError(19)
        return self.chips[address]


class Wires:
    number = 3

    def __init__(self, i2c):
        self.i2c = i2c


class Told:
    """A slot's listener."""

    def __init__(self):
        self.events = []

    def slot_failed(self, number, text):
        self.events.append(("failed", number, text))

    def device_changed(self, name, is_back):
        self.events.append(("back" if is_back else "lost", name))

    def state_changed(self, device, point, before, now, _stamp_ms):
        self.events.append(("state", device.name, point, before, now))

    def take(self):
        found, self.events = self.events, []
        return found


def diff(a, b):
    return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000


async def check(time):
    clock = Clock(time.ticks_us, diff, time.utc_ms)
    points, told = Points(8), Told()
    chip = Sht30(lambda: time.us / 1e6)
    bus = Bus({0x45: chip})  # slot 3 is odd
    log = Log(clock, lambda line: None)
    cfg = {"limit_c": 30}
    slot = Slot(3, "thermo", Driver, Wires(bus), cfg, points, clock, log, told)
    values, quality = points.values, points.quality

    task = asyncio.create_task(slot.run())
    await asyncio.sleep_ms(3000)
    assert slot.state == "ready" and told.take() == []
    assert list(values)[:3] == [0, 215, 450], list(values)
    assert list(quality)[:3] == [0, 0, 0]
    assert points.device("thermo-3").template[TEMPERATURE] == ("temperature", "degC", -1)

    # every quarter of an hour the values, every minute the limit
    for temperature, humidity, raw in ((-45, 0, -450), (130, 100, 1300), (-7.3, 61.2, -73)):
        chip.set(temperature, humidity)
        await asyncio.sleep_ms(901000)
        assert abs(values[TEMPERATURE] - raw) <= 1, (temperature, values[TEMPERATURE])
        assert abs(values[HUMIDITY] - 10 * humidity) <= 1, (humidity, values[HUMIDITY])
    states = [("state", "thermo-3", HOT, 0, 1), ("state", "thermo-3", HOT, 1, 0)]
    assert told.take() == states
    chip.set(temperature=30.2)
    await asyncio.sleep_ms(61000)
    assert told.take() == states[:1] and values[HOT] == 1

    # either word damaged: asked again, no value from it; for good: the device is lost
    for spared in (0, 1):
        chip.set(20 + 30 * spared, damaged=1, spared=spared)
        before = chip.asked
        while chip.damaged:
            await asyncio.sleep_ms(1000)
        assert told.take() == [states[1 - spared]] and chip.asked - before == 2, spared
        assert not any(quality[:3])
    chip.set(temperature=20, damaged=10000)
    await asyncio.sleep_ms(62000)
    assert told.take() == [("lost", "thermo-3")] and values[HOT] == 1
    assert all([bits & IV for bits in quality[:3]])
    chip.set(damaged=0)
    await asyncio.sleep_ms(400000)
    assert told.take() == [("back", "thermo-3")] and not any(quality[:3]) and values[HOT] == 0

    # the chip is gone: the slot fails, closes and comes back
    del bus.chips[0x45]
    await asyncio.sleep_ms(62000)
    assert slot.state == "failed" and [event[0] for event in told.take()] == ["failed"]
    assert all([bits & IV and bits & NT for bits in quality[:3]])
    bus.chips[0x45] = chip
    await asyncio.sleep_ms(62000)
    assert slot.state == "ready" and told.take() == [] and not any(quality[:3])

    # pulled
    task.cancel()
    await asyncio.sleep_ms(100)
    assert all([bits & IV for bits in quality[:3]]) and slot.driver is None

    # another chip at that address
    bus.chips[0x45] = chip
    chip.set(damaged=10000)
    task = asyncio.create_task(slot.run())
    await asyncio.sleep_ms(500)
    assert [event[:2] for event in told.take()] == [("failed", 3)] and "SHT30" in slot.error
    task.cancel()
    await asyncio.sleep_ms(100)


time = virtual.Time(1790000100000 // 900000 * 900000)
virtual.install(time)
asyncio.run(check(time))
print("OK")
