"""A breaker on RS-485 through the front door, with the real slot and driver on virtual time: each
order is sent once, and what came of it is what the state says."""

import asyncio

from modbus_crc import crc
from places import HostFolder
from rs485_world import Profiles, Registers, World, modbus, row

from firmware.control.book import Book
from firmware.control.door import Key
from firmware.controlling import Control
from firmware.core.errors import ControlError, SlotError
from firmware.core.twin import Twin

NAME = "one.breaker"
CLOSING = [[65, 21930], [64, 1]]
OPENING = [[65, 21930], [64, 2]]
OUTPUT = ["breaker", CLOSING, OPENING, "state", 0]
POINTS = [["state", "", 0, "key", 32, "u16"], ["a", "A", -1, "data", 0, "u16"]]

profiles = Profiles()
profiles.put("breaker", modbus(POINTS, outputs=[OUTPUT], travel_ms=1000))


class Breaker(Registers):
    """Closed is bit 0 of register 32. `mood`: what it does with an order."""

    def __init__(self):
        super().__init__(7, 0, [0] * 40)
        self.values[32] = 9
        self.orders = []  # (register, value)
        self.mood = ""  # "": it obeys; stuck, mute (and obeys), deaf, refuses, locked
        self.travel_ms = 0
        self.is_key = False

    def answer(self, data):
        if len(data) != 8 or data[1] != 6 or data[0] != 7 or crc(data[:-2]) != data[-2:]:
            return super().answer(data)
        register, value = data[2] << 8 | data[3], data[4] << 8 | data[5]
        self.orders.append((register, value))
        mood = self.mood
        if mood == "deaf" or (mood == "locked" and register == 65):
            return None
        if mood == "refuses" and register == 64 or (register == 64 and not self.is_key):
            said = bytes([7, 0x86, 4])
            return said + crc(said)
        self.is_key = register == 65 and value == 21930
        if register == 64 and mood != "stuck":
            self.values[32] = 9 if value == 1 else 8
        return None if mood == "mute" and register == 64 else data


class Case:
    def __init__(self):
        self.breaker = Breaker()
        self.world = World(self.breaker)
        self.events = []
        settings = {"select_s": 10, "remote": True, "guarantee": False}
        self.slots = []
        self.control = Control(
            self.world.clock,
            lambda: self.slots,
            settings.get,
            self.world.points,
            lambda name, device, text: self.events.append((name, device, text)),
            Book(Twin("/control.a", "/control.b", 1024, FS)),
            Rules(),
        )
        self.control.door.begin()
        self.door = self.control.door
        cfg = {"redeem": self.door.redeem, "key_s": 1, "data_s": 10}
        self.slot = self.world.slot([row("breaker", "7", "one")], **cfg)
        self.slots.append(self.slot)

    def play(self, act):
        async def main():
            tasks = [
                asyncio.create_task(self.slot.run()),
                asyncio.create_task(self.control.runner.run()),
            ]
            await asyncio.sleep_ms(3000)
            await act()
            for task in tasks:
                task.cancel()
            await asyncio.sleep_ms(100)

        asyncio.run(main())

    async def operate(self, action):
        """(event, its text, orders sent)."""
        desk, door = self.control.desk, self.door
        del self.breaker.orders[:]
        desk.select(NAME, action)
        desk.execute()
        while door.operation:
            await asyncio.sleep_ms(20)
        return self.events[-1][0], self.events[-1][2], self.breaker.orders[:]


class Rules:
    """There are none."""

    def objection(self, output, action, point):
        return ""


FS = HostFolder()


def test_it_obeys():
    case = Case()

    async def act():
        assert case.control.desk.table()[1][0][:2] == (NAME, "closed")
        assert case.slot.orders() == ()  # nothing that a person gives past the door
        for action, word, value in (("open", "open", 2), ("close", "closed", 1)):
            name, text, orders = await case.operate(action)
            assert name == "CONTROL_OPERATED" and "one is %s after" % word in text, text
            assert orders == [(65, 21930), (64, value)]
            assert case.control.desk.table()[1][0][1] == word
        try:
            case.control.desk.select(NAME, "close")
            raise AssertionError("it is closed")
        except ControlError as refusal:
            assert "closed already" in str(refusal)
        del case.breaker.orders[:]
        for key in (None, Key(NAME, "open")):
            try:
                await case.slot.command("operate", key, NAME, "open", False)
                raise AssertionError("a key of its own")
            except SlotError as refusal:
                assert "front door" in str(refusal)
        assert case.breaker.orders == []

    case.play(act)


def test_moods():
    """What is said when it does not; no order is ever sent again."""
    for mood, event, words, count in (
        ("stuck", "CONTROL_FAILED", "still closed after", 2),
        ("mute", "CONTROL_OPERATED", "one is open", 2),  # its state tells
        ("refuses", "CONTROL_FAILED", "one refuses it", 2),
        ("locked", "CONTROL_REFUSED", "one does not answer", 1),
        ("deaf", "CONTROL_REFUSED", "one does not answer", 1),
    ):
        case = Case()

        async def act(case=case, mood=mood, event=event, words=words, count=count):
            case.breaker.mood = mood
            name, text, orders = await case.operate("open")
            assert name == event and words in text, (mood, name, text)
            assert len(orders) == count, (mood, orders)

        case.play(act)


def test_one_that_falls_silent():
    case = Case()

    async def act():
        breaker = case.breaker
        desk = case.control.desk
        desk.select(NAME, "open")
        desk.execute()
        while (64, 2) not in breaker.orders:
            await asyncio.sleep_ms(5)
        breaker.unit = 99
        while case.door.operation:
            await asyncio.sleep_ms(20)
        assert case.events[-1][0] == "CONTROL_UNKNOWN", case.events[-1]
        await asyncio.sleep_ms(100)
        assert desk.table()[1][0][1] == "unknown"
        try:
            desk.select(NAME, "close")
            raise AssertionError("nobody knows how it stands")
        except ControlError as refusal:
            assert "not known" in str(refusal)

    case.play(act)


def test_wrong_profiles():
    for output in (
        "breaker",
        ["breaker", CLOSING, OPENING, "state"],
        ["breaker", CLOSING, OPENING, "status", 0],
        ["breaker", CLOSING, OPENING, "state", 16],
        ["breaker", CLOSING, OPENING, "state", "0"],
        ["breaker", [], OPENING, "state", 0],
        ["breaker", CLOSING, [[64]], "state", 0],
        ["breaker", CLOSING, [[64, 70000]], "state", 0],
        ["breaker", CLOSING, [["x", 1]], "state", 0],
        ["breaker", CLOSING, 5, "state", 0],
    ):
        profiles.put("wrong", modbus(POINTS, outputs=[output]))
        driver = World().driver([row("wrong", "7")])
        asyncio.run(driver.open())
        assert len(driver.problems()) == 1 and "\n" not in driver.problems()[0], output
        asyncio.run(driver.close())


for _test in (test_it_obeys, test_moods, test_one_that_falls_silent, test_wrong_profiles):
    _test()
FS.clear()
print("OK")
