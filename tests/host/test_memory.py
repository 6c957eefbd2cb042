"""A small station on the scales: every kind of module is in service and every device answers."""

import pytest

from tools.memory import __main__ as program


@pytest.fixture(scope="module")
def weighed():
    return program.measure(program.parse(["--devices", "8", "--minutes", "1", "--points", "60"]))


def test_all_are_in_service(weighed):
    kinds = {kind for kind, state, _ in weighed["slots"] if state == "ready"}
    assert kinds == {"rs485", "hplc", "cellular", "control", "telemetry"}
    assert not weighed["failures"] and not weighed["problems"]
    assert weighed["answering"] == 8


def test_what_is_counted(weighed):
    assert weighed["table_bytes"] >= 17 * 480
    parts = weighed["table_bytes"] + sum(size for _, size in weighed["shares"])
    assert 0.7 * parts < weighed["heap_data_bytes"] < 1.4 * parts
    assert weighed["heap_data_bytes"] < weighed["heap_code_bytes"]


def test_what_is_missed_is_told(weighed):
    options = program.parse(["--devices", "8"])
    assert program.missed(options, weighed) == []
    worse = {**weighed, "heap_data_bytes": 256001, "answering": 7, "failures": ["slot 3: gone"]}
    assert [text.split()[0] for text in program.missed(options, worse)] == [
        "slot",
        "heap_data_bytes",
        "7",
    ]


def test_wrong_words():
    for words in (["--devices", "2"], ["--minutes", "0"], ["--points", "101"]):
        with pytest.raises(SystemExit, match="^memory: "):
            program.parse(words)
