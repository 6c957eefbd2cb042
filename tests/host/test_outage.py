"""`make outage`: the bars on a short run, the same numbers for the same seed, defects do not pass,
and the bench's own parts: its broker is strict, its line cuts where it is told."""

import pytest

from tools.outage import __main__ as program
from tools.outage import faults
from tools.outage.broker import Broker, packed
from tools.outage.wire import Wire
from tools.virtual.time import Time


def silent(text):
    pass


def bench(*words):
    return program.bench(program.parse(list(words)), silent)


def test_all_bars_are_met():
    result = bench("--hours", "0.4", "--seed", "17")
    assert program.missed(result) == []
    # it was put to the test
    assert result["items"] > 400 and len(result["faults"]) >= 4 and result["faults"]["away"]
    assert result["live_share_pct"] and result["duplicated_declared"]


def test_two_links():
    result = bench("--hours", "0.8", "--links", "--seed", "3")
    assert program.missed(result) == []
    assert result["failover_s"] and result["return_s"] and result["switches"] >= 2


def test_same_seed_same_numbers():
    words = ("--hours", "0.1", "--kind", "unsent", "--seed", "5")
    assert bench(*words) == bench(*words)


@pytest.mark.parametrize(
    ("plant", "kind", "key"),
    [
        (1, "lies", "lost"),
        (2, "reboot", "lost"),
        (3, "resets", "duplicated_undeclared"),
        (4, "headend_away", "lost"),
        (5, "headend_away", "lost"),
    ],
)
def test_defects_are_caught(plant, kind, key):
    words = ("--hours", "0.1", "--kind", kind, "--seed", "3")
    result = bench(*words, "--plant", str(plant))
    assert any(text.startswith(key) for text in program.missed(result)), result


def test_what_does_not_fit_is_told():
    result = bench("--hours", "0.3", "--ring", "64", "--seed", "1")
    assert result["overtaken"] > 20 and result["lost"] == 0


@pytest.mark.parametrize("words", [["--hours", "0"], ["--ring", "0"], ["--kind", "war"]])
def test_wrong_words_are_one_sentence(words):
    with pytest.raises(SystemExit) as end:
        program.parse(words)
    assert "\n" not in str(end.value)


def test_every_fault_comes():
    import random

    drawn = faults.draw(4, random.Random(1))
    assert {fault for _, _, fault in drawn} == set(faults.SHORT)
    away = [(at, at + last) for at, last, fault in drawn if last > 3600]
    assert len(away) == 1
    for at, last, _ in drawn:
        assert at + last <= away[0][0] or at >= away[0][1] or (at, at + last) == away[0]


class Line:
    """A wire to a broker, and what came back over it."""

    def __init__(self):
        self.time = Time()
        self.heard = []
        self.got = []
        self.broker = Broker(self.time, lambda topic, payload: self.got.append((topic, payload)))
        self.wire = Wire(
            self.time, lambda: (1000, 0.01), self.heard.append, lambda w: self.broker.session(w, 1)
        )

    def say(self, data):
        self.wire.written(data)
        self.time.run(self.time.us + 60_000_000, lambda: False)

    def bytes(self):
        return bytes.fromhex("".join(word[1:] for word in self.heard if word[0] == "d"))


HELLO = packed(1, 0, b"\0\4MQTT\4\2\0\x1e\0\3st1")
EVENT = packed(3, 2, b"\0\1t\0\5body")


def test_the_broker_answers():
    line = Line()
    line.say(HELLO + EVENT + packed(8, 2, b"\0\6\0\1a\1") + packed(12, 0, b""))
    assert line.bytes() == b"\x20\2\0\0\x40\2\0\5\x90\3\0\6\1\xd0\0"
    assert line.got == [("t", b"body")]
    line.broker.publish("a", b"!")
    line.broker.publish("b", b"!")
    line.say(b"")
    assert line.bytes().endswith(b"\xd0\0\x32\6\0\1a\0\1!")
    line.say(packed(4, 0, b"\0\1"))
    assert line.broker.complaints == []


@pytest.mark.parametrize(
    "data",
    [
        EVENT,  # before CONNECT
        HELLO + HELLO,
        packed(1, 0, b"\0\4MQTT\5\2\0\x1e\0\3st1"),
        packed(1, 0, b"\0\4MQTT\4\2\0\x1e\0\3st1x"),
        HELLO + packed(3, 0, b"\0\1tbody"),  # QoS 0
        HELLO + packed(3, 2, b"\0\1t\0\0body"),  # packet id 0
        HELLO + packed(3, 2, b"\0\x99t"),
        HELLO + packed(8, 0, b"\0\6\0\1a\1"),
        HELLO + packed(4, 0, b"\0\1"),
        HELLO + packed(7, 0, b""),
    ],
)
def test_the_broker_is_strict(data):
    line = Line()
    line.say(data)
    assert len(line.broker.complaints) == 1 and not line.wire.is_open


@pytest.mark.parametrize("at", [1, 2, 11, 16, 17, 18, 27])
def test_the_line_is_cut_at_any_byte(at):
    line = Line()
    line.wire.up.cut_at = at
    line.say(HELLO + EVENT)
    assert line.heard[-1] == "r" and line.wire.up.bytes == at
    assert line.got == ([("t", b"body")] if at >= len(HELLO + EVENT) else [])
