"""Reconnection pauses: exponential, fully jittered, and no tight loop after accept-then-kick."""

import random

import pytest

from firmware.core.clock import Clock
from firmware.core.errors import ConfigError
from firmware.uplink.backoff import Backoff
from firmware.uplink.deadlines import Deadlines
from firmware.uplink.limits import Limits

STABLE_MS = 60_000


def caps(backoff_max_ms=300_000, up=()):
    """The upper ends the pauses are drawn from, for sessions that were up that long."""
    backoff = Backoff(1000, backoff_max_ms, STABLE_MS, lambda n: n - 1)
    return [backoff.pause_ms(up_ms) for up_ms in up]


def test_doubles_up_to_the_limit():
    seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert caps(up=[0] * 11) == [s * 1000 for s in seconds]
    assert caps(5000, [0] * 5) == [1000, 2000, 4000, 5000, 5000]


def test_only_a_stable_session_resets():
    assert caps(up=[0, 0, STABLE_MS - 1, STABLE_MS, 0]) == [1000, 2000, 4000, 1000, 2000]


def test_full_jitter_spreads_a_fleet():
    """A thousand terminals whose broker restarts: no second sees more than 5 % of them."""
    source = random.Random(1)
    arrivals = []
    for _ in range(1000):
        backoff = Backoff(1000, 300_000, STABLE_MS, source.randrange)
        at = 0
        for _ in range(10):
            at += backoff.pause_ms(0)
        arrivals.append(at // 1000)
    assert max(arrivals.count(second) for second in set(arrivals)) <= 50


def test_unknown_limit_is_named():
    with pytest.raises(ConfigError, match="colour"):
        Limits(colour=1)
    assert Limits(ack_ms=5).ack_ms == 5 and Limits().ack_ms == Limits.ack_ms


def test_deadlines_know_the_longest_wait():
    now = [0]
    clock = Clock(lambda: now[0] * 1000, lambda a, b: a - b, lambda: 0)
    waits = Deadlines(clock, (("a", 100), ("b", 300)))
    assert waits.bound_ms == 300 and waits.overdue() is None
    waits.begin("a")
    now[0] = 50
    waits.begin("a")  # the same wait goes on
    waits.begin("b")
    now[0] = 100
    assert waits.overdue() is None and waits.left_ms(50) == 1 and waits.left_ms(0) == 0
    now[0] = 101
    assert waits.overdue() == "a" and waits.worst_ms == 101
    waits.end("a")
    waits.end("a")
    assert waits.overdue() is None and not waits.is_waiting("a")
    now[0] = 250
    waits.clear()  # a wait that was cut short counts for as long as it lasted
    assert waits.worst_ms == 200 and not waits.is_waiting("b")
