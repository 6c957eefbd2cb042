"""What `make alarm` makes of what a client hears. The run itself needs a quiet machine."""

import pytest

from tools.alarm import __main__ as program
from tools.alarm.run import Alarms, percentile


def state(text, device="telemetry-5"):
    return {"event": "STATE", "device": device, "text": text}


def test_alarms_are_matched_once_and_by_level():
    alarms = Alarms()
    alarms.raised((3, 1), 10.0)
    alarms.raised((3, 0), 10.5)
    for event in (
        state("di3 1, was 0", "telemetry-4"),
        state("di4 1, was 0"),
        state("relay 1, was 0"),
        {"event": "INPUT_CHATTER", "device": "telemetry-5", "text": "di3 chatters"},
    ):
        alarms.heard(event, 10.05)
    assert alarms.edges == [] and len(alarms.pending) == 2
    alarms.heard(state("di3 1, was 0"), 10.1)
    alarms.heard(state("di3 1, was 0"), 10.9)
    assert alarms.edges == [pytest.approx(100)] and list(alarms.pending) == [(3, 0)]


def test_outages_are_matched_by_member():
    alarms = Alarms()
    alarms.raised("000000000007", 5.0)
    alarms.heard({"event": "OUTAGE", "device": "slot 2", "text": "", "members": ["x"]}, 5.2)
    assert alarms.outages == []
    members = ["000000000006", "000000000007"]
    alarms.heard({"event": "OUTAGE", "device": "slot 2", "text": "", "members": members}, 5.5)
    assert alarms.outages == [pytest.approx(500)] and not alarms.pending
    alarms.heard({"event": "POWER_BACK", "device": "slot 2", "text": "", "members": members}, 6)
    assert alarms.back == set(members)


def test_a_percentile_is_a_value_that_was_measured():
    values = list(range(1, 101))
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (51, 100)
    assert percentile([7], 0.99) == 7 and percentile([], 0.5) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("edge_p99_ms", 150.1), ("outage_p99_ms", 1001), ("tcp_edge_p99_ms", None), ("lost", 1)],
)
def test_a_bar_that_is_missed_is_told(key, value):
    result = dict.fromkeys(program.BARS, 0)
    assert program.missed(result) == []
    (sentence,) = program.missed({**result, key: value})
    assert sentence.startswith(key)


@pytest.mark.parametrize("words", [["--count", "0"], ["--outages", "x"]])
def test_wrong_words(words):
    with pytest.raises(SystemExit, match="^alarm: "):
        program.parse(words)
