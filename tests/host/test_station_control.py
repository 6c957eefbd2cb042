"""Control on a running station: the emulated module in its slot and a breaker on the bus, operated by
a person at the console; what came of it reaches a foreign MQTT client."""

import pytest
from rig import rig

from tools.station.devices import fleet

DEVICES = 4
SETTINGS = (("control.travel_ms", 3000),)


@pytest.fixture(scope="module")
def bench():
    plan = {"pace": "real", "devices": DEVICES, "heap": "2M", "settings": SETTINGS}
    with rig(modules=("1=rs485", "4=control"), **plan) as running:
        yield running


def operate(bench, output, action):
    """The text of the event that says what came of it."""
    seen = len(bench.listener.events)
    assert "is selected" in bench.verb(f"ttu.select('{output}', '{action}')")
    assert "under way" in bench.verb("ttu.execute()")

    def ended():
        return [
            event
            for event in bench.listener.events[seen:]
            if event["event"] in ("CONTROL_OPERATED", "CONTROL_FAILED", "CONTROL_UNKNOWN")
        ]

    (event,) = bench.wait("an end", ended)
    assert event["device"] == output
    return f"{event['event']} {event['text']}"


def ready(bench, output):
    bench.wait("in service", lambda: output in bench.verb("ttu.control()"))


def test_a_switch_of_the_module(bench):
    ready(bench, "control-4.q1")
    assert "nothing is selected" in bench.verb("ttu.execute()")
    assert "CONTROL_OPERATED" in operate(bench, "control-4.q1", "open")
    assert "is open already" in bench.verb("ttu.select('control-4.q1', 'open')")
    assert "CONTROL_OPERATED" in operate(bench, "control-4.q1", "close")
    assert "no orders" in bench.verb(
        "ttu.order(4, 'operate', None, 'control-4.q1', 'open', False)"
    )
    assert bench.event("CONTROL_SELECTED") and bench.event("CONTROL_REFUSED")


def test_a_breaker_on_the_bus(bench):
    (devices,) = fleet.fleet(DEVICES, 1, 1)
    breaker = next(device for device in devices if device.kind == "smart-breaker")
    output = f"{breaker.name}.breaker"
    bench.wait("position known", lambda: "closed" in row(bench, output))
    assert "CONTROL_OPERATED" in operate(bench, output, "open")
    assert "open" in row(bench, output).split()[1]
    assert "CONTROL_OPERATED" in operate(bench, output, "close")


def row(bench, output):
    lines = bench.verb("ttu.control()").splitlines()
    return "".join(line for line in lines if line.startswith(output))
