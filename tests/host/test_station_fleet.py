"""Devices of three protocols and two speeds on one RS-485 bus, read and watched by the terminal on
its virtual board: what arrives at the broker is what they hold, and alarms arrive soon."""

import json

import pytest
from rig import rig

from tools.station.devices.kinds import KINDS

pytestmark = pytest.mark.alone

SETTINGS = [
    ("rs485.key_s", 3),
    ("rs485.alarm_s", 6),
    ("rs485.data_s", 9),
]  # a bus with room to spare
POWERS = {}  # (kind, item): power of ten, from the profiles


@pytest.fixture(scope="module")
def bench():
    with rig(devices=9, seed=2, settings=SETTINGS) as bench:
        yield bench


def power(kind, item):
    if kind not in POWERS:
        with open(f"firmware/devices/profiles/{kind}.json") as file:
            POWERS[kind] = {point[0]: point[2] for point in json.load(file)["points"]}
    return POWERS[kind].get(item)


def devices(bench):
    return bench.station.ask("meters", do="truth")["meters"]


def test_every_device_carries_its_own_values(bench):
    assert bench.station.ask("meters", do="hold", on=True)["ok"]
    fleet = devices(bench)
    assert {one["protocol"] for one in fleet.values()} == {"dlt645", "dlt698", "modbus"}
    assert len({one["baud"] for one in fleet.values()}) > 1
    for one in fleet.values():
        wanted = {
            item: value * 10 ** power(one["kind"], item)
            for item, value in one["values"].items()
            if power(one["kind"], item) is not None
        }
        assert wanted
        bench.wait(
            f"{one['name']} {wanted}",
            lambda one=one, wanted=wanted: (
                {k: bench.listener.values(one["name"]).get(k) for k in wanted}
                == {k: pytest.approx(v, rel=1e-9, abs=1e-9) for k, v in wanted.items()}
            ),
            60,
        )


def test_a_key_alarm_is_an_event(bench):
    address, one = next((a, d) for a, d in devices(bench).items() if KINDS[d["kind"]].is_key)
    assert bench.station.ask("meters", do="alarm", meter=address, on=True)["ok"]
    bench.wait(
        "the alarm",
        lambda: [
            e
            for e in bench.listener.events
            if e["event"] == "STATE" and e["device"] == one["name"] and "state" in e["text"]
        ],
        10,
    )


def test_a_dead_device_is_told_and_harms_nobody(bench):
    fleet = devices(bench)
    address, dead = next((a, d) for a, d in fleet.items() if d["kind"] == "meter-645")
    assert bench.station.ask("meters", do="fault", name="dead", meter=address)["ok"]
    bench.wait(
        "the loss",
        lambda: [
            e
            for e in bench.listener.events
            if e["event"] == "DEVICE_LOST" and e["device"] == dead["name"]
        ],
        60,
    )
    shown = bench.verb("ttu.bus(1)")
    assert "1 are silent" in shown and "silent" in line_of(shown, dead["name"]), shown
    assert bench.terminal("meters_failed") in (0, 1)  # told once a second
    bench.wait("no value", lambda: bench.listener.values(dead["name"]).get("ep") is None)
    asked = {a: d["requests"] for a, d in devices(bench).items()}
    bench.wait(
        "everybody else is read",
        lambda: all(d["requests"] > asked[a] for a, d in devices(bench).items() if a != address),
        60,
    )
    assert bench.station.ask("meters", do="clear")["ok"]
    bench.wait("its return", lambda: bench.event("DEVICE_BACK"), 60)


def line_of(text, word):
    return next(line for line in text.splitlines() if word in line)
