"""The supply of the terminal fails: what is told before it dies, after it is back, and what is not
told when only the link is lost."""

import time

import pytest
from rig import rig

pytestmark = pytest.mark.alone
OFFLINE = {"state": "offline"}


@pytest.fixture
def bench():
    with rig(meters=1, settings=[("rs485.data_s", 2), ("supply.hold_s", 3)]) as bench:
        yield bench


def supply(bench, good):
    assert bench.station.ask("bay", do="supply", good=good)["ok"]


def events(bench, name):
    return [e for e in bench.listener.events if e["event"] == name]


def test_an_outage(bench):
    """Told before the terminal dies a second later; what it was is told when it is back."""
    bench.wait_mode(3)
    energy = bench.wait("energy", lambda: bench.listener.values("meter").get("ep"))
    boot = bench.wait("start", lambda: bench.event("BOOT"))["boot"]
    began = time.time()
    supply(bench, 0)
    failed = bench.wait("the last gasp", lambda: bench.event("SUPPLY_FAILED"), 1)
    assert time.time() - began < 1
    assert abs(failed["stamp_ms"] - began * 1000) < 1500  # in lockstep time stands at times
    bench.station.board.stop()  # as by a cut: it is killed
    bench.wait("the will", lambda: bench.listener.status == OFFLINE)
    time.sleep(2)
    supply(bench, 1)
    bench.listener.events, bench.listener.newest = [], {}
    bench.station.board.start()
    on = bench.wait("back", lambda: bench.event("STATION_ON"))
    (off,) = events(bench, "STATION_OFF")
    assert abs(off["stamp_ms"] - failed["stamp_ms"]) <= 1 and "line of the supply" in off["text"]
    span = int(on["text"].split("off for ")[1].removesuffix(" ms"))
    # two seconds and a start are sure; how much the start took is the machine's matter
    assert 1000 < span < 1000 * (time.time() - began) + 1500
    assert abs(on["stamp_ms"] - off["stamp_ms"] - span) < 1000
    assert on["boot"] == boot + 1
    after = bench.wait("energy", lambda: bench.listener.values("meter").get("ep"))
    assert after >= energy
    # nobody acknowledged the last gasp: it may come once more, the same one
    again = events(bench, "SUPPLY_FAILED") + events(bench, "SUPPLY_BACK")
    assert all((e["boot"], e["seq"]) == (boot, failed["seq"]) for e in again)


def test_a_supply_that_comes_back(bench):
    """Life goes on; a dip is no event; a lost link is told by the will alone."""
    bench.wait_mode(3)
    bench.wait("a reading", lambda: bench.terminal("meters_read") == 1)
    supply(bench, 0)
    bench.wait("failed", lambda: bench.event("SUPPLY_FAILED"))
    time.sleep(1.5)
    supply(bench, 1)
    back = bench.wait("back", lambda: bench.event("SUPPLY_BACK"))
    assert "attempts" in back["text"]
    # a dip shorter than supply.short_ms
    supply(bench, 0)
    supply(bench, 1)
    bench.station.broker.kill()
    time.sleep(1)
    bench.station.broker.start()
    bench.wait("up again", lambda: bench.event("UPLINK_UP") or bench.terminal("uptime"), 60)
    assert len({e["seq"] for e in events(bench, "SUPPLY_FAILED")}) == 1
    assert not events(bench, "STATION_OFF")
