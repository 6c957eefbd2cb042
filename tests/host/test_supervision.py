"""Defects typed at a running terminal's prompt. What hangs is reset within 30 s and metered again
within 10, the next boot says why; the eighth reset in an hour ends in safe mode, with the uplink
over the 4G module, and safe mode ends by itself. Real time: the bounds are those and no tighter.
"""

import json

import pytest
from rig import Rig

from tools.station.station import Plan, Station

_RESET_S = 30
_METERS_S = 10
_EARLIER = 4  # resets that nobody meant, on flash before the first boot
_REACH = "t = ttu._verbs.terminal.t"

BUSY = "while True: pass\r"  # a block ends with an empty line
HUNG_TASK = "t.billing.settle = lambda *_: False"
STUCK_FLASH = "import flash, time; flash.Flash._check = lambda *_: time.sleep(99); t.keeper.stop()"
SOON = "t.supervisor.watchdog._watched['billing'].deadline_ms = 1000"  # 6 s, to save time
FED = "t.supervisor.watchdog.check = lambda: t.supervisor.watchdog._feed() or ()"  # the plant


def earlier():
    """A record of boots that were not meant, for the flash."""
    record = {"v": 1, "boots": 9, "counts": {"watchdog": _EARLIER}, "ran": 0, "end": ""}
    record.update(recent=[[0, 0, "watchdog", 0]] * _EARLIER, safe="", level=0, good=0)
    twin = "from firmware.core.twin import Twin\nTwin('/boots.a', '/boots.b', 2048)"
    return f"{twin}.save({json.dumps(record)!r}.encode())\n"


class Person(Rig):
    def begin(self):
        """At the prompt of a terminal that has just started: it meters within the bound."""
        self.console.until("ttu> ", _METERS_S)
        self.verb(_REACH)
        self.wait("metering", lambda: self.verb("t.vitals.first_window_ms") != "0", _METERS_S)

    def again(self, line, cause, bound_s=_RESET_S):
        """What health() says after the reset that `line` leads to."""
        after = len(self.station.board.events)
        self.console.type(line + "\r")
        is_reset = self.station.board.wait_for("boot", bound_s, after, cause=cause)
        assert is_reset, f"{line}: no {cause} within {bound_s} s"
        self.begin()
        return self.health()

    def health(self):
        """The table in one line, a blank between two words."""
        return " ".join(self.verb("ttu.health()").split())


@pytest.fixture(scope="module")
def person():
    plan = Plan(meters=1, pace="lockstep", broker="amqtt")
    plan.modules = ("1=rs485", "3=cellular")
    plan.via = "cellular"
    plan.settings = (("wdt.timeout_ms", 1000),)
    plan.script = earlier()
    with Station(plan) as station:
        person = Person(station)
        try:
            person.begin()
            yield person
        finally:
            person.close()


def test_hangs_resets_safe_mode_and_out_of_it(person):
    said = person.health()
    assert "power-on, boot 10" in said and "safe mode no" in said, said
    said = person.again(BUSY, "WDT_RESET")
    assert "watchdog, boot 11" in said and "power-on 1, watchdog 5" in said, said

    # planted: fed whoever is late, the hung task stays unnoticed; then it is not
    person.verb(FED)
    person.verb(SOON)
    with pytest.raises(AssertionError, match="no WDT_RESET within 3 s"):
        person.again(HUNG_TASK, "WDT_RESET", 3)
    person.console.until("ttu> ", 5)
    said = person.again("del t.supervisor.watchdog.check", "WDT_RESET")
    assert "watchdog, late: billing, no report within 6000 ms, boot 12" in said, said
    assert "safe mode no" in said

    said = person.again(STUCK_FLASH, "WDT_RESET")
    assert "safe mode too many resets in an hour; left in 60 min" in said, said
    assert "watchdog, boot 13" in said and "unmeant in an hour 8" in said
    person.wait("the way out", lambda: person.terminal("safe_mode") == 1)
    person.wait("the event", lambda: person.event("SAFE_MODE", "too many resets"))
    slots = person.verb("ttu.slots()").splitlines()
    assert "safe mode" in slots[1] and "ready" in slots[3] and "cellular" in slots[3], slots
    assert "safe mode" in person.verb("ttu.search(1)")

    said = person.again("t.config._set['safe.stable_min'] = 0", "SOFT_RESET")
    assert "safe mode no" in said and "unmeant in an hour 0" in said, said
    person.wait("the bay", lambda: person.verb("ttu.slots()").count("ready") == 2)
    assert person.event("SAFE_LEFT")
