"""What befalls the way between a terminal and its head-end: each is a function that begins it and
gives how it ends. `world` is a Run (run.py).
"""

import random

from tools.outage.wire import GOOD


def away(world, rng):
    """The broker is not there: nobody answers at its port."""
    world.broker.die()
    world.refuses = True

    def end():
        world.refuses = False

    return end


def dark(world, rng):
    """Nothing comes through in either direction, and nobody says so."""
    world.is_dark = True
    for wire in world.wires.values():
        wire.is_silent = True

    def end():
        world.is_dark = False

    return end


def half_open(world, rng):
    """The connection there is comes to nothing, a new one would work."""
    for wire in world.wires.values():
        wire.is_silent = True
    return nothing


def resets(world, rng):
    """Every connection is reset after some bytes, up or down, in the middle of whatever it is."""

    def arm(wire):
        pipe = rng.choice((wire.up, wire.down))
        most = 400 if pipe is wire.up else 60
        pipe.cut_at = pipe.bytes + rng.randint(1, most)

    for wire in list(world.wires.values()):
        arm(wire)
    world.on_wire = arm

    def end():
        world.on_wire = nothing
        for wire in world.wires.values():
            wire.up.cut_at = wire.down.cut_at = None

    return end


def crawls(world, rng):
    """One byte a second."""
    world.quality = (1, GOOD[1])
    return world.well


def far(world, rng):
    """Five seconds there and back."""
    world.quality = (GOOD[0], 2.4)
    return world.well


def kicks(world, rng):
    """Accepted and thrown out again."""
    world.broker.kick_s = rng.uniform(0, 3)
    world.broker.die()

    def end():
        world.broker.kick_s = None

    return end


def lies(world, rng):
    """The broker acknowledges, dies and has forgotten what it had not passed on."""
    world.broker.hold_s = rng.uniform(2, 9)
    for _ in range(4):
        world.time.later(rng.uniform(5, 60), world.broker.die)

    def end():
        world.broker.hold_s = 0.0

    return end


def headend_away(world, rng):
    """The broker takes everything for a head-end that is not there, and throws it away."""
    world.broker.loses = True

    def end():
        world.broker.loses = False

    return end


def late(world, rng):
    """The head-end acknowledges after the terminal has lost patience."""
    world.answer_s = rng.uniform(15, 70)
    return world.prompt


def mute(world, rng):
    """The head-end takes and says nothing."""
    world.is_mute = True

    def end():
        world.is_mute = False
        world.answer_all()

    return end


def garbage(world, rng):
    """The head-end says what is no acknowledgement, besides."""
    world.lie = "garbage"
    return world.honest


def unsent(world, rng):
    """The head-end acknowledges what was never sent and all to come, besides."""
    world.lie = "unsent"
    return world.honest


def reboot(world, rng):
    """The terminal's power goes, twice while nobody takes what it sends and once when all is
    well."""
    world.time.later(30, headend_away(world, rng))
    for first in (1, 1, 30):
        world.time.later(rng.uniform(first, first + 29), world.cut_power)
    return nothing


def nothing(*_):
    pass


_BACK_S = 320  # the longest pause before the terminal tries again, and a little
_DRAIN = 0.04  # of the time that the broker was away: to drain in calm

SHORT = (
    away,
    dark,
    half_open,
    resets,
    crawls,
    far,
    kicks,
    lies,
    headend_away,
    late,
    mute,
    garbage,
    unsent,
    reboot,
)
NAMES = tuple(fault.__name__ for fault in SHORT)


def draw(hours, rng: random.Random, only=""):
    """[(at s, for s, fault)] of a run: the broker is away for nearly half of the time, once; the
    rest is filled with the others, each at least once when there is room."""
    whole = 3600 * hours
    gone_at, gone_s = 0.3 * whole, 0.45 * whole
    found = [(gone_at, gone_s, away)] if not only else []
    at = 60.0
    bag = []
    while True:
        if not bag:
            bag = [fault for fault in SHORT if only in ("", fault.__name__)]
            rng.shuffle(bag)
        last = rng.uniform(40, 90)
        if not only and at + last > gone_at - 30 and at < gone_at + gone_s:
            at = gone_at + gone_s + _BACK_S + _DRAIN * gone_s
        if at + last > whole:
            return sorted(found, key=lambda row: row[0])
        found.append((at, last, bag.pop()))
        at += last + rng.uniform(10, 40)
