"""Parts of the telemetry module that need no chip: debouncing, positions, scales, profiles."""

import json
import time

import micropython
import vfs
from flash import formatted

from board.wires import SlotWires
from firmware.core.clock import Clock
from modules.telemetry import front_end, profile
from modules.telemetry.channel import Channel
from modules.telemetry.converter import Converter
from modules.telemetry.digital import Digital
from modules.telemetry.inputs import Inputs
from modules.telemetry.position import FAULTY, MOVING, OFF, ON, Position
from modules.telemetry.sequence import SIZE, Sequence

UTC = 1790000000000


class Told:
    def __init__(self):
        self.found = []

    def changed(self, i, state, stamp_ms):
        self.found.append(("changed", i, state, stamp_ms - UTC))

    def chatters(self, i, stamp_ms):
        self.found.append(("chatters", i))

    def calm(self, i, state, stamp_ms, edges):
        self.found.append(("calm", i, state, edges))

    def take(self):
        found, self.found = self.found, []
        return found


def sentence(call, *args):
    try:
        call(*args)
    except Exception as error:
        return str(error)
    raise AssertionError("%s was taken" % (args,))


# debounce: the first edge's stamp, once it has been steady
told = Told()
inputs = Inputs(10, 4, 1)
inputs.start(0b1000)
assert inputs.see(0b1000, UTC, 0) == 0
assert inputs.wait_ms(0) > 1000000
assert inputs.see(0b1001, UTC + 5, 5) == 1
assert inputs.wait_ms(6) == 9
inputs.see(0b1000, UTC + 8, 8)
inputs.see(0b1001, UTC + 12, 12)
inputs.judge(21, told)
assert told.take() == []
inputs.judge(22, told)
assert told.take() == [("changed", 0, 1, 5)]
assert (inputs.states, inputs.edges[0], inputs.changes[0]) == (0b1001, 3, 1)
inputs.see(0b1000, UTC + 30, 30)
inputs.see(0b1001, UTC + 31, 31)
inputs.judge(60, told)
assert told.take() == []  # a glitch

# chatter: the fifth change within a second, four are allowed
for n in range(1, 6):
    inputs.see(0b1001 ^ n % 2, UTC + 1200 + 200 * n, 1200 + 200 * n)
    inputs.judge(1220 + 200 * n, told)
assert [word[0] for word in told.take()] == ["changed"] * 4 + ["chatters"]
assert inputs.noisy == 1 and inputs.states & 1  # as it was told last
inputs.see(0b0001, UTC + 2250, 2250)  # others go on; this one is counted
inputs.judge(2260, told)
assert told.take() == [("changed", 3, 0, 2250)]
inputs.judge(3249, told)
assert told.take() == []
inputs.see(0b0000, UTC + 3249, 3249)
inputs.judge(4248, told)
assert told.take() == []
inputs.judge(4249, told)
assert told.take() == [("calm", 0, 0, 2)]
# five changes in more than a second are none
for n in range(1, 8):
    inputs.see(n % 2, UTC, 5000 + 251 * n)
    inputs.judge(5020 + 251 * n, told)
assert [word[0] for word in told.take()] == ["changed"] * 7

# positions
switch = Position(1, 0, 500)
assert switch.see(0b01, UTC, 0) is False
assert switch.wait_ms(0) == 0 and switch.seen == OFF
switch.told = OFF
assert switch.wait_ms(5) is None
assert switch.see(0b00, UTC + 10, 10) is True
assert switch.wait_ms(10) == 500 and switch.seen == MOVING
assert switch.see(0b00, UTC + 20, 20) is False
assert switch.wait_ms(20) == 490
assert switch.see(0b01, UTC + 30, 30) is False  # back again: told anew, it was not valid
assert switch.wait_ms(30) == 0
switch.told = OFF
assert switch.see(0b11, UTC + 40, 40) is True
assert switch.wait_ms(40) == 100 and switch.seen == FAULTY
assert switch.see(0b10, UTC + 50, 50) is False
assert switch.wait_ms(50) == 0 and switch.seen == ON and switch.stamp_ms == UTC + 50

# the interrupt allocates nothing, keeps the first stamp, and comes to every slot of a shared line


class Line:
    IRQ_FALLING = 2

    def __call__(self):
        return 1

    def irq(self, handler, trigger):
        self.handler = handler


line = Line()
stamps = [7, 8, 9, 10, 11, 12]
clock = Clock(time.ticks_us, time.ticks_diff, lambda: UTC)
halves = []
for slot in (2, 5):
    wires = SlotWires(slot, None, None, None, None, None, line, lambda: stamps.pop())
    halves.append(Digital(wires, clock, None, {}))
    halves[-1].attend()
    assert halves[-1].has_line
micropython.heap_lock()
line.handler(line)
line.handler(line)
micropython.heap_unlock()
assert [half._taken() for half in halves] == [12, 11]
assert [half._taken() for half in halves] == [None, None]
line.handler(line)
halves[0].leave()
line.handler(line)
assert [half._taken() for half in halves] == [10, 9]
halves[1].leave()
assert line.handler is None

# the sequence
sequence = Sequence()
for n in range(SIZE + 10):
    sequence.add(UTC + n, n % 12, n % 3)
rows = list(sequence.rows())
assert len(rows) == SIZE and rows[0] == (10, UTC + 10, 10, 1)
assert list(sequence.rows(SIZE + 8)) == [(SIZE + 8, UTC + SIZE + 8, 0, 0), (265, UTC + 265, 1, 1)]

# Pt100: IEC 60751's table, ohm at degC
for celsius, ohm in (
    (-50, 80.31),
    (-25, 90.19),
    (0, 100.00),
    (1, 100.39),
    (37, 114.38),
    (100, 138.51),
    (155, 159.19),
    (200, 175.86),
):
    assert abs(front_end.celsius(int(1000 * ohm + 0.5)) - 100 * celsius) <= 2, celsius
worst = 0
for tenth in range(-500, 2001):
    t = tenth / 10
    r = 1 + 3.9083e-3 * t - 5.775e-7 * t * t - (4.183e-12 * (t - 100) * t * t * t if t < 0 else 0)
    worst = max(worst, abs(front_end.celsius(int(1e5 * r + 0.5)) - 100 * t))
assert worst <= 1.01, worst


def channel(**row):
    row.update(name="a", at=1)
    return Channel(profile.judge("x", {"analogs": [row]}).analogs[0])


# scales, in the unit's power
loop = channel(type="4-20mA", unit="bar", power=-2, **{"from": -100, "to": 1000})
for milliamperes, value in ((4, -100), (20, 1000), (12, 450), (3.9, -107), (20.4, 1028)):
    loop.take(int(800 * milliamperes + 0.5))
    assert (loop.value, loop.bits, loop.condition) == (value, 0, front_end.GOOD), milliamperes
falling = channel(type="0-10V", unit="%", power=0, **{"from": 100, "to": 0})
for volts, value in ((0, 100), (10, 0), (2.5, 75), (10.4, -4)):
    falling.take(int(2000 * volts + 0.5))
    assert falling.value == value

# filters, and nothing of before a failure mixes with what comes after it
mean = channel(type="4-20mA", unit="mA", power=-2, filter=["mean", 4], **{"from": 400, "to": 2000})
for n, milliamperes in enumerate((4, 8, 12, 16, 20, 20, 20, 20, 20, 20)):
    mean.take(800 * milliamperes)
    assert mean.value == (400, 600, 800, 1000, 1400, 1700, 1900, 2000, 2000, 2000)[n]
assert mean.take(0) and mean.value is None and mean.bits == 0x80
assert mean.take(800 * 4) and mean.value == 400
median = channel(type="0-10V", unit="V", power=-2, filter=["median", 3], **{"from": 0, "to": 1000})
for n, volts in enumerate((5, 5, 9, 5, 5)):
    median.take(2000 * volts)
    assert median.value == 500, n

assert Converter(None, None, (), 1000).wait_ms(5) > 1000000  # a profile without any

# profiles: one sentence for each mistake
GOOD = {
    "about": "x",
    "inputs": [{"name": "a", "at": 1}, {"name": "b", "at": [2, 3]}],
    "analogs": [
        {"name": "c", "at": 1, "type": "0-10V", "unit": "V", "power": -1, "from": 0, "to": 100}
    ],
}
found = profile.judge("x", GOOD)
assert found.points == (("a", "", 0), ("b", "", 0), ("c", "V", -1))
assert (found.used, found.inverted, found.singles) == (7, 0, [(0, 0)])
assert found.doubles == [(1, 1, 2, 10000)]


def wrong(change):
    document = json.loads(json.dumps(GOOD))
    change(document, document["inputs"], document["analogs"])
    text = sentence(profile.judge, "x", document)
    assert text.startswith("profile x") and len(text) < 160 and "\n" not in text, text
    return text


CASES = (
    (lambda d, i, a: d.update(protocol="modbus"), "there is no protocol"),
    (lambda d, i, a: (i.clear(), a.clear()), "neither inputs nor analogs"),
    (lambda d, i, a: i[0].update(at=13), "input a: at is 1 to 12, not 13"),
    (lambda d, i, a: i[0].update(at=2), "input b: input 2 has a name already"),
    (lambda d, i, a: i[1].update(at=[4, 5, 6]), "at is one number or two"),
    (lambda d, i, a: i[0].update(invert=True), "there is no invert"),
    (lambda d, i, a: i[0].update(moving_ms=100), "only a switch with two"),
    (lambda d, i, a: i[1].update(moving_ms=10), "moving_ms is 100 to 600000"),
    (lambda d, i, a: i[1].update(name="a"), "two of its points have one name"),
    (lambda d, i, a: i[0].update(name=""), "a name is a text"),
    (lambda d, i, a: i[0].pop("at"), "input a has no at"),
    (lambda d, i, a: i.append(7), "an input is an object"),
    (lambda d, i, a: a[0].update(at=5), "analog input c: at is 1 to 4, not 5"),
    (lambda d, i, a: a.append(dict(a[0], name="d")), "analog input 1 has a name"),
    (lambda d, i, a: a[0].update(type="0-20mA"), "type is one of 0-10V, 4-20mA, pt100"),
    (lambda d, i, a: a[0].update(type="pt100"), "there is no"),
    (lambda d, i, a: a[0].update(power=7), "power is -6 to 6"),
    (lambda d, i, a: a[0].update(to=0), "from and to are 1 to 30000 apart"),
    (lambda d, i, a: a[0].update(to=30001), "from and to are"),
    (lambda d, i, a: a[0].update(low=9, high=10), "two hysteresis apart"),
    (lambda d, i, a: a[0].update(high="hot"), "high is"),
    (lambda d, i, a: a[0].update(filter="mean"), "its filter is"),
    (lambda d, i, a: a[0].update(filter=["mean", 16]), "filter is 1 to 15"),
    (lambda d, i, a: a[0].update(lead=1), "there is no lead"),
    (lambda d, i, a: a[0].pop("unit"), "analog input c has no unit"),
    (lambda d, i, a: d.update(inputs=5), "profile x is not laid out as one"),
)
for change, text in CASES:
    assert text in wrong(change), (text, wrong(change))

# files of a user
vfs.mount(formatted()[1], "/profiles")


def put(name, text):
    with open("/profiles/%s.json" % name, "w") as file:
        file.write(text)
    return name


assert profile.load(put("mine", json.dumps(GOOD))).points == found.points
assert "is not readable JSON" in sentence(profile.load, put("torn", '{"inputs": ['))
assert "has more than 8192 bytes" in sentence(profile.load, put("long", " " * 8193))
assert "profile list: it is no JSON object" in sentence(profile.load, put("list", "[1]"))
assert "there is no profile pump, there are" in sentence(profile.load, "pump")
print("OK")
