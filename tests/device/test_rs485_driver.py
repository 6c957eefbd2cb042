"""The RS-485 driver, one request at a time, in virtual time: refusals, silence, noise, a port
that goes away, and the bound of every wait."""

import asyncio

from rs485_world import Meter, Profiles, Registers, World, ask, complete, crc, modbus, row

from firmware.bay.contract import ALARM, DATA, DONE, KEY, MORE, SILENT
from firmware.core.errors import SlotError
from firmware.core.quality import GOOD, IV

ours = Profiles()
ours.put(
    "three",
    modbus(
        [
            ["state", "", 0, "key", 9],
            ["cause", "", 0, "alarm", 10],
            ["a", "", 0, "data", 0],
            ["b", "", 0, "data", 1],
            ["c", "", 0, "data", 2],
        ]
    ),
)
METER = "000000000042"
ours.put(
    "meter",
    {
        "protocol": "dlt645",
        "baud": 2400,
        "blocks": {"0201FF00": ["02010100", "02010200"]},
        "points": [
            ["ua", "V", -1, "data", "02010100"],
            ["ub", "V", -1, "data", "02010200"],
            ["f", "Hz", -2, "data", "02800002"],
        ],
    },
)
SLOWEST_MS = 500 + 200 + 20  # silent: request, wait; babbling: also the longest answer


def three(**more):
    return Registers(7, 0, [10, 11, 12, 0, 0, 0, 0, 0, 0, 4, 5], **more)


def run(test, *slaves, profile="three", address="7", **cfg):
    """test(world, driver), open, with one device."""
    world = World(*slaves)
    driver = world.driver([row(profile, address, "one")], **cfg)

    async def go():
        await driver.open()
        assert not driver.problems(), driver.problems()
        await test(world, driver)
        await driver.close()
        await driver.close()  # may be called twice
        assert not [port for port in world.ports if port.is_open]

    asyncio.run(go())


def complains(driver, coroutine):
    async def go():
        try:
            await coroutine
        except SlotError as error:
            return str(error)
        return ""

    return go()


def test_a_refused_block_is_taken_apart_and_tried_again():
    slave = three(most=2)

    async def test(world, driver):
        assert await ask(driver, 0, DATA) == (MORE, {})
        for i in range(3):
            outcome, got = await ask(driver, 0, DATA)
            assert got == {2 + i: (10 + i, GOOD)} and outcome == (DONE if i == 2 else MORE)
        assert slave.asked == [(0, 3), (0, 1), (1, 1), (2, 1)]
        # remembered
        for _ in range(63):
            slave.asked = []
            assert len(await complete(driver, 0, DATA)) == 3
            assert slave.asked == [(0, 1), (1, 1), (2, 1)]
        # devices are exchanged: this one can do it
        slave.most = 125
        slave.asked = []
        assert len(await complete(driver, 0, DATA)) == 3
        assert slave.asked == [(0, 3)]
        assert driver.stats()["refused"] == 1

    run(test, slave)


def test_duties_are_taken_apart_on_their_own():
    """The other duties go on in between."""
    slave = three(most=2)

    async def test(world, driver):
        driver._rounds = 63  # one more round and "refused" is forgotten
        await ask(driver, 0, DATA)
        await ask(driver, 0, DATA)
        assert await ask(driver, 0, KEY) == (DONE, {0: (4, GOOD)})
        assert await ask(driver, 0, ALARM) == (DONE, {1: (5, GOOD)})
        assert await ask(driver, 0, DATA) == (MORE, {3: (11, GOOD)})
        assert await ask(driver, 0, DATA) == (DONE, {4: (12, GOOD)})
        assert await ask(driver, 0, DATA) == (MORE, {})  # the whole block again
        assert slave.asked[-1] == (0, 3)

    run(test, slave)


def test_refused_is_forgotten_in_the_middle():
    """Another device completes the round by which it is: that costs a request, no value."""
    slave = three(most=2)

    async def go():
        world = World(slave, Registers(8, 0, slave.values))
        driver = world.driver([row("three", "7"), row("three", "8")])
        await driver.open()
        for _ in range(2):
            await ask(driver, 0, DATA)
        driver._rounds = 127
        assert len(await complete(driver, 1, DATA)) == 3 and not driver._rounds
        got = await complete(driver, 0, DATA)
        assert got == {2: (10, GOOD), 3: (11, GOOD), 4: (12, GOOD)}
        assert [count for _, count in slave.asked] == [3, 1, 3, 1, 1, 1]
        # and when it is not refused any more
        await ask(driver, 0, DATA)
        driver._rounds = 127
        await complete(driver, 1, DATA)
        slave.most = 3
        assert len(await complete(driver, 0, DATA)) == 3
        assert (await ask(driver, 0, DATA))[0] == DONE and slave.asked[-1] == (0, 3)

    asyncio.run(go())


def test_a_busy_device_is_not_taken_apart():
    slave = three()
    slave.error = 6

    async def test(world, driver):
        lost = {2: (0, IV), 3: (0, IV), 4: (0, IV)}
        assert await ask(driver, 0, DATA) == (DONE, lost)
        slave.error = 0
        assert (await ask(driver, 0, DATA))[1][4] == (12, GOOD)
        assert slave.asked == [(0, 3)] * 2

    run(test, slave)


def test_a_part_that_is_refused_is_invalid():
    slave = three()
    slave.values = slave.values[:2]

    async def test(world, driver):
        got = await complete(driver, 0, DATA)
        assert got == {2: (10, GOOD), 3: (11, GOOD), 4: (0, IV)}
        assert await ask(driver, 0, KEY) == (DONE, {0: (0, IV)})
        assert driver.stats()["refused"] == 3

    run(test, slave)


def test_the_very_same_request_again():
    slave = three(most=2)

    async def test(world, driver):
        world.delays_ms = [None, 20, 20, None, None]
        for outcome in (SILENT, MORE, MORE, SILENT, SILENT, MORE, DONE):
            assert (await ask(driver, 0, DATA))[0] == outcome
        assert slave.asked == [(0, 3)] * 2 + [(0, 1)] + [(1, 1)] * 3 + [(2, 1)]
        assert driver.stats()["timeouts"] == 3

    run(test, slave)


def test_what_stands_on_the_line_is_no_answer():
    """A late answer to another register, of the same length: nothing in it tells them apart."""
    slave = three()

    async def test(world, driver):
        world.delays_ms = [900]
        assert await ask(driver, 0, KEY) == (SILENT, {})
        await asyncio.sleep_ms(1000)  # it comes, and nobody reads it
        assert await ask(driver, 0, ALARM) == (DONE, {1: (5, GOOD)})
        assert driver.stats()["stale"] == 1

    run(test, slave)


def test_an_old_value_of_a_meter_is_no_answer():
    meter = Meter(METER, {"0201FF00": "01230223", "02800002": "0050"})

    async def test(world, driver):
        world.delays_ms = [900]
        assert await ask(driver, 0, DATA) == (SILENT, {})
        await asyncio.sleep_ms(1500)
        meter.items["0201FF00"] = "11231223"
        assert await ask(driver, 0, DATA) == (MORE, {0: (2311, GOOD), 1: (2312, GOOD)})
        assert driver.stats()["stale"] == 1

    run(test, meter, profile="meter", address=METER)


def test_half_a_frame_on_the_line_is_not_waited_for():
    """It promises more than the answer has; the answer is not held back by it."""

    def check(half):
        async def test(world, driver):
            world.ports[-1]._coming.append((world.time.us, half))
            now = world.clock.ms()
            assert (await ask(driver, 0, DATA))[0] != SILENT
            assert world.clock.ms() - now < 300
            assert driver.stats()["garbage"] > 0

        return test

    run(check(b"\x07\x03\xfa\0\0"), three())
    meter = Meter(METER, {"0201FF00": "01230223"})
    run(check(meter.frame(0x91, bytes(200))[:-100]), meter, profile="meter", address=METER)


def test_meters_block_is_taken_apart():
    meter = Meter(METER, {"02010100": "ffff", "02010200": "0223", "02800002": "0050"})

    async def test(world, driver):
        got = await complete(driver, 0, DATA)
        assert got == {0: (0, IV), 1: (2302, GOOD), 2: (5000, GOOD)}
        assert meter.asked == ["0201FF00", "02010100", "02010200", "02800002"]
        meter.items["02800002"] = "0a50"  # no BCD
        assert (await complete(driver, 0, DATA))[2] == (0, IV)
        meter.items["02800002"] = "005000"  # a byte too many
        assert (await complete(driver, 0, DATA))[2] == (0, IV)
        assert driver.stats()["unreadable"] == 2

    run(test, meter, profile="meter", address=METER)


def test_a_block_that_ends_early():
    meter = Meter(METER, {"0201FF00": "0123", "02800002": "0050"})

    async def test(world, driver):
        assert await ask(driver, 0, DATA) == (MORE, {0: (2301, GOOD), 1: (0, IV)})

    run(test, meter, profile="meter", address=METER)


class Damaged:
    """A slave whose next answer `damage` changes."""

    def __init__(self, slave):
        self.slave = slave
        self.damage = None

    def answer(self, data):
        said = self.slave.answer(data)
        damage, self.damage = self.damage, None
        return damage(said) if said and damage else said


def test_answers_that_are_none():
    slave = Damaged(three())

    def readdress(said):
        said = bytes([8]) + said[1:-2]
        return said + crc(said)

    def shorten(said):
        said = bytes([7, 3, 2]) + said[3:5]
        return said + crc(said)

    async def test(world, driver):
        def last():
            return driver.stats()

        for damage, counter in (
            (lambda said: said[:-1] + bytes([said[-1] ^ 1]), "checksum_errors"),
            (readdress, "alien"),
            (shorten, "late"),
            (lambda said: said[:-1], "garbage"),
            (lambda said: b"", "timeouts"),
        ):
            before = last()[counter]
            slave.damage = damage
            assert await ask(driver, 0, DATA) == (SILENT, {})
            assert last()[counter] > before, counter
            assert (await ask(driver, 0, DATA))[0] == DONE
        slave.damage = lambda said: b"\x55\x07\x03\x68" + said + b"\x07\x03"
        assert (await ask(driver, 0, DATA))[1][4] == (12, GOOD)

    run(test, slave)


def test_every_wait_has_a_bound():
    """Nobody there; a header that promises much; noise that never ends, from before, from amid."""
    header = b"\x07\x03\xfa"

    async def test(world, driver):
        async def turn():
            now = world.clock.ms()
            assert (await ask(driver, 0, DATA))[0] == SILENT
            return world.clock.ms() - now

        assert 500 <= await turn() <= 520
        assert 300 <= await turn_after(world, turn, [(300, header)]) <= SLOWEST_MS
        # the answer may begin at the last moment, and its bytes may be slow
        assert await turn_after(world, turn, [(499, header)]) <= SLOWEST_MS
        noise = [(t * 10, b"\x07\x03\xfa\x55") for t in range(1, 250)]
        longest = SLOWEST_MS + 256 * 10 // 9 + 64 * 12
        assert 500 <= await turn_after(world, turn, noise) <= longest
        assert world.ports[-1].arrival()
        assert await turn() <= longest  # it has begun before
        world.ports[-1]._coming.clear()
        assert 500 <= await turn() <= 520

    run(test)


async def turn_after(world, turn, noise):
    world.noise = [(world.time.us + ms * 1000, said) for ms, said in noise]
    return await turn()


def test_the_device_may_need_longer():
    slave = three()
    ours.put("slow", modbus([["a", "", 0, "data", 0]], reply_ms=2000))

    async def test(world, driver):
        world.delay_ms = 1990
        assert await ask(driver, 0, DATA) == (DONE, {0: (10, GOOD)})

    run(test, slave, profile="slow")

    async def test(world, driver):
        world.delay_ms = 790
        assert (await ask(driver, 0, DATA))[0] == DONE

    run(test, slave, reply_ms=800)


def test_a_pause_as_long_as_the_clock_goes():
    """The ticks have nearly come round since the last byte: that is no byte of the future."""

    async def test(world, driver):
        assert (await ask(driver, 0, KEY))[0] == DONE
        for _ in range(8):
            await asyncio.sleep_ms((1 << 30) // 8000 - 600)
            world.clock.ms()
        now = world.clock.ms()
        assert (await ask(driver, 0, KEY))[0] == DONE
        assert world.clock.ms() - now < 100

    run(test, three())


def test_port():
    async def test(world, driver):
        assert (await ask(driver, 0, KEY))[0] == DONE
        world.is_broken = True
        assert (await complains(driver, ask(driver, 0, KEY))).startswith("RS-485 port: ")
        raw = driver.command("raw", b"\1", 9600, "none", 10, 10, 10)
        assert (await complains(driver, raw)).startswith("RS-485 port: ")
        world.is_broken = False
        assert (await ask(driver, 0, KEY))[0] == DONE
        world.ports[-1].write = lambda data: 3
        assert "took 3 of 8 bytes" in await complains(driver, ask(driver, 0, KEY))

    run(test, three())
    world = World()
    world.is_wired = False
    driver = world.driver([row("three", "7")])
    said = asyncio.run(complains(driver, driver.open()))
    assert said == "slot 1 has no serial port on this board"
    said = asyncio.run(complains(driver, ask(driver, 0, KEY)))
    assert said == "the RS-485 module is not open"


def test_raw():
    slave = three()
    request = b"\x07\x03\x00\x09\x00\x01"
    request += crc(request)

    async def test(world, driver):
        got = await driver.command("raw", request, 9600, "none", 100, 10, 64)
        assert got == b"\x07\x03\x02\x00\x04" + crc(b"\x07\x03\x02\x00\x04")
        assert (await driver.command("raw", request, 19200, "odd", 100, 10, 2)) == got[:2]
        assert world.sent[-1][1:3] == (19200, 1)
        assert (await ask(driver, 0, ALARM)) == (DONE, {1: (5, GOOD)})
        assert world.sent[-1][1:3] == (9600, None)
        # what is late is not taken for the answer to another register
        world.delays_ms = [110, 60]
        assert await driver.command("raw", request, 9600, "none", 100, 10, 64) == b""
        assert (await ask(driver, 0, ALARM)) == (DONE, {1: (5, GOOD)})
        # a line that never falls silent
        world.noise = [(world.time.us + t * 5000, b"\x55" * 4) for t in range(60)]
        now = world.clock.ms()
        got = await driver.command("raw", request, 9600, "none", 100, 10, 64)
        assert len(got) <= 64 and world.clock.ms() - now < 200

    run(test, slave)


def test_wrong_commands():
    async def test(world, driver):
        for words, part in (
            (("dance",), "has no command dance"),
            (("raw",), "raw takes request, baud"),
            (("raw", b"", 9600, "none", 9, 9, 9), "a raw request is 1 to 1024 bytes"),
            (("raw", "x", 9600, "none", 9, 9, 9), "a raw request is 1 to 1024 bytes"),
            (("raw", b"x", 9601, "none", 9, 9, 9), "the rate is one of"),
            (("raw", b"x", 9600, "all", 9, 9, 9), "the parity is none"),
            (("raw", b"x", 9600, "none", 10001, 9, 9), "waits 1 to 10000 ms, not 10001"),
            (("raw", b"x", 9600, "none", 9, None, 9), "waits 1 to 10000 ms, not None"),
            (("raw", b"x", 9600, "none", 9, 9, 1025), "has 1 to 1024 bytes"),
        ):
            said = await complains(driver, driver.command(*words))
            assert part in said, (words, said)
        assert not world.sent

    run(test)


def test_no_devices():
    driver = World().driver([])
    asyncio.run(driver.open())
    assert driver.devices() == () and driver.stats()["requests"] == 0


test_a_refused_block_is_taken_apart_and_tried_again()
test_duties_are_taken_apart_on_their_own()
test_refused_is_forgotten_in_the_middle()
test_a_busy_device_is_not_taken_apart()
test_a_part_that_is_refused_is_invalid()
test_the_very_same_request_again()
test_what_stands_on_the_line_is_no_answer()
test_an_old_value_of_a_meter_is_no_answer()
test_half_a_frame_on_the_line_is_not_waited_for()
test_meters_block_is_taken_apart()
test_a_block_that_ends_early()
test_answers_that_are_none()
test_every_wait_has_a_bound()
test_the_device_may_need_longer()
test_a_pause_as_long_as_the_clock_goes()
test_port()
test_raw()
test_wrong_commands()
test_no_devices()
print("OK")
