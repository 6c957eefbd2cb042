"""The front door of control: who may move what, once; numbers and the operation under way survive
a power cut at every flash operation. In virtual time, without a module."""

from flash import each_cut, formatted

from firmware.control.book import LIMIT, Book
from firmware.control.door import Door, Key
from firmware.core.clock import Clock
from firmware.core.errors import ControlError, StoreError
from firmware.core.operation import ACTIONS, DONE
from firmware.core.twin import Twin

Q1, Q2 = "control-4.q1", "control-4.q2"


class Place:
    actions = ACTIONS
    text = ""

    def objection(self, action, is_remote):
        return self.text if is_remote else ""


class World:
    def __init__(self, fs=None):
        self.fs = fs or formatted()[1]
        self.us = 0
        self.utc = 1790000000000
        self.events = []
        self.settings = {"select_s": 10, "remote": True, "guarantee": False}
        self.place = Place()
        self.rule = ""
        self.boot()

    def boot(self):
        clock = Clock(lambda: self.us, lambda a, b: a - b, lambda: self.utc)
        self.book = Book(Twin("/control.a", "/control.b", LIMIT, self.fs))
        self.door = Door(
            clock,
            self.book,
            lambda output: self.place if output in (Q1, Q2) else None,
            self.settings.get,
            lambda output, action: self.rule,
            lambda name, device, text: self.events.append((name, device, text)),
        )
        self.events = []
        self.door.begin()

    def wait(self, ms):
        self.us += 1000 * ms

    def take(self):
        """Names of the events since."""
        names, self.events = [event[0] for event in self.events], []
        return names

    def why(self, call, *args):
        """The reason of a refusal, which is an event of one sentence."""
        self.events = []
        try:
            call(*args)
        except ControlError as refusal:
            name, _, text = self.events[-1]
            assert name == "CONTROL_REFUSED" and str(refusal) in text and "\n" not in text, text
            return refusal.reason
        raise AssertionError("%s was accepted" % (args,))


def test_select_execute_finish():
    w = World()
    door = w.door
    ticket = door.select(Q1, "open", "console", 5)
    assert w.take() == ["CONTROL_SELECTED"] and ticket[:4] == (Q1, "open", "console", 5)
    w.wait(9999)
    operation = door.execute(Q1, "open", "console", 6, 5)
    assert door.selection is None and w.book.under_way == (Q1, "open", "console")
    # the key opens this, once, and no other does
    assert not door.redeem(Key(Q1, "open"), Q1, "open") and not door.redeem(None, Q1, "open")
    assert not door.redeem(operation.key, Q1, "close")
    assert not door.redeem(operation.key, Q2, "open")
    assert door.redeem(operation.key, Q1, "open") and not door.redeem(operation.key, Q1, "open")
    for reason, call, args in (
        ("busy", door.select, (Q2, "open", "console", 7)),
        ("unselected", door.execute, (Q1, "open", "console", 7, 5)),
    ):
        assert w.why(call, *args) == reason
    w.take()
    door.finish(DONE, "it is open")
    assert w.take() == ["CONTROL_OPERATED"] and w.book.under_way is None
    assert door.last is operation and str(operation).endswith("by console: it is open")
    assert not door.redeem(operation.key, Q1, "open")


def test_what_is_refused():
    w = World()
    select, execute, cancel = w.door.select, w.door.execute, w.door.cancel
    assert w.why(execute, Q1, "open", "a", 1, 0) == "unselected"
    assert w.why(cancel, "a", 1) == "unselected"
    for number in (0, -1, "5", None, 1.0, True, 1 << 53):
        assert w.why(select, Q1, "open", "a", number) == "form"
    for name in ("", "two words", "x" * 33, None, 5, "\n", b"a"):
        assert w.why(select, Q1, "open", name, 1) == "form"
    for output in ("control-4.q3", "", None, 7, "x" * 100):
        assert w.why(select, output, "open", "a", 1) == "output"
    for action in ("trip", "", None, 1):
        assert w.why(select, Q1, action, "a", 1) == "action"
    # a refusal changes nothing: the same number is good now
    ticket = select(Q1, "open", "a", 1)
    assert w.why(select, Q2, "close", "b", 1) == "busy"
    assert w.why(select, Q1, "open", "a", 2) == "busy"
    assert w.why(execute, Q1, "open", "b", 1, 1) == "originator"
    assert w.why(cancel, "b", 1) == "originator"
    assert w.why(execute, Q1, "open", "a", 1, 1) == "number"
    assert w.door.selection is ticket
    # but the holder has one try
    assert w.why(execute, Q1, "close", "a", 2, 1) == "other"
    assert w.why(execute, Q1, "open", "a", 2, 1) == "unselected"
    select(Q1, "open", "a", 3)
    assert w.why(execute, Q2, "open", "a", 4, 3) == "other"
    select(Q1, "open", "a", 4)
    assert w.why(execute, Q1, "open", "a", 5, 3) == "other"  # of an earlier selection


def test_a_selection_runs_out_on_the_monotonic_clock():
    w = World()
    w.door.select(Q1, "open", "a", 1)
    w.utc -= 86400000  # the clock is set back
    w.wait(9999)
    w.door.look()
    assert w.door.selection and w.door.wait_ms() == 1
    w.wait(1)
    assert w.why(w.door.execute, Q1, "open", "a", 2, 1) == "late"
    assert w.why(w.door.execute, Q1, "open", "b", 2, 1) == "unselected"
    w.door.select(Q1, "open", "a", 2)
    w.take()
    w.wait(10000)
    w.door.look()
    assert w.take() == ["CONTROL_CANCELLED"] and w.door.wait_ms() == 60000
    w.door.select(Q1, "open", "a", 3)
    assert w.door.cancel("a", 4).output == Q1
    assert w.why(w.door.execute, Q1, "open", "a", 5, 3) == "unselected"


def test_flags_hold_at_both_steps():
    """The whole table: each flag, both actions, local and remote, before and after selecting."""
    for flag in ("remote", "guarantee", "module", "rule"):
        for action in ACTIONS:
            for who in ("console", "console-2", "uplink", "cons"):
                is_remote = not who.startswith("console")
                forbids = {
                    "remote": is_remote,
                    "guarantee": action == "open",
                    "module": is_remote,
                    "rule": True,
                }[flag]
                for is_early in (True, False):
                    w = World()
                    if not is_early:
                        w.door.select(Q1, action, who, 1)
                    w.settings["remote"] = flag != "remote"
                    w.settings["guarantee"] = flag == "guarantee"
                    w.place.text = "the key is off" if flag == "module" else ""
                    w.rule = "q2 is wanted" if flag == "rule" else ""
                    reason = {"rule": "interlock"}.get(flag, flag)
                    if not is_early:
                        args = (w.door.execute, Q1, action, who, 2, 1)
                    else:
                        args = (w.door.select, Q1, action, who, 1)
                    if forbids:
                        assert w.why(*args) == reason, (flag, action, who, is_early)
                        assert w.door.operation is None
                    else:
                        args[0](*args[1:])


def test_numbers_are_good_once():
    w = World()
    w.door.select(Q1, "open", "a", 10)
    w.door.execute(Q1, "open", "a", 11, 10)
    w.door.finish(DONE, "ok")
    for _ in range(2):
        for number in (1, 10, 11):
            assert w.why(w.door.select, Q1, "open", "a", number) == "number"
        w.boot()  # and nothing is told of it
        assert w.take() == []
    w.door.select(Q1, "close", "a", 12)
    w.boot()
    assert w.door.selection is None
    assert w.why(w.door.select, Q1, "close", "a", 12) == "number"
    # what was refused is old, too, once a later request was accepted: also a cancel
    w.door.select(Q1, "close", "a", 13)
    assert w.why(w.door.select, Q2, "close", "a", 14) == "busy"
    w.door.cancel("a", 15)
    for _ in range(2):
        assert w.why(w.door.select, Q2, "close", "a", 14) == "number"
        w.boot()
    assert w.door.next_number("a") == 16 and w.door.next_number("new") == 1
    for i in range(15):
        w.door.select(Q1, "close", "other-%d" % i, 1)
        w.door.cancel("other-%d" % i, 2)
    assert w.why(w.door.select, Q1, "close", "one-more", 1) == "full"


def test_what_was_under_way_is_told_once():
    w = World()
    w.door.select(Q2, "close", "a", 1)
    w.door.execute(Q2, "close", "a", 2, 1)
    w.boot()
    assert w.events[0][:2] == ("CONTROL_UNKNOWN", Q2) and w.door.operation is None
    w.boot()
    assert w.take() == []


def test_flash_that_refuses_moves_nothing():
    flash, fs = formatted()
    w = World(fs)
    ticket = w.door.select(Q1, "open", "a", 1)
    flash.arm(0, False)
    assert w.why(w.door.execute, Q1, "open", "a", 2, 1) == "store"
    assert w.door.operation is None and w.book.number("a") == 1
    w.door.selection = ticket  # as if it had not been tried
    w.take()
    assert w.door.cancel("a", 3) is ticket and w.door.selection is None
    assert w.take() == ["CONTROL_CANCELLED", "STORE_FAILED"]


def test_damaged_numbers_let_no_stranger_in():
    w = World()
    for number in (1, 3):
        w.door.select(Q1, "open", "a", number)
        w.door.cancel("a", number + 1)
    with w.fs.open("/control.b", "wb") as file:
        file.write(b"nothing")
    w.boot()
    assert w.take() == ["STORE_FAILED"]
    assert w.why(w.door.select, Q1, "open", "a", 9) == "damaged"
    w.door.select(Q1, "open", "console", 1)
    w.door.cancel("console", 2)
    w.door.mend()
    w.door.select(Q1, "open", "a", 9)
    w.boot()
    assert w.take() == []


def test_a_cut_at_every_flash_operation():
    """After it either nothing was under way, or it is told; the number is good at most once."""
    first = World()
    first.door.select(Q1, "open", "a", 1)
    first.door.cancel("a", 2)
    image = formatted()
    with image[1].open("/control.a", "wb") as file, first.fs.open("/control.a", "rb") as old:
        file.write(old.read())
    image[1].umount()
    reached = []

    def operate(fs):
        reached[:] = []
        w = World(fs)
        w.door.select(Q1, "open", "a", 5)
        w.door.execute(Q1, "open", "a", 6, 5)
        reached.append(1)
        w.door.finish(DONE, "ok")
        if "STORE_FAILED" in w.take():
            raise StoreError("cut")

    for fs, is_done, _ in each_cut(bytes(image[0].bytes), operate):
        was_moved = bool(reached)
        w = World(fs)
        names = w.take()
        assert w.book.number("a") in (0, 1, 5, 6)
        if was_moved:  # it was on flash before
            assert w.book.number("a") == 6
            if not is_done:
                assert names in ([], ["CONTROL_UNKNOWN"])
        if is_done:
            assert names == []


for _name, _test in sorted(globals().items()):
    if _name.startswith("test_"):
        _test()
print("OK")
