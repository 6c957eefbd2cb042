"""Interlocks: what they allow, that none is lost in silence, and what a power cut leaves."""

from flash import each_cut, formatted
from places import everywhere
from refusals import why

from firmware.config.interlocks import Interlocks, parse
from firmware.core.quality import IV, NT
from firmware.core.twin import Twin

RULE = ("control-4.q1", "close", "control-4.q2", "=", "1")


def interlocks(fs):
    return Interlocks(Twin("/interlocks.a", "/interlocks.b", 4096, fs))


def test_life(fs):
    some = interlocks(fs)
    assert some.rows() == []
    assert tuple(some.add(RULE)) == RULE
    some.add(("control-4.q1", "open", "meter.ia", "<", "-0.50"))
    assert [tuple(rule) for rule in interlocks(fs).rows()][0] == RULE
    assert "already" in why(some.add, RULE)
    for number in (0, 3, None, "1"):
        assert "there are 2" in why(some.remove, number)
    assert some.remove(1)[0:2] == RULE[:2] and len(some.rows()) == 1
    some.remove(1)
    for i in range(32):
        some.add(RULE[:4] + (str(i),))
    assert "room for 32" in why(some.add, RULE[:4] + ("99",))


def test_wrong_ones(fs):
    some = interlocks(fs)
    for at, words in (
        (0, ("q1", "", ".q1", "a b.c", None, 4, "x" * 60)),
        (1, ("trip", "", None, 1)),
        (2, ("q2", "", None, "meter.\n")),
        (3, ("==", "is", "", None)),
        (4, ("", "-", ".", "1e3", "0x1", "1.2.3", "1" * 13, None, 1, "--1")),
    ):
        for word in words:
            rule = list(RULE)
            rule[at] = word
            why(some.add, rule)
    assert some.rows() == []
    why(parse, b"one two three")
    why(parse, b"\xff\xfe a b c d")


def test_what_is_allowed(fs):
    some = interlocks(fs)
    points = {"p.x": (2305, -1, 0)}
    for relation, wanted in (
        ("=", ("230.5", "230.50")),
        ("!=", ("230.4", "-230.5", "2305", "231")),
        ("<", ("230.6", "231", "2305")),
        (">", ("230.49", "230", "-1")),
        ("<=", ("230.5", "231")),
        (">=", ("230.5", "230.4")),
    ):
        values = (
            "230.5",
            "230.50",
            "230.4",
            "-230.5",
            "2305",
            "231",
            "230.6",
            "230.49",
            "230",
            "-1",
        )
        for value in values:
            some.add(("o.q", "open", "p.x", relation, value))
            objection = some.objection("o.q", "open", points.get)
            assert (objection == "") == holds(230.5, relation, float(value)), (relation, value)
            assert value not in wanted or not objection
            some.remove(1)
    some.add(("o.q", "open", "p.x", ">", "0"))
    assert some.objection("o.q", "close", points.get) == some.objection("o.r", "open", None) == ""
    for bits in (IV, NT, IV | NT, 1):  # any doubt forbids
        points["p.x"] = (2305, -1, bits)
        assert "not known" in some.objection("o.q", "open", points.get)
    assert "no such point" in some.objection("o.q", "open", {}.get)
    points["p.x"] = (1, 3, 0)
    some.add(("o.q", "open", "p.x", "=", "1000"))
    assert some.objection("o.q", "open", points.get) == ""
    some.add(("o.q", "open", "p.x", "!=", "1000"))  # all of them must hold
    assert "!= 1000 is wanted" in some.objection("o.q", "open", points.get)


def holds(have, relation, want):
    return {
        "=": have == want,
        "!=": have != want,
        "<": have < want,
        ">": have > want,
        "<=": have <= want,
        ">=": have >= want,
    }[relation]


def test_damage(fs):
    """One that may be lost forbids everything, until a person says what there is."""
    some = interlocks(fs)
    some.add(RULE)
    some.add(RULE[:4] + ("2",))
    with fs.open("/interlocks.a", "wb") as file:
        file.write(b"?")
    some = interlocks(fs)
    assert "damaged" not in some.objection("o.q", "open", None)
    assert "interlock('keep')" in some.objection("o.q", "open", None)
    assert "interlock('keep') first" in why(some.add, RULE[:4] + ("3",))
    assert "interlock('keep') first" in why(some.remove, 1)
    some.keep()
    assert some.objection("o.q", "open", None) == ""


def test_cuts():
    fs = formatted()
    interlocks(fs[1]).add(RULE)
    fs[1].umount()
    count = 0
    for after, is_done, _ in each_cut(
        bytes(fs[0].bytes), lambda fs: interlocks(fs).add(RULE[:4] + ("2",))
    ):
        some = interlocks(after)
        values = [rule.value for rule in some.rows()]
        assert values == ["1", "2"] or (values == ["1"] and not is_done), values
        assert some.problems == []
        count += 1
    return count


for test in (test_life, test_wrong_ones, test_what_is_allowed, test_damage):
    everywhere(test)
print("cuts:", test_cuts())
print("OK")
