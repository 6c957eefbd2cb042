"""Energy registers against big integers: random and extreme sums, near overflow, heap locked."""

import random
from array import array

import micropython

from firmware.metering import energy_kernels as k
from firmware.metering import energy_registers as er

# 500 V and 400 A peak on words of 74532013, voltage over 2**14, 8 kHz: as the meter has it
NUM = 500000 * 400000 << 14
DEN = 74532013**2 * 8000 * 3600 * 1000
LIMIT = 1 << 52


def packed(values, spread):
    """The 12 words of six values; `spread` moves multiples of 2**22 into the low word."""
    out = array("i", bytes(48))
    for i, value in enumerate(values):
        high, low = value >> 22, value & 0x3FFFFF
        shift = random.randrange(-512, 512) if spread else 0
        out[2 * i] = high - shift
        out[2 * i + 1] = low + (shift << 22)
    return out


class Twin:
    """The same in big integers; one mWh is `unit` / 2**44 product units."""

    def __init__(self, num, den):
        self.unit = ((den << 45) // num + 1) >> 1
        self.units = [0] * 24
        self.net = [0] * 6

    def add(self, values):
        for i in range(6):
            self.net[i] += values[i]
        values = list(values) + [sum(values[0::2]), sum(values[1::2])]
        for row in range(4):
            p, q = values[2 * row : 2 * row + 2]
            self.units[row * 6 + (0 if p >= 0 else 1)] += abs(p)
            quadrant = {(1, 1): 2, (0, 1): 3, (0, 0): 4, (1, 0): 5}[int(p >= 0), int(q >= 0)]
            self.units[row * 6 + quadrant] += abs(q)

    def cells(self):
        return [(u << 44) // self.unit for u in self.units]

    def ring(self):
        return [(n >> 28) % (1 << 30) for n in self.net]


def check(e, twin):
    assert list(e.cells) == twin.cells(), (list(e.cells), twin.cells())
    for i in range(6):  # tariffs add up to the last digit
        assert sum(list(e.tariffs)[i::6]) == e.cells[18 + i]
    out = array("i", bytes(24))
    e.ring(None, out)
    assert list(out) == twin.ring()


def run(windows, make, num=NUM, den=DEN):
    e, twin = er.EnergyRegisters(num, den), Twin(num, den)
    for n in range(windows):
        values = make(n)
        sums = packed(values, n & 1)
        micropython.heap_lock()
        e.add(sums)
        micropython.heap_unlock()
        twin.add(values)
        if n % 5 == 4:
            micropython.heap_lock()
            e.settle(n % 9)
            micropython.heap_unlock()
    for _ in range(4):
        e.settle(1)
    check(e, twin)
    return e


def anything(bits):
    most = (2 << bits) - 1
    return [
        ((random.getrandbits(30) << 30 | random.getrandbits(30)) & most) - (1 << bits)
        for _ in range(6)
    ]


def drawn(bits):
    return lambda n: anything(bits)


def always(values):
    return lambda n: values


def full_scale(_):
    return [4549 * 74532013 // 2 * 1600] * 6


random.seed(22)
# small and large values, all signs
for width in (1, 21, 22, 23, 36, 44, 50):
    run(40, drawn(width))
for edge in (0, 1, -1, 1 << 22, -(1 << 22), (1 << 22) - 1, 1 << 44, -(1 << 44), -(1 << 44) - 1):
    run(10, always([edge] * 6))
    run(10, always([edge, -edge, -edge, edge, edge, edge]))
run(60, full_scale)

# other scales: a mWh is a few thousand units, 2**56 of them, or one
run(15, drawn(40), 10**18 << 14, DEN)
run(40, drawn(50), 10**5 << 14, DEN)
run(15, drawn(28), 1, 1)

# the largest value allowed, in both directions; opposite phases leave no total
run(5, always([LIMIT - 1, -LIMIT + 1] * 3), NUM << 4, DEN << 12)
e = run(5, always([LIMIT - 1, 7, -LIMIT + 1, -7, 0, 0]), NUM << 4, DEN << 12)
assert list(e.cells[18:]) == [0] * 6

# a quotient that one call cannot move is moved by the next
e, twin = er.EnergyRegisters(1, 1), Twin(1, 1)
values = [(1 << 31) + 5, 0, 0, 0, 0, 0]
e.add(packed(values, False))
twin.add(values)
e.settle()
assert e.cells[0] == (1 << 30) - 1 == e.steps[0]
e.settle()
e.settle()
check(e, twin)

# months without a settle: the rests hold it; a ring goes round
e, twin = er.EnergyRegisters(NUM, DEN), Twin(NUM, DEN)
values = [LIMIT - 1, LIMIT - 1, 1 - LIMIT, 1 - LIMIT, LIMIT - 1, LIMIT - 2]
sums = packed(values, True)
for _ in range(3000):
    e.add(sums)
    twin.add(values)
for _ in range(3):
    e.settle(2)
check(e, twin)

# limbs near their overflow: the carry of one more unit goes through all of them
rings = array("i", [0x3FFFFF, 0x3FFFFF, 0x3FFFFFFF] * 6)
rows = array("i", bytes(96))
k.split(packed([1, 0, 1, 0, 1, 0], False), rows, rings)
assert list(rings) == [0, 0, 0, 0x3FFFFF, 0x3FFFFF, 0x3FFFFFFF] * 3
rests = array("i", [0, 0, 0x3FFFFF, 0x3FFFFF, 0x1FFFFFFF, 0] * 24)
k.credit(rows, rests)
assert list(rests[:6]) == [0, 0, 0, 0, 0x20000000, 0]
cells = array("q", [0xFFFFFFFFFFFF, (1 << 62) - 1, 0xFFFFFFFF])
steps = array("i", [7, 1, 1, 1, (1 << 30) - 1])
k.carry(cells, 0, steps, 1, 3)
assert list(cells) == [1 << 48, 1 << 62, 1 << 32]
k.carry(cells, 2, steps, 4, 1)
assert list(cells) == [1 << 48, 1 << 62, (1 << 32) + (1 << 30) - 1]

# quotients around every multiple that the division starts from, and beyond the most it gives
for unit in 5 << 44, (1 << 100) + 12345:
    units = array("i", bytes(4 * 30))
    for n, bits in enumerate(k.MULTIPLES):
        for limb in range(6):
            units[6 * n + limb] = (unit << bits) >> 22 * limb & 0x3FFFFF
    work, steps, rests = array("i", bytes(48)), array("i", bytes(96)), array("i", bytes(576))
    for bits in range(1, 32):
        amounts = []
        for cell in range(24):
            quotient = random.getrandbits(bits) if cell else (1 << bits) - (bits & 1)
            amount = min(quotient * unit + random.getrandbits(22) % unit, (1 << 131) - 1)
            amounts.append(amount)
            for limb in range(6):
                rests[6 * cell + limb] = amount >> 22 * limb & (0x3FFFFF if limb < 5 else -1)
        k.wholes(rests, work, units, steps, 24)
        for cell in range(24):
            wanted = min(amounts[cell] // unit, (1 << 30) - 1)
            left = sum([rests[6 * cell + limb] << 22 * limb for limb in range(6)])
            assert steps[cell] == wanted, (bits, cell, steps[cell], wanted)
            assert left == amounts[cell] - wanted * unit

# the ring with an open window is what it is after that window was added
e = run(7, drawn(50))
values = packed(anything(50), True)
before, after = array("i", bytes(24)), array("i", bytes(24))
e.ring(values, before)
e.add(values)
e.ring(None, after)
assert before == after

# substituted energy: signed phases, their total, marked; no sample was seen
e, twin = er.EnergyRegisters(NUM, DEN), Twin(NUM, DEN)
values = [1 << 60, -(1 << 59), -(1 << 58), 1 << 57, 12345, -678]
e.substitute(values[0::2], values[1::2])
twin.add(values)
twin.net = [0] * 6
for _ in range(3):
    e.settle(3)
check(e, twin)
assert e.substituted() == list(e.cells)
e.substitute_total(1 << 40)
e.substitute_total(-(1 << 41))
e.settle(3)
assert e.cells[18] == ((1 << 60) - (1 << 58) + 12345 + (1 << 40)) * NUM // DEN
assert e.cells[19] == (1 << 41) * NUM // DEN and e.cells[6] == 0

# a checkpoint: registers, tariffs and what is below one mWh go on; a record is refused whole
e = run(33, drawn(47))
e.substitute([5 << 36, 0, 0], [0, 0, -(5 << 36)])
e.settle(4)
kept = e.record()
assert len(kept["tariffs"]) == 42 and max(kept["rest"]) > 1 << 20
more = packed([1 << 20, 0, 0, 0, 0, 0], False)
other = er.EnergyRegisters(NUM, DEN)
other.add(more)  # samples came before the checkpoint was read
other.restore(kept)
other.settle(4)
e.add(more)
e.settle(4)
assert other.cells == e.cells and other.tariffs == e.tariffs
assert max([abs(a - b) for a, b in zip(other.record()["rest"], e.record()["rest"])]) <= 1
assert max([abs(a - b) for a, b in zip(other.substituted(), e.substituted())]) <= 1

old = er.EnergyRegisters(NUM, DEN)
old.restore({"mwh": list(range(24))})
assert list(old.tariffs[:6]) == [18, 19, 20, 21, 22, 23] and old.record()["tariffs"][5] == 23
held = list(old.cells)
for name, bad in (
    ("mwh", [1] * 23),
    ("mwh", [-1] * 24),
    ("mwh", ["1"] * 24),
    ("mwh", [True] * 24),
    ("mwh", [1 << 62] * 24),
    ("mwh", None),
    ("rest", [0]),
    ("marked", {}),
    ("tariffs", [0] * 54),
    ("tariffs", [0] * 60),
):
    broken = {"mwh": list(range(24))}
    broken[name] = bad
    try:
        old.restore(broken)
        raise AssertionError(name)
    except ValueError as error:
        assert "checkpoint" in str(error)
assert list(old.cells) == held

# what settles once a second costs no heap at all, and a mWh lost anywhere would be seen
e = er.EnergyRegisters(NUM, DEN)
sums = packed(full_scale(0), False)
micropython.heap_lock()
for _ in range(20):
    for _ in range(5):
        e.add(sums)
    e.settle(1)
micropython.heap_unlock()
truth = 4549 * 74532013 // 2 * 1600 * 100 * NUM // DEN
assert e.cells[0] == truth and 0 <= e.cells[18] - 3 * truth <= 2

print("OK")
