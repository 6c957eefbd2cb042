"""The console verbs over real parts; wrong use of any gives one sentence, never a raise."""

from flash import formatted

from firmware.config.archive import Archive, Row
from firmware.config.store import Config
from firmware.console import ttu
from firmware.console.pattern import matches
from firmware.console.table import Note, Table
from firmware.core import quality
from firmware.core.clock import Clock
from firmware.core.errors import SlotError
from firmware.core.log import Log
from firmware.core.twin import Twin
from firmware.points.table import Points
from firmware.store import event_codes as codes
from firmware.store.events import EventLog

NOW = 1790000000000
PLAIN = ("status", "version", "meter", "link", "slots", "devices", "commit", "calibration")
PLAIN += ("billing", "waveforms", "archive")
VERBS = PLAIN + ("points", "events", "config", "rollback", "calibrate", "log", "help")
VERBS += ("bus", "attach", "detach", "search", "send", "pass_through", "module", "order")
VERBS += ("health", "safe", "curve", "freezes", "audit")
VERBS += ("control", "select", "execute", "cancel", "interlock", "time")


class Terminal:
    """A terminal of real parts with two devices in its points table."""

    def __init__(self):
        ttu.bind(None)  # the heap does not hold two
        self.clock = Clock(lambda: 0, lambda a, b: a - b, lambda: NOW)
        self.log = Log(self.clock, sink=lambda line: None)
        self.event_log = EventLog(self.clock, 3)
        self.flash = formatted()[1]
        self.config = Config(Twin("/a", "/b", 4096, self.flash))
        self.config.load()
        self.calibrator = None
        self.slot_bytes = 0  # 10**9: an answer that no heap holds
        self.points = Points(130)
        meter = self.points.add("meter", (("ua", "V", -1), ("p", "W", 0)))
        self.points.put(meter.base, 2301, quality.GOOD, NOW - 250)
        self.devices_kept = Archive(Twin("/d.a", "/d.b", 4096, self.flash))
        self.points.add("many", [("x%d" % i, "", 0) for i in range(120)])

    def status(self):
        return [("uptime", "5 s"), ("link", "both")]

    def version(self):
        return [("firmware", "0.1")]

    def meter(self):
        return ("phase", "U"), [("A", "230.1")]

    def link(self):
        return ("counter", "value"), [("frames", 12)]

    def slots(self):
        return ("slot", "module"), bytes(self.slot_bytes)

    def billing(self):
        return ("energy", "import Wh"), [("T1", "2.500"), ("at",)], "T1 is in force"

    def waveforms(self):
        return ("record", "what"), [(1, "dip")], "in /waves"

    def devices(self):
        raise OSError(5)  # a part that fails is a sentence, too

    def bus(self, number):
        raise SlotError("slot %d has no module in service, see slots()" % number)

    def module(self, number, name):
        return ("what", "value"), [(number, name)], ""

    def order(self, *wish):
        self.ordered = wish

    def sent(self):
        return "slot 2: restart: done"

    def archive(self):
        return ("slot", "profile"), [row[:2] for row in self.devices_kept.rows()], ""

    def attach(self, *row):
        self.devices_kept.add(Row(*row))

    def detach(self, name):
        self.devices_kept.remove(name)

    def events(self, n):
        rows = self.event_log.last(n)
        return [(seq, str(at), codes.name(code), who, why) for seq, code, who, at, why in rows]


def sentence(result):
    """The text of the Note that `result` must be."""
    assert isinstance(result, Note), repr(result)
    text = repr(result)
    assert "\n" not in text and "Traceback" not in text and len(text) < 250, text
    return text


def test_table():
    table = Table(("name", "v"), iter([("a", 1), ("longer", None), ("x\ny", "")]), "that is all")
    assert repr(table) == "name    v\na       1\nlonger  -\nx y     -\nthat is all"
    assert len(table) == 3 and table[1] == ("longer", None)
    assert [row[0] for row in table] == ["a", "longer", "x\ny"]
    assert repr(Table(("a", "b"), [])) == "a  b\n(none)"
    assert repr(Table((), [(1, 2, 3), ()])) == "\n1  2  3\n"


def test_unbound():
    ttu.bind(None)
    for name in VERBS:
        if name != "help":
            assert sentence(getattr(ttu, name)()) == "the terminal is not running"
    assert len(ttu.help()) == len(VERBS)


def test_import():
    ttu.bind(Terminal())
    import ttu as imported

    assert imported is ttu
    assert "status" in ttu.__all__ and "bind" not in ttu.__all__


def test_read():
    terminal = Terminal()
    ttu.bind(terminal)
    assert ttu.status()[1] == ("link", "both")
    assert ttu.version()[0] == ("firmware", "0.1") and len(ttu.version()) == 3
    assert ttu.points("meter.*").rows == [
        ("meter.ua", "230.1", "V", "good", 250),
        ("meter.p", "0", "W", "IV NT", None),
    ]
    assert len(ttu.points()) == 100 and "and 22 more" in repr(ttu.points())
    assert len(ttu.points("many.x?")) == 10
    assert ttu.meter()[0] == ("A", "230.1") and ttu.link()[0] == ("frames", 12)
    assert "(none)" in repr(ttu.slots())
    assert ttu.billing()[0] == ("T1", "2.500")
    assert repr(ttu.waveforms()) == "record  what\n1       dip\nin /waves"
    assert len(ttu.events()) == 0
    for _ in range(20):
        terminal.event_log.emit(codes.DEVICE_LOST, "rs485.1", "silent")
    assert len(ttu.events()) == 10
    assert ttu.events(1)[0] == (20, str(NOW), "DEVICE_LOST", "rs485.1", "silent")
    assert ttu.help("status")[0] == ("status()", "the terminal at a glance")
    assert repr(ttu.status).startswith("status()")


def test_config():
    terminal = Terminal()
    ttu.bind(terminal)
    assert len(ttu.config()) == len(ttu.config("")) > 20
    assert [row[0] for row in ttu.config("station")] == ["station.name", "station.points"]
    assert ("value", "1883") in ttu.config("uplink.port").rows
    assert "nothing is on trial" in sentence(ttu.commit())
    assert "no earlier settings" in sentence(ttu.rollback())
    assert "on trial" in sentence(ttu.config("uplink.port", 8883))
    assert terminal.config.get("uplink.port") == 1883
    assert ttu.config("uplink")[2] == ("uplink.port", "1883", "", "8883")
    assert sentence(ttu.commit()) == "version 1 is in force, changed: uplink.port"
    assert terminal.config.get("uplink.port") == 8883
    assert "nothing is on trial" in sentence(ttu.config("uplink.port", 8883))
    ttu.config("uplink.port", 1)
    assert sentence(ttu.rollback()) == "no longer on trial: uplink.port"
    assert sentence(ttu.rollback()) == "version 2 is in force, put back: uplink.port"
    assert terminal.config.get("uplink.port") == 1883
    said = sentence(ttu.config("uplink.password", "hunter2"))
    assert "hunter2" not in said + repr(ttu.config("uplink.password"))
    assert "hunter2" not in repr(ttu.config())


def test_log():
    terminal = Terminal()
    ttu.bind(terminal)
    terminal.log.info("here", "a line")
    assert ttu.log()[0] == ("0.000 info here: a line",)
    assert "warn" in sentence(ttu.log("warn")) and terminal.log.level == "warn"


def test_devices_on_buses():
    """What attach made of its words; each wrong one gives a sentence and keeps nothing."""
    terminal = Terminal()
    ttu.bind(terminal)
    kept = terminal.devices_kept
    assert "(none)" in repr(ttu.archive())
    assert "bus(1) shows" in sentence(ttu.attach(1, "smart-breaker", 17))
    assert "12345678 is in" in sentence(ttu.attach(2, "meter-645", "12345678", baud=2400))
    sentence(ttu.attach(2, "meter-645", "9", parity="odd", name="roof"))
    rows = [
        Row(1, "smart-breaker", "17", 0, "-", "1-17"),
        Row(2, "meter-645", "12345678", 2400, "-", "12345678"),
        Row(2, "meter-645", "9", 0, "odd", "roof"),
    ]
    assert list(kept.rows()) == rows and len(ttu.archive()) == 3
    for words, named, said in (
        ((), {}, "say slot, profile and address"),
        ((1,), {}, "say slot, profile and address"),
        ((1, "a"), {}, "say slot, profile and address"),
        ((0, "a", 1), {}, "a slot is 1..6"),
        ((7, "a", 1), {}, "a slot is 1..6"),
        ((True, "a", 1), {}, "a slot is 1..6"),
        (("1", "a", 1), {}, "a slot is 1..6"),
        ((1, "", 1), {}, "'' is no word"),
        ((1, None, 1), {}, "None is no word"),
        ((1, "../../etc", 1), {}, "no word"),
        ((1, "a", ""), {}, "an address is"),
        ((1, "a", None), {}, "an address is"),
        ((1, "a", True), {}, "an address is"),
        ((1, "a", 1.5), {}, "an address is"),
        ((1, "a", b"17"), {}, "an address is"),
        ((1, "a", "1 7"), {}, "no word"),
        ((1, "a", "1" * 5000), {}, "no word"),
        ((1, "a", 5), {"baud": -1}, "a rate is"),
        ((1, "a", 5), {"baud": "9600"}, "a rate is"),
        ((1, "a", 5), {"baud": True}, "a rate is"),
        ((1, "a", 5), {"parity": 0}, "the parity is"),
        ((1, "a", 5), {"parity": "E"}, "the parity is"),
        ((1, "a", 5), {"name": "a b"}, "'a b' is no word"),
        ((1, "a", 5), {"name": None}, "None is no word"),
        ((1, "a", 5), {"names": "x"}, "use it as attach"),
        ((1, "a", 17), {"name": "x"}, "slot 1 has a device 17 already"),
        ((3, "a", 1), {"name": "roof"}, "a device roof already"),
    ):
        assert said in sentence(ttu.attach(*words, **named)), (words, named)
    for name in (None, 5, b"roof", ["roof"]):
        assert "say the name" in sentence(ttu.detach(name))
    assert "say the name" in sentence(ttu.detach())
    for name in ("", "rof", "x" * 5000, "\n"):
        assert "no device" in sentence(ttu.detach(name))
    assert list(kept.rows()) == rows
    assert "no longer" in sentence(ttu.detach("roof")) and list(kept.rows()) == rows[:2]
    for slot in (0, 7, "1", None, 1.0, True):
        assert "a slot is 1..6" in sentence(ttu.bus(slot))
    assert "slot 1 has no module" in sentence(ttu.bus()) and "slot 6" in sentence(ttu.bus(6))


def test_modules():
    terminal = Terminal()
    ttu.bind(terminal)
    assert ttu.module(2, "nodes").rows == [(2, "nodes")] and ttu.module(6).rows == [(6, "")]
    for words in ((), (0,), (7,), ("2",), (True,), (2, 3), (2, None)):
        assert "as in module(2" in sentence(ttu.module(*words)), words
    assert "slot 2 is told" in sentence(ttu.order(2, "at", "AT+CSQ"))
    assert terminal.ordered == (2, "at", ("AT+CSQ",))
    assert sentence(ttu.order()) == "slot 2: restart: done"
    for words in ((2,), (2, 5), (0, "restart"), ("2", "restart")):
        assert "as in order(2" in sentence(ttu.order(*words)), words


def test_misuse():
    terminal = Terminal()
    ttu.bind(terminal)
    for name in VERBS:
        verb = getattr(ttu, name)
        assert sentence(verb(*[1] * 9)) == "use it as " + verb.usage
        assert sentence(verb(nonsense=1)) == "use it as " + verb.usage
    for name in PLAIN:
        assert sentence(getattr(ttu, name)(1)).startswith("use it as")
    odd = (5, -1, 0, 1.5, None, True, [], {}, object(), "\n", "zzz", "*" * 999, "é")
    for value in odd:
        for name in ("events", "log", "help"):
            if (name, value) != ("events", 5):
                sentence(getattr(ttu, name)(value))
        if not (isinstance(value, str) and value[0] == "*"):
            sentence(ttu.points(value))
        if value is not None:
            sentence(ttu.config(value))
        sentence(ttu.config(value, 1))
        sentence(ttu.config("uplink.keepalive_s", value))
    assert terminal.config.pending() == []
    assert "did you mean 'uplink.port'?" in sentence(ttu.config("uplink.prt"))
    assert "1..65535, not 70000" in sentence(ttu.config("uplink.port", 70000))
    assert "1..128" in sentence(ttu.events(129))
    assert "debug, info, warn, error" in sentence(ttu.log("loud"))
    assert "EIO" in sentence(ttu.devices())
    terminal.slot_bytes = 10**9
    assert "memory" in sentence(ttu.slots())
    assert "no verb 'nosuch'" in sentence(ttu.nosuch("a", b=1))
    assert "no verb 'nosuch'" in sentence(ttu.nosuch)
    assert not hasattr(ttu, "_nothing")


def test_full_flash():
    """What flash refuses is a sentence, too, and the trial goes on."""
    terminal = Terminal()
    ttu.bind(terminal)
    ttu.config("uplink.port", 5)
    terminal.config._twin.limit = 10
    assert "holds 10 bytes" in sentence(ttu.commit())
    assert len(terminal.config.pending()) == 1


def test_matches():
    for pattern, text, fits in (
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("?", "", False),
        ("a*c", "abbc", True),
        ("a*c", "abcd", False),
        ("*.u?", "meter.ua", True),
        ("*.u?", "meter.u", False),
        ("*a*b*", "xxaxxbxx", True),
        ("*a*b", "abab", True),
        ("**", "ab", True),
        ("a?*", "a", False),
        ("*" * 30 + "b", "a" * 60, False),
    ):
        assert matches(pattern, text) == fits, (pattern, text)


test_table()
test_unbound()
test_import()
test_read()
test_config()
test_log()
test_devices_on_buses()
test_modules()
test_misuse()
test_full_flash()
test_matches()
print("OK")
