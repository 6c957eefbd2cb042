"""Profiles of the RS-485 module: a wrong file is told in one sentence."""

import asyncio
import gc

from rs485_world import Profiles, Registers, World, complete, modbus, row

from firmware.bay.contract import DATA
from firmware.core.errors import SlotError
from firmware.core.quality import GOOD
from firmware.devices import profile

ours = Profiles()
users = Profiles(user=True)
POINT = ["ua", "V", -1, "data", 0, "u16"]


def dlt645(points, **more):
    return dict({"protocol": "dlt645", "points": points}, **more)


def dlt698(points, **more):
    return dict({"protocol": "dlt698", "points": points}, **more)


def complaint(document, of="wrong", address="1", size=0, **more):
    """What the driver says of a device whose profile that is; "" when it serves it."""
    gc.collect()  # of the case before: a file of 128 points wants a piece of heap
    ours.put("wrong", document, size)
    world = World()
    driver = world.driver([row(of, address, "one", **more)])
    asyncio.run(driver.open())
    problems = driver.problems()
    assert len(driver.devices()) + len(problems) == 1
    text = problems[0] if problems else ""
    assert "\n" not in text and len(text) < 300, text
    return text


def check(document, *words, **more):
    text = complaint(document, **more)
    assert text.startswith("one: "), (document, text)
    for word in words:
        assert word in text, (word, text)


def test_files():
    assert complaint(modbus([POINT])) == ""
    check("{}", "there is no profile nothing, there are ", "wrong", of="nothing")
    check("{", "/wrong.json is not readable JSON")
    check("", "not readable JSON")
    check("[1, 2]", "profile wrong is not laid out as one")
    check("7", "profile wrong is not laid out as one")
    check("{}", "profile wrong has no protocol")
    check({"protocol": "modbus"}, "profile wrong has no points")
    check({"protocol": "knx", "points": [POINT]}, "the protocol is one of modbus, dlt645, dlt698")
    check(modbus([]), "it has 1 to 128 points")
    check(modbus([["u", "", 0, "data", 0]] * 129), "it has 1 to 128 points")
    check(modbus(7), "not laid out as one")
    check(modbus([["u%d" % i, "", 0, "data", 2 * i] for i in range(33)]), "more than 32 requests")
    check(modbus([POINT]), "/wrong.json has more than 16384 bytes", size=16385)


def test_values_of_keys():
    check(modbus([POINT], baud=9601), "the rate is one of 300, ", "not 9601")
    check(modbus([POINT], parity="mark"), "the parity is none, even or odd, not mark")
    check(modbus([POINT], reply_ms="fast"), "reply_ms is 1 to 10000, not fast")
    check(modbus([POINT], reply_ms=10001), "reply_ms is 1 to 10000")
    check(modbus([POINT], gap=-1), "gap is 0 to 125")
    check(modbus([POINT], gap="many"), "gap is 0 to 125, not many")
    check(modbus([POINT], block=0), "block is 1 to 125")
    check(modbus([POINT], words="Low"), "words is high or low, not Low")
    check(
        dlt698([["ua", "V", -1, "data", "20000200", 1]], list=0), "list is 1 to 64", address="12"
    )
    point = ["ua", "V", -1, "data", "02010100"]
    wrong = {"0201FF0": ["02010100"]}
    check(dlt645([point], blocks=wrong), "0201FF0 is no data identifier", address="000000000001")
    wrong = {"0201FF00": ["0201010"]}
    check(dlt645([point], blocks=wrong), "0201010 is no data identifier", address="000000000001")


def test_points():
    def point(*words, **more):
        check(modbus([list(words)]), **more) if more else None
        return modbus([list(words)])

    check(point("ua", "V", -1, "data"), "a point is name, unit, power, duty, place and kind")
    check(modbus(["ua"]), "a point is name, unit, power, duty, place and kind, not ua")
    check(point("ua", "V", -1, "data", 0, "u16", 1), "a point is name, unit")
    check(point(1, "V", -1, "data", 0), "a point begins with name, unit and power of ten")
    check(point("ua", "V", "-1", "data", 0), "a point begins with name, unit and power of ten")
    check(point("ua", "V", -1, "often", 0), "point ua: the duty is key, alarm or data, not often")
    check(modbus([POINT, POINT]), "there are two points ua")
    for place in (65536, -1, "x", 1.5, [3], [3, 4, 5], [5, 1], [3, 65536], None, [[3], 1]):
        check(point("ua", "V", -1, "data", place), "point ua: ", "is no register")
    check(point("ua", "V", -1, "data", 0, "u15"), "point ua: u15 is none of u16, s16, u32")
    check(point("ua", "V", -1, "data", 65535, "u32"), "u32 does not fit behind register 65535")
    assert complaint(point("ua", "V", -1, "data", 65534, "u32")) == ""
    check(point("ua", "V", -1, "data", [2, 0], "u16"), "point ua: function 2 does not read u16")
    check(point("ua", "V", -1, "data", 0, "bit"), "point ua: function 3 does not read bit")


def test_points_of_meters():
    def say645(*words):
        return dlt645([["x", "", 0, "data"] + list(words)])

    def say698(*words):
        return dlt698([["x", "", 0, "data"] + list(words)])

    for place in ("0201010", "0201010G", 2010100, None, []):
        check(say645(place), "point x: ", "is no data identifier", address="000000000001")
        check(say698(place), "point x: ", "is no OAD of eight", address="12")
    for kind in ("bcd0", "bcd9", "sbcd", "xbcd2", "u16", ""):
        check(say645("04A00101", kind), "is none of bcd, bits", address="000000000001")
    check(say645("04A00101"), "the standard has no 04A00101", address="000000000001")
    for kind in (-1, 32, "1", 1.5, None):
        check(say698("20000200", kind), "an element is 0", address="12")


def test_rows():
    good = modbus([POINT])
    for address in ("0", "248", "x", "1.5", "-1"):
        check(good, "has an address from 1 to 247, not " + address, address=address)
    check(good, "the rate is one of", baud=9601)
    point = ["ua", "V", -1, "data", "02010100"]
    for address in ("1", "00000000000A", "99999999999A", "999999999999", "AAAAAAAAAAAA"):
        check(dlt645([point]), address=address)
    point = ["ua", "V", -1, "data", "20000200"]
    for address in ("G1", "AAAA", "1" * 33):
        check(dlt698([point]), address=address)


def test_one_wrong_row_stops_nobody():
    ours.put("wrong", "{")
    ours.put("good", modbus([POINT]))
    world = World(Registers(5, 0, [2301]))
    rows = [row("wrong", "4"), row("good", "5"), row("good", "05", "twin"), row("none", "6")]
    driver = world.driver(rows)

    async def go():
        await driver.open()
        assert [name for name, _, _ in driver.devices()] == ["good-5"]
        assert await complete(driver, 0, DATA) == {0: (2301, GOOD)}

    asyncio.run(go())
    wrong, twin, none = driver.problems()
    assert wrong.startswith("wrong-4: the profile ")
    # two devices at one address: late answers could not be told apart
    assert twin == "twin: it has the address of good-5"
    assert none.startswith("none-6: there is no profile none, there are ")


def test_a_users_file_wins_and_a_changed_one_is_read_again():
    def power():
        driver = World().driver([row("mine", "1")])
        asyncio.run(driver.open())
        ((_, ((_, _, power),), _),) = driver.devices()
        return power

    ours.put("mine", modbus([["x", "", -1, "data", 0]]))
    assert power() == -1
    users.put("mine", modbus([["x", "", 3, "data", 0]]))
    assert power() == 3
    users.put("mine", modbus([["x", "", 4, "data", 0]], about="another size"))
    assert power() == 4
    assert "mine" in profile.names() and profile.names() == sorted(profile.names())
    users.take("mine")
    assert power() == -1
    users.put("mine", "{")  # does not hide behind ours
    driver = World().driver([row("mine", "1")])
    asyncio.run(driver.open())
    assert "/profiles/mine.json is not readable JSON" in driver.problems()[0]
    users.take("mine")


def test_profiles_are_shared():
    ours.put("good", modbus([POINT]))
    rows = [row("good", str(unit)) for unit in range(1, 4)]
    one, two = World().driver(rows), World().driver(rows)
    asyncio.run(one.open())
    asyncio.run(two.open())
    templates = [template for _, template, _ in one.devices() + two.devices()]
    assert all([template is templates[0] for template in templates])


def test_command_without_a_port():
    driver = World().driver([])

    async def go():
        try:
            await driver.command("raw", b"x", 9600, "none", 1, 1, 1)
        except SlotError as error:
            return str(error)

    assert asyncio.run(go()) == "the RS-485 module is not open"


test_files()
test_values_of_keys()
test_points()
test_points_of_meters()
test_rows()
test_one_wrong_row_stops_nobody()
test_a_users_file_wins_and_a_changed_one_is_read_again()
test_profiles_are_shared()
test_command_without_a_port()
print("OK")
