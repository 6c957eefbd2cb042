"""Which meters stand behind an emulated carrier module: the same for the same number and seed, so
that whoever fills a terminal's archive can know them."""

import random

from tools.station.devices.kinds import KINDS

_KINDS = ("meter-645", "meter-698", "meter-645")  # two thirds speak DL/T 645


def plan(nodes, seed=1):
    """[(profile, address)] of `nodes` meters. Nobody else of a station has these addresses."""
    rng = random.Random(f"{seed}/hplc fleet")
    return [
        (_KINDS[k % len(_KINDS)], f"{rng.randrange(10000):04d}9{seed % 100:02d}{k + 1:05d}")
        for k in range(nodes)
    ]


def rows(slot, nodes, seed=1):
    """Rows of the terminal's archive as (slot, profile, address, name)."""
    return [(slot, profile, address, address) for profile, address in plan(nodes, seed)]


def meters(nodes, seed=1):
    """The devices themselves (tools.station.devices)."""
    return [KINDS[profile](address, seed, None, address) for profile, address in plan(nodes, seed)]
