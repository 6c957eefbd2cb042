"""Late replies on one line, on virtual time with frames made by hand: an answer to a poll is
never handed to a tool, nor a tool's answer to a device. Each rule is taken away once, and the
harm it prevents is seen."""

import asyncio

from modbus_crc import crc

from firmware.core.clock import Clock
from firmware.devices.dialect_modbus import Dialect
from modules.rs485 import line as lines
from modules.rs485.line import AFTER, BEFORE, Line
from tools.virtual import loop as virtual

SERIAL = (9600, None)
REPLY_MS = 500
GAP_MS = 50


def holds(unit, value):
    """The answer to a read of one register."""
    reply = bytes([unit, 3, 2, value >> 8, value & 0xFF])
    return reply + crc(reply)


class Far:
    """The devices: who is asked for register r of unit u says u * 256 + r, after a delay that the
    test gives for each request in turn (ms; None: never)."""

    def __init__(self, time):
        self.time = time
        self.delays = []
        self.asked = []  # (ms, unit, register)
        self.glitch = b""
        self.spoken = 0

    def uart(self, baud, parity):
        return virtual.Port(self.time, self.carry, baud, parity)

    def carry(self, us, baud, parity, data):
        assert crc(data[:-2]) == data[-2:], data
        self.asked.append((us // 1000, data[0], data[3]))
        delay = self.delays.pop(0) if self.delays else 30
        heard = [(us + 9000, self.glitch)] if self.glitch else []
        if delay is not None:
            reply = holds(data[0], data[0] * 256 + data[3])
            heard.append((us + (delay + 16) * 1000, reply))
        return heard


class World:
    def __init__(self, time):
        self.time = time
        self.far = Far(time)
        clock = Clock(time.ticks_us, virtual.diff, time.utc_ms)
        self.line = Line(self.far, clock)
        self.line.open(SERIAL)
        self.dialect = Dialect()

    async def poll(self, unit, register):
        """The register's value, None for no answer."""
        dialect = self.dialect
        await self.line.prepare(dialect.master, SERIAL)
        request = dialect.begin(unit, (3, register, 1))
        if not await self.line.ask(dialect.master, request, REPLY_MS, 256, 200):
            return None
        return int.from_bytes(dialect.master.reply.data, "big")

    async def tool(self, unit, register, **more):
        """What a tool gets for such a request."""
        request = bytes([unit, 3, 0, register, 0, 1])
        request += crc(request)
        return await self.line.raw(request, SERIAL, REPLY_MS, GAP_MS, 256, **more)

    def ms(self):
        return self.time.us // 1000


async def case_plain(world):
    assert await world.poll(5, 1) == 0x0501
    began = world.ms()
    assert await world.tool(5, 2) == holds(5, 0x0502)
    assert await world.poll(5, 3) == 0x0503
    assert world.ms() - began < 200  # nobody rested: nothing was owed


async def case_poll_then_tool(world):
    """The poll's answer comes 650 ms after it: the tool must not get it."""
    world.far.delays = [650, 30]
    assert await world.poll(5, 1) is None
    began = world.ms()
    assert await world.tool(5, 2) == holds(5, 0x0502)
    assert 450 < world.ms() - began < 700
    assert world.line.unasked == 7


async def case_tool_then_poll(world):
    """The tool's answer comes 650 ms after it: the register polled next must not get it."""
    world.far.delays = [650, 300]
    assert await world.tool(5, 2) == b""
    assert await world.poll(5, 1) == 0x0501
    assert await world.poll(5, 3) == 0x0503


async def case_answer_of_a_repeated_poll(world):
    """Asked again, and the first answer comes: the second is still under way."""
    world.far.delays = [650, 600, 300]
    assert await world.poll(5, 1) is None
    assert await world.poll(5, 1) == 0x0501
    assert await world.tool(5, 2) == holds(5, 0x0502)


async def case_late_answer_in_the_port(world):
    """It came while nobody listened, and stands in the port: it answers nothing."""
    world.far.delays = [600, 600, 30]
    assert await world.poll(5, 1) is None
    await asyncio.sleep_ms(300)
    assert await world.poll(5, 2) is None
    await asyncio.sleep_ms(300)
    assert await world.poll(5, 3) == 0x0503


async def case_glitch(world):
    """One byte at the turn-around is not the answer."""
    world.far.glitch = b"\x00"
    world.far.delays = [300, 650, 30]
    assert await world.tool(5, 2) == b"\x00" + holds(5, 0x0502)
    assert await world.tool(5, 3) == b"\x00"
    assert await world.poll(5, 1) == 0x0501


async def case_others_do_not_wait(world):
    """A dead device between others costs a tool one rest, not one for each of them."""
    world.far.delays = [None]
    assert await world.poll(9, 1) is None
    for _ in range(12):
        assert await world.poll(5, 1) == 0x0501
    began = world.ms()
    assert await world.tool(5, 2) == holds(5, 0x0502)
    assert world.ms() - began < 150


async def case_search_that_names_itself(world):
    """apart=0: neither waits for others nor makes polls wait; a tool waits for it."""
    world.far.delays = [None, None, None, 30]
    began = world.ms()
    assert await world.poll(9, 1) is None
    assert await world.tool(5, 2, apart=0) == b""
    assert await world.poll(9, 1) is None
    assert world.ms() - began < 3 * (REPLY_MS + 60)
    assert await world.tool(5, 2) == holds(5, 0x0502)
    assert world.ms() - began > 3 * REPLY_MS + 450


async def case_search_of_registers(world):
    """apart=AFTER, as a search of Modbus units: a late answer to a poll ends its question, its
    own comes behind and must not become the next register polled."""
    world.far.delays = [530, 400, 450]
    assert await world.poll(5, 1) is None
    assert await world.tool(5, 0, apart=AFTER) == holds(5, 0x0501)
    assert await world.poll(5, 3) == 0x0503


def plant_before(right):
    async def wrong(self, request, serial, reply_ms, gap_ms, most, apart=BEFORE | AFTER):
        return await right(self, request, serial, reply_ms, gap_ms, most, apart & ~BEFORE)

    return wrong


def plant_after(right):
    async def wrong(self, request, serial, reply_ms, gap_ms, most, apart=BEFORE | AFTER):
        return await right(self, request, serial, reply_ms, gap_ms, most, apart & ~AFTER)

    return wrong


def plant_remember(right):
    def wrong(self, request, is_answered, asked_ms, reply_ms):
        right(self, request, is_answered, self._late_ms, reply_ms)

    return wrong


def plant_prepare(right):
    async def wrong(self, master, serial):
        self._set(serial)  # and what stands in the port stays there

    return wrong


PLANTS = (
    ("raw", plant_before, case_poll_then_tool),
    ("raw", plant_after, case_tool_then_poll),
    ("raw", plant_after, case_search_of_registers),
    ("_remember", plant_remember, case_answer_of_a_repeated_poll),
    ("prepare", plant_prepare, case_late_answer_in_the_port),
)


def play(case):
    time = virtual.Time(1790000000000)
    virtual.install(time)
    asyncio.run(case(World(time)))


CASES = [case for name, case in sorted(globals().items()) if name.startswith("case_")]


def test_cases():
    for case in CASES:
        play(case)


def test_planted_defects():
    for name, plant, case in PLANTS:
        right = getattr(Line, name)
        setattr(Line, name, plant(right))
        try:
            play(case)
        except AssertionError:
            pass
        else:
            raise ValueError("%s of %s was not caught" % (plant.__name__, case.__name__))
        finally:
            setattr(Line, name, right)


assert lines.BEFORE | lines.AFTER == 3
test_cases()
test_planted_defects()
print("OK")
