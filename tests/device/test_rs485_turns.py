"""A slot with the RS-485 driver in virtual time: silence between frames, late answers, commands
that overtake, two buses of a kind."""

import asyncio
import random

from rs485_world import Meter, Profiles, Registers, World, crc, modbus, row

from firmware.bay import slot as bay_slot
from firmware.bay.schedule import Schedule
from firmware.core.quality import IV, NT
from modules.rs485.line import Line

ours = Profiles()
ours.put(
    "switch",
    modbus([["state", "", 0, "key", 9], ["cause", "", 0, "alarm", 10], ["a", "", 0, "data", 0]]),
)
ours.put("sensor", modbus([["a", "", 0, "data", 0]]))
ours.put(
    "meter",
    {"protocol": "dlt645", "baud": 2400, "points": [["ua", "V", -1, "data", "02010100"]]},
)
METER = "000000000042"
OFTEN = {"key_s": 1, "alarm_s": 2, "data_s": 5}


def switch(unit):
    return Registers(unit, 0, [100, 0, 0, 0, 0, 0, 0, 0, 0, 4, 5])


def play(worlds, act):
    """Runs act(slots) while a slot for each (world, rows, cfg) is at work."""

    async def go():
        slots = [world.slot(rows, **cfg) for world, rows, cfg in worlds]
        tasks = [asyncio.create_task(slot.run()) for slot in slots]
        await asyncio.sleep_ms(100)
        try:
            await act(*slots)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for world, _, _ in worlds:
            assert not [port for port in world.ports if port.is_open]

    asyncio.run(go())


def shortest_silence(seconds=20):
    """Characters before a request, on a bus with three speeds and two parities."""
    world = World(switch(1), switch(2), Meter(METER, {"02010100": "0123"}))
    rows = [
        row("switch", "1", "one"),
        row("meter", METER, "meter"),
        row("switch", "2", "two", 19200, "even"),
        row("switch", "3", "dead", 115200),
    ]
    found = [1000]

    async def act(slot):
        for _ in range(seconds * 20):
            await asyncio.sleep_ms(50)
            for _, baud, parity, _, characters in world.sent[1:]:
                least = max(3.5, 0.00175 * baud / (10 if parity is None else 11))
                found[0] = min(found[0], characters / least)
            del world.sent[1:]
        speeds = {port._serial for port in world.ports}
        assert len(speeds) == 1  # one port, set anew
        assert world.values("two")["cause"] == (5, 0)

    play([(world, rows, OFTEN)], act)
    return found[0]


def test_silence_before_every_request():
    """3.5 characters, at least 1.75 ms (Modbus over serial line 1.02, 2.5.1.1)."""
    assert shortest_silence() >= 0.999

    async def impatient(line):
        pass

    patient, Line._silence = Line._silence, impatient
    assert shortest_silence() < 0.999
    Line._silence = patient


def credited_wrongly(seconds=240, seed=3):
    """How often a value was another register's, when answers come up to 990 ms late. All three
    registers are of one Modbus unit and read alone: the answers are of one form."""
    world = World(switch(7))
    rng = random
    rng.seed(seed)
    right = {"state": 4, "cause": 5, "a": 100}
    wrong = [0]

    async def act(slot):
        for _ in range(seconds):
            while len(world.delays_ms) < 20:
                is_late = rng.randrange(4) == 0
                world.delays_ms.append(rng.randrange(510, 990) if is_late else 20)
            await asyncio.sleep_ms(1000)
            for name, (value, quality) in world.values("one").items():
                wrong[0] += not quality & IV and value != right[name]
        stats = slot.driver.stats()
        assert stats["timeouts"] > 20 and stats["stale"] + stats["late"] > 20, stats

    play([(world, [row("switch", "7", "one")], OFTEN)], act)
    return wrong[0] + len([news for news in world.news if news[0] in right])


class Restless(Schedule):
    """As if the answers to all tries came as late as the first one did."""

    def __init__(self, duties, periods_ms, rest_ms):
        super().__init__(duties, periods_ms, rest_ms=0)


def test_a_late_answer_is_credited_to_nobody():
    assert credited_wrongly() == 0
    bay_slot.Schedule = Restless
    assert credited_wrongly() > 0
    bay_slot.Schedule = Schedule


def test_answers_that_are_always_late():
    """By the same time: then all tries are answered, one after the other, each a try later."""
    for delay_ms in (600, 990):
        world = World(switch(7))

        async def act(slot, world=world, delay_ms=delay_ms):
            await asyncio.sleep_ms(6500)
            world.delay_ms = delay_ms
            for _ in range(60):
                await asyncio.sleep_ms(1000)
                # they may be old: the bus is slow now
                values = {name: value for name, (value, _) in world.values("one").items()}
                assert values == {"state": 4, "cause": 5, "a": 100}

        play([(world, [row("switch", "7", "one")], OFTEN)], act)
        assert not world.news


def raw_request(unit, register):
    request = bytes([unit, 3, 0, register, 0, 1])
    return request + crc(request)


def test_commands_overtake():
    units = range(1, 13)
    world = World(*[switch(unit) for unit in units])
    world.delay_ms = 80
    rows = [row("switch", str(unit)) for unit in units]

    async def act(slot):
        await asyncio.sleep_ms(5000)
        for unit in (3, 9):
            request = raw_request(unit, 10)
            del world.sent[:]
            words = (request, 9600, "none", 500, 20, 64)
            answer = await slot.command("raw", *words)
            assert answer[:5] == bytes([unit, 3, 2, 0, 5])
            # at most what was under way came first
            assert request in [sent[3] for sent in world.sent[:2]]
        del world.sent[:]
        await asyncio.gather(*[slot.command("raw", *words) for _ in range(4)])
        # and one turn in two is the devices'
        mine = [sent[3] == request for sent in world.sent[-7:]]
        assert mine.count(True) <= 4 and [True, True] not in [
            mine[i : i + 2] for i in range(len(mine))
        ]

    play([(world, rows, OFTEN)], act)


def test_commands_do_not_come_between_two_tries():
    world = World(switch(7))
    request = raw_request(7, 10)

    async def act(slot):
        await asyncio.sleep_ms(6500)
        del world.sent[:]
        world.delays_ms = [600, 600]
        while not world.sent:
            await asyncio.sleep_ms(10)
        asked = world.sent[0][3]
        # it has the form of the answer to the command
        answer = await slot.command("raw", request, 9600, "none", 500, 20, 64)
        assert answer[3:5] == b"\0\5"
        assert [sent[3] for sent in world.sent[:3]] == [asked, asked, request] != [request] * 3

    play([(world, [row("switch", "7")], OFTEN)], act)


def test_two_buses_of_a_kind():
    """One of dead devices takes nothing from the other."""
    one = World(switch(7), number=1)
    two = World(number=2, other=one)
    dead = [row("switch", str(unit), "dead%d" % unit) for unit in range(1, 9)]

    async def act(first, second):
        await asyncio.sleep_ms(20000)
        assert first.turns >= 20 + 10
        assert first.counts() == (1, 0) and second.counts() == (0, 8)
        assert one.values("one")["state"] == (4, 0)
        assert two.values("dead3")["state"][1] == NT | IV
        assert first.driver._profiles[0] is second.driver._profiles[0]
        assert first.driver._dialects["modbus"] is not second.driver._dialects["modbus"]

    play([(one, [row("switch", "7", "one")], OFTEN), (two, dead, OFTEN)], act)
    assert one.values("one")["state"][1] == NT | IV  # closed: nobody vouches for it


def test_dead_devices_are_left_alone():
    world = World(switch(1), switch(2))
    rows = [row("switch", str(unit), "d%d" % unit) for unit in (1, 2, 3)]

    async def act(slot):
        await asyncio.sleep_ms(10000)
        gone = world.slaves.pop()
        await asyncio.sleep_ms(10000)
        assert world.news[-1] == ("lost", "d2")
        del gone.asked[:]
        turns = slot.turns
        await asyncio.sleep_ms(60000)
        assert slot.turns - turns >= 60
        assert world.values("d2")["state"][1] == NT | IV and not gone.asked
        assert slot.schedule.probe_ms < 60000 * 8 // 100
        world.slaves.append(gone)
        await asyncio.sleep_ms(161000)
        assert world.news[-1] == ("back", "d2")
        assert world.values("d2")["state"] == (4, 0)

    play([(world, rows, OFTEN)], act)


def test_a_port_that_goes_and_comes():
    world = World(switch(7))

    async def act(slot):
        await asyncio.sleep_ms(3000)
        world.is_broken = True
        await asyncio.sleep_ms(10000)
        error = slot.error
        assert slot.state == "failed" and error.startswith("RS-485 port: ")
        assert world.values("one")["state"] == (4, NT | IV)
        world.is_broken = False
        await asyncio.sleep_ms(60000)
        assert slot.state == "ready" and world.values("one")["state"] == (4, 0)
        assert {news for news in world.news if news[0] == "failed"} == {("failed", error)}

    play([(world, [row("switch", "7", "one")], OFTEN)], act)


test_silence_before_every_request()
test_a_late_answer_is_credited_to_nobody()
test_answers_that_are_always_late()
test_commands_overtake()
test_commands_do_not_come_between_two_tries()
test_two_buses_of_a_kind()
test_dead_devices_are_left_alone()
test_a_port_that_goes_and_comes()
print("OK")
