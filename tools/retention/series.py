"""A load series by the minute for the bench: a measured one where there is one, else a drawn one.

The measured one is that of a house in Sceaux (Hebrail and Berard, UCI, CC BY 4.0), see the README
of the shared data. Written as whole numbers for the terminal's half: see tools/retention/world.py.
"""

import csv
import math
import random
from array import array

from tools.deploy import tree

MEASURED = tree.ROOT.parent / "shared" / "data" / "load" / "uci-house-1min-nilm.csv"
_MINUTES = 28 * 1440


def minutes(seed):
    """(name, [(W, V, A) of each minute])."""
    if MEASURED.exists():
        with MEASURED.open() as file:
            rows = [
                (1000 * float(row["p_kw"]), float(row["u_v"]), float(row["i_a"]))
                for row in csv.DictReader(file)
            ]
        return "measured", rows
    return "drawn", list(_drawn(random.Random(f"{seed}/retention")))


def _drawn(rng):
    """Things of a household that go on and off, over what is always on."""
    things = [[150.0, 0], [1200.0, 0], [2000.0, 0], [300.0, 0], [90.0, 0]]
    for minute in range(_MINUTES):
        hour = minute / 60 % 24
        use = 0.3 + 0.7 * (math.exp(-((hour - 8) ** 2) / 4) + math.exp(-((hour - 20) ** 2) / 8))
        watts = 180 + rng.gauss(0, 6)
        for thing in things:
            if thing[1] > 0:
                thing[1] -= 1
                watts += thing[0] * rng.uniform(0.95, 1.05)
            elif rng.random() < 0.01 * use:
                thing[1] = rng.randrange(2, 60)
        volts = 233 + 3 * math.cos(hour / 12 * math.pi) - watts / 1500 + rng.gauss(0, 0.6)
        yield watts, volts, watts / volts / rng.uniform(0.93, 1.0)


def write(path, rows):
    """For World."""
    energy, sums = 0.0, array("i")
    for watts, _, _ in rows:
        energy += watts / 60
        sums.append(round(energy))
    with path.open("wb") as file:
        array("i", [len(rows)]).tofile(file)
        for column, unit in ((0, 10), (1, 10), (2, 1000)):
            array("i", [round(row[column] * unit) for row in rows]).tofile(file)
        sums.tofile(file)
