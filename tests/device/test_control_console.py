"""The verbs of control over the real door: a person selects, executes, cancels, interlocks;
every wrong use and every refusal is one sentence."""

import gc

from flash import formatted

from firmware.config.interlocks import Interlocks
from firmware.console import ttu
from firmware.console.table import Note, Table
from firmware.control.book import Book
from firmware.controlling import Control
from firmware.core.clock import Clock
from firmware.core.operation import ACTIONS, DONE
from firmware.core.twin import Twin
from firmware.points.table import Points

Q1, Q2 = "control-4.q1", "control-4.q2"


class Driver:
    """Two switches of which only the positions are known."""

    def __init__(self):
        self.positions = {Q1: "closed", Q2: "open"}

    def outputs(self):
        return ((Q1, ACTIONS), (Q2, ACTIONS))

    def position(self, name):
        return self.positions[name]

    def objection(self, name, action, is_remote):
        return "the plate hangs" if self.positions[name] == "plate" else ""


class Slot:
    number = 4

    def __init__(self):
        self.driver = Driver()


class Terminal:
    def __init__(self, fs):
        self.us = 0
        self.events = []
        self.slot = Slot()
        self.points = Points(16)
        self.block = self.points.add("control-4", (("q1", "", 0), ("q2", "", 0)))
        self.points.put(self.block.base + 1, 1, 0, 5)
        settings = {"select_s": 30, "remote": False, "guarantee": False}
        self.wired = Control(
            Clock(lambda: self.us, lambda a, b: a - b, lambda: 0),
            lambda: (self.slot,),
            settings.get,
            self.points,
            lambda name, device, text: self.events.append(name),
            Book(Twin("/control.a", "/control.b", 1024, fs)),
            Interlocks(Twin("/interlocks.a", "/interlocks.b", 4096, fs)),
        )
        self.wired.door.begin()
        self.control = self.wired.desk


def note(got):
    assert isinstance(got, Note), got
    text = repr(got)
    assert 8 < len(text) < 200 and "\n" not in text, text
    return text


def test_an_operation(t):
    assert ttu.control()[0] == (Q1, "closed", "-", "-") and len(ttu.control()) == 2
    assert "nothing is selected" in repr(ttu.control())
    assert "execute() does it" in note(ttu.select(Q1, "open"))
    t.us += 4000000
    assert "is selected by console for 26 s more" in repr(ttu.control())
    assert "under way" in note(ttu.execute())
    assert "under way" in repr(ttu.control())
    assert "is being operated" in note(ttu.select(Q2, "close"))
    t.wired.door.finish(DONE, "q1 is open after 120 ms")
    assert "last: control-4.q1 open by console: q1 is open" in repr(ttu.control())
    assert t.events == ["CONTROL_SELECTED", "CONTROL_REFUSED", "CONTROL_OPERATED"]


def test_what_is_given_up(t):
    ttu.select(Q2, "close")
    assert "no longer selected" in note(ttu.cancel())
    assert "nothing is selected" in note(ttu.cancel())
    assert "select() comes first" in note(ttu.execute())
    ttu.select(Q2, "close")
    t.us += 30000000
    assert "select() comes first" in note(ttu.execute())
    t.wired.door.select(Q2, "close", "console-web", 1)
    assert "selected by console-web" in note(ttu.select(Q1, "open"))
    assert "selected by console-web" in note(ttu.execute())  # another's is not mine
    t.wired.door.cancel("console-web", 2)


def test_wrong_use(t):
    for verb, words in (
        (ttu.control, ("x",)),
        (ttu.control, (1, 2)),
        (ttu.select, ()),
        (ttu.select, (Q1,)),
        (ttu.select, (Q1, "trip")),
        (ttu.select, (Q1, 5)),
        (ttu.select, ("control-9.q1", "open")),
        (ttu.select, (None, None)),
        (ttu.execute, (1,)),
        (ttu.cancel, (1,)),
        (ttu.interlock, ("x",)),
        (ttu.interlock, ("remove",)),
        (ttu.interlock, ("remove", 7)),
        (ttu.interlock, (Q1, "close", Q2, "is", 1)),
        (ttu.interlock, (Q1, "close", "q2", "=", 1)),
        (ttu.interlock, (Q1, "close", Q2, "=", "one")),
        (ttu.interlock, (1, 2, 3, 4, 5)),
    ):
        note(verb(*words))
    t.slot.driver.positions[Q1] = "plate"
    assert "the plate hangs" in note(ttu.select(Q1, "open"))
    assert "the plate hangs" in repr(ttu.control())
    t.slot.driver = None
    assert len(ttu.control()) == 0 and "no output" in note(ttu.select(Q1, "open"))
    t.slot.driver = Driver()


def test_interlocks(t):
    assert len(ttu.interlock()) == 0
    said = note(ttu.interlock(Q1, "close", Q2, "=", 2))
    assert said == "only while control-4.q2 = 2: control-4.q1 close"
    assert ttu.interlock()[0] == (1, Q1, "close", Q2, "=", "2")
    assert "control-4.q2 = 2 is wanted, and it is not so" in note(ttu.select(Q1, "close"))
    assert "is wanted" in ttu.control()[0][2] and ttu.control()[0][3] == "-"
    t.points.put(t.block.base + 1, 2, 0, 5)
    assert "is selected" in note(ttu.select(Q1, "close"))
    t.points.mark(t.block, 0x40)
    assert "not known now" in note(ttu.execute())
    assert "removed" in note(ttu.interlock("remove", 1)) and len(ttu.interlock()) == 0
    assert "all the interlocks" in note(ttu.interlock("keep"))
    assert "accepted" in note(ttu.control("mend"))


for _test in (test_an_operation, test_what_is_given_up, test_wrong_use, test_interlocks):
    ttu.bind(None)  # the heap does not hold two
    gc.collect()
    _terminal = Terminal(formatted()[1])
    ttu.bind(_terminal)
    assert isinstance(ttu.control(), Table)
    _test(_terminal)
    _terminal = None
ttu.bind(None)
print("OK")
