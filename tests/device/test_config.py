"""Config: the schema, trial, commit, rollback, every bad file, and power cuts while committing."""

import json

from flash import each_cut, formatted, mounted
from places import everywhere

from firmware.config.entry import Entry
from firmware.config.schema import SCHEMA
from firmware.config.store import Config
from firmware.core.errors import ConfigError, StoreError
from firmware.core.twin import Twin

LIMIT = 4096
LONG = "x" * 900


def twin(fs):
    return Twin("/config.a", "/config.b", LIMIT, fs)


def loaded(fs):
    config = Config(twin(fs))
    return config, config.load()


def put(fs, path, data):
    with fs.open(path, "wb") as file:
        file.write(data)


def why(function, *args):
    """The sentence of the ConfigError the call must raise."""
    try:
        function(*args)
    except ConfigError as error:
        text = str(error)
        assert "\n" not in text and 10 < len(text) < 240, text
        return text
    raise AssertionError("%r was accepted" % (args,))


def test_schema():
    for row in SCHEMA:
        entry = Entry(row)
        assert entry.refusal(entry.default) is None, entry.path
        assert len(row) == 8 and entry.allowed() and entry.help
        for wrong in (None, 1.5, object(), {}, b"x", [1], -1000, 10**12, "\n"):
            assert entry.refusal(wrong), (entry.path, wrong)


def test_values(fs):
    config, _ = loaded(fs)
    good = (
        ("station.name", "Nord-7_a"),
        ("station.name", "x" * 32),
        ("metering.nominal_hz", 60),
        ("metering.u_full_scale_mv", 1000000000),
        ("metering.u_full_scale_mv", 1000),
        ("link.burst_crc", False),
        ("uplink.host", "broker.example.org"),
        ("uplink.host", "::1"),
        ("uplink.user", "grün"),
        ("rs485.key_s", 60),
        ("energy.tariffs", LONG),
        ("log.level", "debug"),
    )
    for path, value in good:
        config.set(path, value)
        assert config.pending()[-1][2] == value
        config.rollback()
    bad = (
        ("station.name", "", "a text of 1..32 characters (letters, digits, - and _)"),
        ("station.name", "a b", "a text of 1..32 characters"),
        ("station.name", "x" * 33, "a text of 1..32 characters"),
        ("metering.nominal_hz", 55, "one of 50, 60, not 55"),
        ("metering.nominal_hz", 50.0, "one of 50, 60"),
        ("metering.u_full_scale_mv", 999, "a whole number 1000..1000000000, not 999"),
        ("metering.u_full_scale_mv", 1000000001, "a whole number"),
        ("link.burst_crc", 1, "True or False, not 1"),
        ("link.burst_crc", "yes", "True or False"),
        ("uplink.port", "1883", "a whole number 1..65535, not '1883'"),
        ("uplink.port", True, "a whole number 1..65535, not True"),
        ("uplink.port", 65536, "a whole number"),
        ("uplink.host", "a b", "a text of 1..64 characters"),
        ("rs485.reply_ms", 49, "a whole number 50..60000, not 49"),
        ("station.points", 300.0, "a whole number 300..8000, not 300.0"),
        ("uplink.host", ["h"], "a text of 1..64 characters"),
        ("energy.tariffs", LONG + "x", "a text of 20..900 characters"),
        ("log.level", "loud", "one of 'debug', 'info', 'warn', 'error', not 'loud'"),
    )
    for path, value, text in bad:
        said = why(config.set, path, value)
        assert text in said and path in said, said
    assert config.pending() == []
    assert "hunter" not in why(config.set, "uplink.password", "hunter2" * 10)


def test_paths(fs):
    config, _ = loaded(fs)
    for wrong, right in (
        ("uplink.prt", "uplink.port"),
        ("uplink_port", "uplink.port"),
        ("port", "uplink.port"),
        ("rs485.dta_s", "rs485.data_s"),
        ("Log.level", "log.level"),
    ):
        assert "did you mean '%s'?" % right in why(config.get, wrong), wrong
    assert "did you mean" not in why(config.get, "zzzzzzzz")
    for wrong in ("", None, 5, ["uplink.port"], "x" * 5000, "\n"):
        why(config.set, wrong, 1)
        if wrong != "":
            why(config.rows, wrong)


def test_life(fs):
    config, problems = loaded(fs)
    assert problems == ["the settings are absent: the defaults are used"]
    assert config.version == 0 and config.get("uplink.port") == 1883
    why(config.rollback)
    assert config.commit() == []
    heard = []
    config.subscribe("uplink", lambda path, value: heard.append((path, value)))
    config.set("uplink.port", 8883)
    config.set("energy.tariffs", LONG)
    assert config.get("uplink.port") == 1883
    before = config.get("energy.tariffs")
    assert config.pending() == [("energy.tariffs", before, LONG), ("uplink.port", 1883, 8883)]
    assert config.commit() == ["energy.tariffs", "uplink.port"]
    assert heard == [("uplink.port", 8883)] and config.version == 1
    # The next boot has them, and what was before them.
    config, problems = loaded(fs)
    assert problems == [] and config.version == 1
    assert config.get("uplink.port") == 8883 and config.get("energy.tariffs") == LONG
    config.set("uplink.port", 1)
    config.set("uplink.port", 8883)
    assert config.pending() == []
    config.set("uplink.port", 1)
    assert config.rollback() == ["uplink.port"] and config.version == 1
    assert config.rollback() == ["energy.tariffs", "uplink.port"] and config.version == 2
    assert config.get("uplink.port") == 1883
    assert config.rollback() == ["energy.tariffs", "uplink.port"] and config.version == 3
    assert loaded(fs)[0].get("uplink.port") == 8883
    # Setting the default forgets the value, so that it follows the firmware's default.
    config.set("uplink.port", 1883)
    config.commit()
    assert "uplink.port" not in json.loads(twin(fs).load()[0])["set"]


def test_shown(fs):
    config, _ = loaded(fs)
    config.set("uplink.password", "secret!")
    config.set("station.name", "a")
    shown = repr(config.rows()) + repr(config.describe("uplink.password"))
    assert "secret!" not in shown and "****" in shown
    assert ("station.name", "'ttu'", "", "'a'") in config.rows("station")
    group = dict(config.group("rs485"))
    assert group == {"key_s": 1, "alarm_s": 60, "data_s": 900, "reply_ms": 500}
    assert list(config.group("rs48")) == []
    assert [row[0] for row in config.rows()] == [row[0] for row in SCHEMA]
    assert ("allowed", "one of 50, 60") in config.describe("metering.nominal_hz")


def keep(fs, document):
    """What a firmware of another version, or a forger, might leave: valid for the Twin."""
    if not isinstance(document, bytes):
        document = json.dumps(document).encode()
    twin(fs).save(document)


def test_bad_values(fs):
    keep(
        fs,
        {
            "version": 4,
            "set": {"uplink.port": 0, "uplink.host": "h", "no.such": 1, "rs485.key_s": ["x"]},
            "previous": {"uplink.port": "x", "uplink.host": "before"},
        },
    )
    config, problems = loaded(fs)
    assert len(problems) == 3, problems
    assert "uplink.port is a whole number 1..65535, not 0: the default 1883 is used" in problems
    assert "the setting 'no.such' is not known and is ignored" in problems
    assert config.get("uplink.host") == "h" and config.version == 4
    config.rollback()
    assert config.get("uplink.host") == "before" and config.version == 5
    keep(fs, {"version": 1, "set": {"x%d" % i: i for i in range(99)}})
    problems = loaded(fs)[1]
    assert len(problems) == 16 and "84 more" in problems[-1], problems[-1]


def test_bad_documents(fs):
    for document in (
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 3000,
        b"1e999",
        b"[1]",
        b"null",
        {"version": "x", "set": [1]},
        {"version": -1, "set": 5, "previous": 7},
        {"set": None},
    ):
        keep(fs, document)
        config, problems = loaded(fs)
        assert len(problems) == 1 and "the defaults are used" in problems[0], (document, problems)
        assert config.version == 0 and config.get("uplink.port") == 1883
        config.set("uplink.port", 5)
        config.commit()
        assert loaded(fs)[1] == [] and loaded(fs)[0].get("uplink.port") == 5


def test_bad_files(fs):
    good = Config(twin(fs))
    good.set("uplink.port", 5)
    good.commit()
    for data, reason in (
        (b"", "corrupt"),
        (b"{}", "corrupt"),
        (b"\x00" * 100, "corrupt"),
        (b"x" * 4500, "oversized"),
    ):
        for path in ("/config.a", "/config.b"):
            put(fs, path, data)
        config, problems = loaded(fs)
        assert problems[-1] == "the settings are %s: the defaults are used" % reason, problems
        assert "the settings copy /config.a is %s" % reason in problems
        assert config.get("uplink.port") == 1883 and config.version == 0
        config.set("uplink.port", 6)
        config.commit()
        put(fs, "/config.b", data)
        config, problems = loaded(fs)
        assert config.get("uplink.port") == 6, problems
        assert problems == ["the settings copy /config.b is %s" % reason], problems


def test_full():
    """A flash that refuses: one StoreError, nothing in force changes, the trial goes on."""
    fs = formatted()[1]
    config, _ = loaded(fs)
    put(fs, "/filler", b"f" * 14500)
    default = config.get("energy.tariffs")
    config.set("energy.tariffs", LONG)
    try:
        config.commit()
        raise AssertionError("it fits")
    except StoreError as error:
        assert "was not written" in str(error)
    assert config.get("energy.tariffs") == default and config.version == 0
    fs.remove("/filler")
    assert config.commit() == ["energy.tariffs"]


def test_cuts():
    """After a cut anywhere in a commit the next boot has the settings before or after it."""
    flash, fs = formatted()
    cuts = 0
    before = 1883
    for port, name in ((5, "a"), (6, "b" * 32), (7, "c")):
        image = bytes(flash.bytes)

        def change(fs, port=port, name=name):
            config, _ = loaded(fs)
            config.set("uplink.port", port)
            config.set("station.name", name)
            config.commit()

        for fs, is_done, _ in each_cut(image, change):
            config, problems = loaded(fs)
            found = config.get("uplink.port")
            assert found == port or (found == before and not is_done), (found, problems)
            assert (found == port) == (config.get("station.name") == name)
            assert problems == [] or (before == 1883 and found == 1883)
            cuts += 1
        change(mounted(flash))
        before = port
    return cuts


test_schema()
for test in (
    test_values,
    test_paths,
    test_life,
    test_shown,
    test_bad_values,
    test_bad_documents,
    test_bad_files,
):
    everywhere(test)
test_full()
print("cuts:", test_cuts())
print("OK")
