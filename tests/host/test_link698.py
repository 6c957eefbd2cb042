"""The terminal's link to a DL/T 698.45 master, over TCP: the master speaks by an independent
codec, tells the truth or lies, and sets the clock."""

import calendar
import json
import socket
import subprocess
import sys
import time

import pytest
from conftest import ROOT
from dlt698 import _native as core

from tools.headend.master698 import Master

SCRIPT = ROOT / "tests" / "host" / "link698_terminal.py"
# nowhere near a quarter of an hour, beside which no step is made
WHEN = calendar.timegm((2026, 11, 30, 12, 5, 0))
ZONE_MIN = 480
HEAP = "512k"  # compiled sources among it, and a flash


@pytest.fixture
def link(run_script):
    masters = []

    def run(lie="", ahead_s=3.0, orders=(), is_cut=False, **options):
        away_s = WHEN - time.time()
        master = Master(0, offset_s=away_s, zone_min=ZONE_MIN, lie=lie, orders=orders)
        master.is_cut = is_cut
        masters.append(master)
        where = (f"127.0.0.1:{master.port}", int(away_s * 1e6), int(ahead_s * 1000))
        said = run_script(SCRIPT, *where, json.dumps(options), heap=HEAP, timeout=60)
        found = json.loads(said.splitlines()[-1])
        until = time.monotonic() + 10
        while master.ended < options.get("calls", 1) and time.monotonic() < until:
            time.sleep(0.01)  # it has read all then
        assert master.broken == 0, "frames that the independent decoder does not take"
        return found, master

    yield run
    for master in masters:
        master.close()


def unmoved(found):
    assert found["steps"] == found["offers"] == 0 and abs(found["error_us"] + 3e6) < 500_000
    return True


def test_the_clock_goes_to_the_masters_time(link):
    found, master = link(cfg={"master_s": 1}, answers=3)
    assert found["steps"] == 1 and abs(found["error_us"]) <= found["doubt_us"] < 10_000_000
    assert found["state"] == "synchronised" and found["offers"] == 3 and found["beat_s"] == 1
    assert {"CLOCK_SOURCE", "CLOCK_STEP", "CLOCK_STATE"} <= set(found["events"])
    kinds = [str(login.type).rpartition(".")[2] for login in master.logins]
    assert kinds == ["login"] + ["heartbeat"] * (len(kinds) - 2) + ["logout"] and len(kinds) >= 4
    assert [login.piid_acd for login in master.logins] == list(range(1, len(kinds) + 1))
    assert {login.heartbeat_seconds for login in master.logins} == {1}
    year, month, day, weekday = list(master.logins[0].requested_at.value)[1:5]
    assert (year, month, day, weekday) == (0xEA, 11, 30, 1)  # 2026: 07EA
    assert list(master.logins[0].requested_at.value)[5] == 20  # 12 in UTC


@pytest.mark.parametrize("lie", ["pieces", "garbage", "header", "twice"])
def test_what_a_network_may_do(link, lie):
    found, _ = link(lie, heard=2 if lie == "twice" else 1)
    assert found["steps"] == 1 and abs(found["error_us"]) <= found["doubt_us"]
    assert found["offers"] == 1 and found["strays"] == (lie == "twice")


def test_a_delay_is_told(link):
    found, _ = link("delay")
    assert abs(found["error_us"]) <= found["doubt_us"] and found["within_us"] > 350_000


def test_whole_seconds_are_told(link):
    found, _ = link("whole")
    assert (
        abs(found["error_us"] + found["left_us"]) <= found["doubt_us"]
        and found["within_us"] > 2_000_000
    )


@pytest.mark.parametrize(
    "lie, why",
    [
        ("untrusted", "does not trust its clock"),
        ("backwards", "before it was asked"),
        ("past", "lives in the past: 2001"),
        ("no date", "there is no 2026-02-31"),
    ],
)
def test_a_time_that_cannot_be_used(link, lie, why):
    """The link is held, and the question repeated soon."""
    found, _ = link(lie)
    assert unmoved(found) and why in found["row"] and found["beat_s"] == 16


@pytest.mark.parametrize("lie", ["echo", "number", "crc", "stranger", "half", "old", "silent"])
def test_no_answer_to_our_question(link, lie):
    found, master = link(lie, calls=2, wait_ms=300)
    assert unmoved(found) and found["pauses"] == [16, 32] and master.links == 2
    assert "was not answered" in found["errors"][0] and found["turns"] > 10


def test_silence_is_called_less_and_less(link):
    found, master = link("close", calls=8)
    assert unmoved(found) and found["pauses"] == [16, 32, 64, 128, 256, 300, 300, 300]
    assert master.links == 8 and "closed" in found["row"]


def test_who_answers_logins_alone(link):
    """That is no link: the pause grows."""
    found, master = link("deaf", calls=2, wait_ms=300, cfg={"master_s": 1})
    assert found["pauses"] == [16, 32] and master.links == 2 and len(master.logins) == 4


def test_a_flood_ends(link):
    found, _ = link("flood", calls=1, wait_ms=6000)
    assert unmoved(found) and "nonsense" in found["errors"][0] and found["turns"] > 20


def test_a_refusal(link):
    found, _ = link("refused", calls=1)
    assert unmoved(found) and "refuses the login: the terminal is not known" in found["row"]


def test_nobody_is_there(run_script):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = run_script(SCRIPT, f"127.0.0.1:{port}", 0, 0, '{"calls": 2}', heap=HEAP)
    found = json.loads(said.splitlines()[-1])
    assert found["pauses"] == [16, 32] and "there is no link" in found["errors"][0]


def dars(master):
    return [
        reply.attributes[0].dar for reply in master.replies if isinstance(reply, core.SetResponse)
    ] + [
        reply.methods[0].dar for reply in master.replies if isinstance(reply, core.ActionResponse)
    ]


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_master_sets_the_clock(link, is_cut):
    """Within what the terminal's clock may be off: at once. Its LINK answers say nothing here."""
    orders = [("connect",), ("get",), ("set", 60.0), ("get",)]
    found, master = link("untrusted", 0.0, orders, is_cut, served=4)
    kinds = [type(reply).__name__ for reply in master.replies]
    assert kinds == ["ConnectResponse", "GetResponse", "SetResponse", "GetResponse"]
    assert master.replies[0].result == 0 and dars(master) == [0]
    assert found["steps"] == 1 and abs(found["error_us"] - 60e6) < 1.5e6
    before, after = (
        reply.attributes[0].result for reply in (master.replies[1], master.replies[3])
    )
    assert [b - a for a, b in zip(before.as_date_time_s(), after.as_date_time_s())][5] == 1


def test_beyond_a_quarter_of_an_hour(link):
    for what in ("set", "call"):
        orders = [(what, 7200.0)]
        found, master = link("untrusted", 0.0, orders, served=1)
        assert dars(master) == [3] and found["steps"] == 0 and abs(found["error_us"]) < 500_000
        found, master = link("untrusted", 0.0, orders, served=1, cfg={"master": True})
        assert dars(master) == [0] and found["steps"] == 1
        assert abs(found["error_us"] - 7200e6) < 1.5e6 and "CLOCK_SET" in found["events"]


def test_beyond_the_doubt_it_is_said_three_times(link):
    found, master = link("untrusted", 0.0, [("set", 420.0)] * 3, served=3)
    assert dars(master) == [2, 2, 0] and found["steps"] == 1
    assert abs(found["error_us"] - 420e6) < 1.5e6


def test_anything_else_has_its_answer(link):
    oads = [core.Oad(oi=oi, attribute=a, index=0) for oi, a in ((0x2000, 2), (0x4000, 3))]
    orders = [
        core.encode_apdu(core.GetRequest(attributes=oads, list=True, piid=9)),
        core.encode_apdu(core.GetNextRequest(block=0, piid=10)),
        bytes.fromhex("0501"),
        core.encode_apdu(core.ReleaseRequest(piid=11)),
    ]
    found, master = link(orders=orders, served=4)
    got, unknown, broken, released = master.replies
    assert [one.result for one in got.attributes] == [6, 4]
    assert (unknown.type, broken.type) == (2, 1) and released.piid_acd == 11
    assert found["served"] == 4


def test_the_tool(run_script):
    """As a person runs it."""
    argv = [sys.executable, "-m", "tools.headend.master698", "--port", "0", "--set-s", "60"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as tool:
        try:
            port = int(tool.stdout.readline().rpartition(":")[2])
            where = (f"127.0.0.1:{port}", 0, 3000)
            options = '{"served": 4, "cfg": {"master": true}}'
            run_script(SCRIPT, *where, options, heap=HEAP)
            shown = [tool.stdout.readline() for _ in range(6)]
        finally:
            tool.terminate()
    assert "link from 127.0.0.1" in shown[0] and "login of 201605190907, each 300 s" in shown[1]
    assert "ConnectResponse" in shown[2] and "SetResponse: 860101400002000000" in shown[4]
