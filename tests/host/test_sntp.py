"""The SNTP client against a server of the RFC that lies in the ways a network does."""

import json
import time

import pytest
from conftest import ROOT
from sntp_server import Server

SCRIPT = ROOT / "tests" / "host" / "sntp_terminal.py"
FLOOR = 1735689600  # 2025


@pytest.fixture
def ask(run_script):
    servers = []

    def run(lie="", count=1, offset=0.0, floor=FLOOR, doubted=0):
        server = Server(lie, offset)
        servers.append(server)
        said = run_script(SCRIPT, f"127.0.0.1:{server.port}", count, floor, doubted)
        return json.loads(said.splitlines()[-1]), server

    yield run
    for server in servers:
        server.close()


def test_a_good_answer(ask):
    found, server = ask(count=3, offset=12.5)
    assert found["outcomes"] == [True] * 3 and found["pauses"] == [1800] * 3
    for name, away_us, doubt_us in found["offers"]:
        assert name == "sntp" and abs(away_us - 12_500_000) <= doubt_us
        assert 15_000 < doubt_us < 500_000  # its root's 5 and 10 ms, and half the way
    nonces = {packet[40:48] for packet in server.requests}
    assert len(nonces) == 3 and all(len(packet) == 48 for packet in server.requests)
    for packet in server.requests:
        assert packet[0] == 0x23 and not any(packet[1:40]), "nothing is told of us"


def test_what_the_server_held_it_for_is_no_delay(ask):
    found, _ = ask("slow")
    ((_, away_us, doubt_us),) = found["offers"]
    assert abs(away_us) <= doubt_us < 200_000


def test_version_3(ask):
    assert ask("version3")[0]["outcomes"] == [True]


def test_a_spoofed_answer_is_not_taken(ask):
    found, _ = ask("spoofed")
    assert found["outcomes"] == [True] and found["strays"] == 4
    assert abs(found["offers"][0][1]) < 1_000_000


def test_a_flood_ends(ask):
    found, _ = ask("flood")
    assert found["outcomes"] == [False] and found["strays"] == 16


@pytest.mark.parametrize("lie", ["stranger", "late", "silent", "echo"])
def test_no_answer(ask, lie):
    found, _ = ask(lie, 2 if lie == "late" else 1)
    assert not any(found["outcomes"]) and found["offers"] == []
    assert "does not answer" in found["error"] and found["pauses"][0] == 16
    assert found["took_ms"] < 600 * len(found["outcomes"]) + 2000
    assert found["turns"] > 10, "others had their turn"


@pytest.mark.parametrize(
    "lie, why",
    [
        ("alarm", "not synchronised"),
        ("stratum16", "not synchronised"),
        ("far", "well enough"),
        ("no time", "well enough"),
        ("backwards", "before it was asked"),
        ("INIT", "the server says INIT"),
    ],
)
def test_an_answer_that_cannot_be_used(ask, lie, why):
    found, _ = ask(lie)
    assert found["outcomes"] == [False] and found["offers"] == [] and why in found["error"]


def test_kiss_of_death(ask):
    found, _ = ask("DENY")
    assert found["pauses"] == [86400] and found["offers"] == []
    assert ask("RSTR")[0]["pauses"] == [86400]
    found, _ = ask("RATE", 3)
    assert found["pauses"] == [3600, 7200, 14400] == sorted(found["pauses"])
    assert found["interval"] == 14400 and "RATE" in found["text"]


def test_silence_is_asked_less_and_less(ask):
    found, _ = ask("alarm", 12)
    assert found["pauses"][:5] == [16, 32, 64, 128, 256] and found["pauses"][-1] == 1800


def test_who_is_not_believed_is_asked_again_soon(ask):
    found, _ = ask(count=5, doubted=3)
    assert found["pauses"] == [16, 32, 64, 1800, 1800] and len(found["offers"]) == 5


def test_eras(ask):
    """2036 begins the second one, and 2100 lies in it."""
    for year in (2036.2, 2050.0, 2100.5, 2150.0):
        then = (year - 1970) * 365.2425 * 86400
        found, _ = ask(offset=then - time.time(), floor=int(then - 20 * 365 * 86400))
        away = found["offers"][0][1] / 1e6 + time.time() - then
        assert abs(away) < 30, (year, found)


def test_a_name_that_nobody_knows(run_script):
    said = run_script(SCRIPT, "nobody.invalid", 1, FLOOR)
    found = json.loads(said.splitlines()[-1])
    assert found["outcomes"] == [False] and "nobody.invalid" in found["error"]
