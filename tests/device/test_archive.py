"""Archive: rows kept through power cuts, wrong lines told and skipped, all of a call or none."""

from flash import each_cut, formatted, mounted
from places import everywhere
from refusals import why

from firmware.config.archive import Archive, Row, judge, parse
from firmware.core.twin import Twin

LIMIT = 24576


def archive(fs, limit=LIMIT):
    return Archive(Twin("/devices.a", "/devices.b", limit, fs))


def row(n, slot=1, **more):
    fields = {
        "slot": slot,
        "profile": "smart-breaker",
        "address": str(n),
        "baud": 0,
        "parity": "-",
        "name": "%s-%s" % (slot, n),
    }
    fields.update(more)
    return Row(
        *[fields[name] for name in ("slot", "profile", "address", "baud", "parity", "name")]
    )


def test_life(fs):
    devices = archive(fs)
    assert list(devices.rows()) == [] and devices.problems == []
    assert "no device 'x'" in why(devices.remove, "x") and devices.find("x") is None
    devices.add(row(1))
    devices.add(row(2, 3, baud=2400, parity="even", name="meter_A.7"))
    devices.add_all([row(2), row(3)])
    # the next boot has them, in the order they came
    devices = archive(fs)
    assert list(devices.rows()) == [row(1), row(2, 3, baud=2400, parity="even", name="meter_A.7"),
                                    row(2), row(3)]  # fmt: skip
    assert list(devices.rows(1)) == [row(1), row(2), row(3)] and list(devices.rows(2)) == []
    assert devices.find("meter_A.7").baud == 2400
    devices.remove("1-2")
    assert [found.name for found in archive(fs).rows()] == ["1-1", "meter_A.7", "1-3"]
    devices.add(row(2, name="again"))  # its place is free
    for name in ("1-2", None, 5, b"x", ""):
        assert "no device" in why(devices.remove, name)
    assert devices.problems == []


def test_taken(fs):
    """A name is there once, an address once a slot; a call with one wrong row changes nothing."""
    devices = archive(fs)
    devices.add_all([row(1), row(1, 2)])
    before = list(devices.rows())
    for rows, words in (
        ([row(1, name="other")], "slot 1 has a device 1 already"),
        ([row(9, name="1-1")], "a device 1-1 already"),
        ([row(5), row(6), row(5, name="other")], "slot 1 has a device 5"),
        ([row(5), row(6, name="1-5")], "a device 1-5 already"),
        ([row(5), row(6, slot=7)], "a slot is 1 to 6"),
    ):
        assert words in why(devices.add_all, rows), rows
        assert list(archive(fs).rows()) == before
    devices.add_all([])
    assert list(archive(fs).rows()) == before


def test_words():
    for field, values in (
        ("slot", (0, 7, -1, True, "1", 1.0, None)),
        ("baud", (-1, 1, 299, 1000001, "9600", 9600.0, None, True)),
        ("parity", ("odd ", "", "N", None, 0, [])),
        ("profile", ("", "a b", "../x", "x" * 33, "é", None, 5)),
        ("address", ("", "1 2", "\n", "x" * 5000, 17, b"17")),
        ("name", ("", "a/b", "a+b", "#", "a\tb", ("a",), None)),
    ):
        for value in values:
            why(judge, row(1, **{field: value}))
    for line in (
        "",
        "1 a 2 0 - n more",
        "1 a 2 0 -",
        "x a 2 0 - n",
        "1 a 2 x - n",
        "1 a 2 -1 - n",
    ):
        why(parse, line)
    longest = row(0, 6, profile="p" * 32, address="a" * 32, name="n" * 32, baud=115200)
    judge(longest)
    assert parse("  2  a  3  0  -  n ") == Row(2, "a", "3", 0, "-", "n")


def test_wrong_lines(fs):
    """What another firmware or a hand left: each is told, the others are served."""
    twin = Twin("/devices.a", "/devices.b", LIMIT, fs)
    lines = [
        b"1 smart-breaker 1 0 - 1-1",
        b"1 smart-breaker 2 0 - 1-1",
        b"",
        b"what is this",
        b"\xff\xfe\x00 x 1 0 - n",
        b"9 smart-breaker 2 0 - x",
        b"1 smart-breaker 2 9600 maybe y",
        b"1 " + b"x" * 3000 + b" 2 0 - y",
        b"2 smart-breaker 2 0 - 2-2",
    ]
    twin.save(b"\n".join(lines))  # the last one is not ended
    devices = archive(fs)
    for _ in range(2):  # told anew, not added up
        assert list(devices.rows()) == [row(1), row(2, 2)]
        assert len(devices.problems) == 6, devices.problems
        for text in devices.problems:
            assert "\n" not in text and 10 < len(text) < 200, text
    assert "a second device 1-1" in devices.problems[0]
    assert list(devices.rows(2)) == [row(2, 2)] and len(devices.problems) == 6


def test_damaged_copies(fs):
    """One copy damaged: the other is used and it is told; both: no device, told twice."""
    devices = archive(fs)
    devices.add(row(1))
    devices.add(row(2))
    for path, count in (("/devices.a", 1), ("/devices.b", 0)):
        with fs.open(path, "wb") as file:
            file.write(b"nonsense")
        assert len(list(archive(fs).rows())) in (count, count + 1)
        devices = archive(fs)
        list(devices.rows())
        assert "the archive copy %s is corrupt" % path in devices.problems
    devices.add(row(3))
    assert list(archive(fs).rows()) == [row(3)]


def test_limits(fs):
    devices = archive(fs, 4096)
    rows = [row(n, 1 + n % 6) for n in range(256)]
    many = "the archive holds 256 devices"
    assert many in why(archive(fs).add_all, rows + [row(256)])
    assert "holds 4096 bytes" in why(devices.add_all, rows)  # flash has less room than rows
    assert list(devices.rows()) == []
    archive(fs, 8192).add_all(rows)
    assert list(archive(fs).rows()) == rows
    assert many in why(archive(fs).add, row(256))
    assert list(archive(fs).rows(2)) == rows[1::6]


def test_cuts():
    """After a cut anywhere in an attach or detach the next boot has the rows before or after."""
    flash, fs = formatted()
    archive(fs).add_all([row(n) for n in range(12)])
    cuts = 0
    for change in (
        lambda devices: devices.add(row(20)),
        lambda devices: devices.remove("1-3"),
        lambda devices: devices.add_all([row(n, 2) for n in range(8)]),
    ):
        image = bytes(flash.bytes)
        before = list(archive(mounted(flash)).rows())
        change(archive(mounted(flash)))
        after = list(archive(mounted(flash)).rows())
        assert before != after
        for fs, is_done, _ in each_cut(image, lambda fs, change=change: change(archive(fs))):
            devices = archive(fs)
            found = list(devices.rows())
            assert found == after or (found == before and not is_done), (cuts, found)
            assert devices.problems == []
            cuts += 1
    return cuts


test_words()
for test in (test_life, test_taken, test_wrong_lines, test_damaged_copies, test_limits):
    everywhere(test)
print("cuts:", test_cuts())
print("OK")
