"""How the points of a profile become few requests, and how a refused one is taken apart."""

from refusals import refused

from firmware.devices import dialect_dlt645, dialect_dlt698, dialect_modbus


def plan(dialect, points, **document):
    """[(what to ask, (point, how ..))] of points (place, kind)."""
    dialect.judge(document)
    rows = []
    for i, (where, kind) in enumerate(points):
        place = dialect.place(where, document)
        rows.append((i, place, dialect.kind(kind, place)))
    return dialect.plan(rows, document)


def asks(*arguments, **document):
    return [ask for ask, _ in plan(*arguments, **document)]


def answer(dialect, points, data):
    """{point: value} of registers."""
    reply = dialect_modbus.modbus.Reply(1, 3, -1, data)
    dialect.master.reply = reply
    got = {}

    def out(point, value, quality):
        got[point] = value

    dialect.values(points, out)
    return got


def test_registers_that_lie_close():
    modbus = dialect_modbus.Dialect()
    near = [(0, "u16"), (1, "u32"), (3, "s16")]
    assert asks(modbus, near) == [(3, 0, 4)]
    # in any order, and read twice
    assert asks(modbus, [(3, "s16"), (1, "u32"), (0, "u16"), (1, "u16")]) == [(3, 0, 4)]
    apart = [(0, "u16"), (4, "u16"), (7, "u16")]
    assert asks(modbus, apart) == [(3, 0, 1), (3, 4, 1), (3, 7, 1)]
    assert asks(modbus, apart, gap=2) == [(3, 0, 1), (3, 4, 4)]
    assert asks(modbus, apart, gap=3) == [(3, 0, 8)]
    # a gap never reaches into another function
    both = [([4, 0], "u16"), ([3, 1], "u16"), ([4, 1], "u16"), ([1, 1], "bit")]
    assert asks(modbus, both, gap=9) == [(1, 1, 1), (3, 1, 1), (4, 0, 2)]
    assert asks(modbus, [(0, "u16"), (1, "u16")], function=4) == [(4, 0, 2)]


def test_longest_block():
    modbus = dialect_modbus.Dialect()
    many = [(register, "u16") for register in range(200)]
    assert asks(modbus, many) == [(3, 0, 125), (3, 125, 75)]
    assert asks(modbus, many[:5], block=2) == [(3, 0, 2), (3, 2, 2), (3, 4, 1)]
    # a number is not cut in two, even where it is longer than the block
    long = [(0, "u16"), (1, "u32"), (3, "u64")]
    assert asks(modbus, long, block=2) == [(3, 0, 1), (3, 1, 2), (3, 3, 4)]
    assert asks(modbus, [(124, "u32"), (0, "u16")], gap=125) == [(3, 0, 1), (3, 124, 2)]


def test_word_order():
    modbus = dialect_modbus.Dialect()
    points = [(5, "u16"), (6, "s32"), (8, "u64"), (12, "s16"), (6, "s16")]
    data = bytes([0, 1, 0xFF, 0xFE, 0, 3, 0, 1, 0, 2, 0, 3, 0, 4, 0x80, 0])
    ((_, how),) = plan(modbus, points)
    high = {0: 1, 1: -0x20000 + 3, 2: 0x0001000200030004, 3: -32768, 4: -2}
    assert answer(modbus, how, data) == high
    ((_, how),) = plan(modbus, points, words="low")
    low = {0: 1, 1: 0x3FFFE, 2: 0x0004000300020001, 3: -32768, 4: -2}
    assert answer(modbus, how, data) == low
    assert refused(answer, modbus, how, data[:-2])


def test_bits():
    modbus = dialect_modbus.Dialect()
    points = [([2, 16], "bit"), ([2, 25], "bit"), ([2, 18], "bit")]
    ((ask, how),) = plan(modbus, points, gap=9)
    assert ask == (2, 16, 10)
    assert answer(modbus, how, b"\x04\x02") == {0: 0, 1: 1, 2: 1}


def test_parts_of_registers():
    """Two points in one register are one part; the longer one says how much is read."""
    for words, low in (("high", 7 << 16 | 9), ("low", 9 << 16 | 7)):
        modbus = dialect_modbus.Dialect()
        points = [(10, "u16"), (11, "u16"), (11, "u32"), (15, "s16")]
        ((ask, how),) = plan(modbus, points, gap=2, words=words)
        assert ask == (3, 10, 6) and modbus.parts(ask, how) == 3
        parts = [modbus.part(ask, how, i) for i in range(3)]
        assert [part[0] for part in parts] == [(3, 10, 1), (3, 11, 2), (3, 15, 1)]
        assert answer(modbus, parts[1][1], b"\0\7\0\x09") == {1: 7, 2: low}
        assert answer(modbus, parts[2][1], b"\xff\xff") == {3: -1}


def test_blocks_of_identifiers():
    dlt645 = dialect_dlt645.Dialect()
    blocks = {"0201FF00": ["02010100", "02010200", "02010300"], "0202FF00": ["02020100"]}
    points = [("02010300", "bcd"), ("02010100", "bcd"), ("02020100", "bcd"), ("02800002", "bcd")]
    planned = plan(dlt645, points, blocks=blocks)
    # a block of which one value is wanted is no gain
    assert [ask[0] for ask, _ in planned] == ["0201FF00", "02020100", "02800002"]
    ask, how = planned[0]
    assert dlt645.parts(ask, how) == 2
    parts = [dlt645.part(ask, how, i) for i in range(2)]
    assert [(part[0], part[1][0]) for part in parts] == [(("02010300",), 0), (("02010100",), 1)]
    # what is shown differently does not come out of one block
    mixed = [("02010100", "bcd"), ("02010200", "bits"), ("02010300", "bcd")]
    assert [ask[0] for ask in asks(dlt645, mixed, blocks=blocks)] == ["0201FF00", "02010200"]


def test_lists_of_objects():
    dlt698 = dialect_dlt698.Dialect()
    points = [("20000200", 1), ("20000200", 2), ("20010200", 0), ("200F0200", 0), ("20000200", 3)]
    assert asks(dlt698, points) == [("20000200", "20010200", "200F0200")]
    split = [("20000200", "20010200"), ("200F0200", "20000200")]
    planned = plan(dlt698, points, list=2)
    assert [ask for ask, _ in planned] == split
    ask, how = planned[0]
    assert dlt698.parts(ask, how) == 2
    part, how = dlt698.part(ask, how, 0)
    assert part == ("20000200",) and list(how) == [0, 1, 1, 2]


test_registers_that_lie_close()
test_longest_block()
test_word_order()
test_bits()
test_parts_of_registers()
test_blocks_of_identifiers()
test_lists_of_objects()
print("OK")
