"""The search against independent devices on a PTY: answers that collide become noise there."""

import json
import os
import subprocess

import pytest
from conftest import ROOT

from tools.station.bus import Bus
from tools.station.devices.kinds import KINDS
from tools.station.wire import Wire

SCRIPT = ROOT / "tests" / "host" / "search_terminal.py"
METERS = ("000000000001", "000000990001", "000000000002", "123456789012")
SERVERS = ("000000000010", "202600000777")
UNITS = ("1", "2", "100", "247")


def search(micropython, kinds, *wish, reply_ms=30):
    """(addresses found, problems, probes) on a bus of [(kind, address)]."""
    devices = [KINDS[kind](address, baud=9600) for kind, address in kinds]
    bus = Bus(Wire(115200), devices, reply_ms=1)
    bus.command({"do": "hold"})
    bus.start()
    job = {"path": bus.wire.path, "wish": wish, "reply_ms": reply_ms}
    env = dict(os.environ, MICROPYPATH=f"{ROOT}:{ROOT}/tests/host:.frozen")
    env["SEARCH_JOB"] = json.dumps(job)
    words = [*micropython, "-X", "heapsize=256k", str(SCRIPT)]
    try:
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60)
    finally:
        bus.close()
    assert done.returncode == 0, done.stdout + done.stderr
    found, problems, probes = json.loads(done.stdout)
    return sorted(row[0] for row in found), problems, probes


@pytest.mark.parametrize(
    ("protocol", "kind", "addresses"),
    [("dlt645", "meter-645", METERS), ("dlt698", "meter-698", SERVERS)],
)
def test_meters_are_found(micropython, protocol, kind, addresses):
    # the others on the bus speak other protocols and must neither be found nor disturb
    others = [("smart-breaker", "7"), ("meter-645", "000000000055"), ("meter-698", "000000000066")]
    others = [one for one in others if one[0] != kind]
    there = [(kind, address) for address in addresses] + others
    found, problems, probes = search(micropython, there, protocol, (115200,))
    assert found == sorted(addresses) and problems == []
    assert 100 < probes < 400


def test_units_are_found(micropython):
    there = [("smart-breaker", "1"), ("pv-inverter", "2"), ("surge-protector", "100")]
    there += [("temperature-humidity", "247"), ("meter-645", "000000000055")]
    found, problems, probes = search(micropython, there, "modbus", (115200,), reply_ms=40)
    assert found == sorted(UNITS) and problems == [] and probes == 247


def test_nobody(micropython):
    assert search(micropython, [], "dlt645", (115200,)) == ([], [], 2)
