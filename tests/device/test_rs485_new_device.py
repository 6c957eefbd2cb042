"""A new device on RS-485 needs a profile and no code."""

import asyncio

from rs485_world import Meter, Profiles, Registers, World, complete, modbus, row

from firmware.bay.contract import ALARM, DATA, KEY
from firmware.core.quality import GOOD, IV

ours = Profiles()


def test_a_new_device_needs_no_code():
    """Invented today: a pump with a key alarm and a long counter, low word first."""
    points = [
        ["running", "", 0, "key", 70],
        ["leak", "", 0, "alarm", 71],
        ["flow", "m3/h", -2, "data", 64, "s16"],
        ["volume", "m3", 0, "data", 65, "u32"],
        ["runs", "", 0, "data", [4, 0], "u64"],
    ]
    ours.put("pump", modbus(points, words="low", parity="even", baud=19200))
    slave = Registers(9, 64, [0xFFFE, 0x0002, 0x0001, 0, 0, 0, 1, 0])
    other = Registers(9, 0, [4, 3, 2, 1], function=4)

    class Both:
        def answer(self, data):
            return other.answer(data) if data[1] == 4 else slave.answer(data)

    world = World(Both())
    driver = world.driver([row("pump", "9", "cellar")])

    async def go():
        await driver.open()
        ((name, template, duties),) = driver.devices()
        assert (name, duties) == ("cellar", KEY | ALARM | DATA)
        assert template[2] == ("flow", "m3/h", -2)
        assert await complete(driver, 0, KEY) == {0: (1, GOOD)}
        assert await complete(driver, 0, ALARM) == {1: (0, GOOD)}
        assert await complete(driver, 0, DATA) == {
            2: (-2, GOOD),
            3: (0x00010002, GOOD),
            4: (0x0001000200030004, GOOD),
        }

    asyncio.run(go())
    assert world.sent[0][1:3] == (19200, 0)


def test_a_new_meter_needs_no_code():
    points = [
        ["ua", "V", -1, "data", "02010100"],
        ["ub", "V", -1, "data", "02010200"],
        ["own", "", 0, "data", "04a00101", "sbcd2"],
        ["none", "", 0, "data", "04A00102", "bcd2"],
        ["state", "", 0, "alarm", "04000501", "bits"],
    ]
    # in small letters, as people write them
    blocks = {"0201ff00": ["02010100", "02010200", "02010300"]}
    ours.put("meter", {"protocol": "dlt645", "points": points, "blocks": blocks})
    meter = Meter(
        "000000000042",
        {"0201FF00": "0123" + "ffff" + "0300", "04A00101": "3492", "04000501": "0180"},
    )
    driver = World(meter).driver([row("meter", "000000000042")])

    async def go():
        await driver.open()
        assert await complete(driver, 0, DATA) == {
            0: (2301, GOOD),
            1: (0, IV),  # FF: the meter has no value
            2: (-1234, GOOD),
            3: (0, IV),  # refused
        }
        assert await complete(driver, 0, ALARM) == {4: (0x8001, GOOD)}

    asyncio.run(go())
    assert meter.asked == ["0201FF00", "04A00101", "04A00102", "04000501"]
    assert driver.stats()["refused"] == 1


test_a_new_device_needs_no_code()
test_a_new_meter_needs_no_code()
print("OK")
