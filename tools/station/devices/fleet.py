"""A plausible station: which devices hang on which of its buses. The same for the same seed.

About half of a bus are DL/T 645 meters and a fifth speak DL/T 698.45; the rest are Modbus, and a
fixed number on each bus have alarms that cannot wait.
"""

import random

from tools.station.devices.kinds import KINDS

MOST_PER_BUS = 200  # Modbus units, of which a bus of this mixture needs a third
_MOST_KEYS = 8  # of a bus: more would leave no time for anything else
_SLOW_BAUD = 2400
_SLOW = 0.02  # share of the meters that were never set to anything else
_FASTER = 0.5  # share of those kinds that can, which talk at their second speed
# A rhythm, not a lottery: small buses are mixed too. Key kinds take turns
_KEYS = ("smart-breaker", "residual-current", "smart-breaker", "residual-current-645")
_METERS_645 = ("meter-645",)
_DEVICES_698 = ("meter-698", "meter-698", "concentrator-698", "meter-698", "end-terminal-698")
_MODBUS = (
    "temperature-humidity",
    "pv-inverter",
    "smart-capacitor",
    "surge-protector",
    "ev-charger",
)
_DELAYS_S = (0.02, 0.2)


def fleet(count, buses=4, seed=1, key_per_bus=None, delays_s=_DELAYS_S):
    """`count` devices spread over `buses`: a list of lists. `key_per_bus` None: one in four, at
    most 8. Reply delays lie in `delays_s`, short ones more often (their logarithm is even)."""
    if key_per_bus is None:
        key_per_bus = min(_MOST_KEYS, count // buses // 4)
    if buses < 1 or count > buses * MOST_PER_BUS:
        raise ValueError(f"a bus carries up to {MOST_PER_BUS} devices; say more buses")
    rng = random.Random(f"{seed}/fleet")
    shares = [count // buses + (k < count % buses) for k in range(buses)]
    out = []
    for number, share in enumerate(shares):
        kinds = _kinds(share, key_per_bus)
        rng.shuffle(kinds)
        out.append(_bus(number, kinds, seed, rng, delays_s))
    return out


def rows(devices, slots):
    """The terminal's rows: [(slot, kind, address text, name)] of a fleet's buses in `slots`."""
    return [
        (slot, device.kind, device.address, device.name)
        for slot, bus in zip(slots, devices, strict=True)
        for device in bus
    ]


def _kinds(count, keys):
    """Names of the kinds of `count` devices on one bus."""
    keys = min(keys, count)
    out = [_KEYS[k % len(_KEYS)] for k in range(keys)]
    key_645 = out.count("residual-current-645")
    meters = max(0, min(count - keys, round(count * 0.5) - key_645))
    others = max(0, min(count - keys - meters, round(count * 0.2)))
    rest = count - keys - meters - others
    for number, kinds in ((meters, _METERS_645), (others, _DEVICES_698), (rest, _MODBUS)):
        out += [kinds[k % len(kinds)] for k in range(number)]
    return out


def _bus(number, names, seed, rng, delays_s):
    units = rng.sample(range(1, 248), 247)
    devices = []
    slow = False  # one meter a bus at most
    for index, name in enumerate(names):
        kind = KINDS[name]
        address = str(units.pop()) if kind.protocol == "modbus" else _digits(number, index, rng)
        baud = kind.BAUDS[0]
        if name == "meter-645":
            baud = baud if slow or rng.random() > _SLOW else _SLOW_BAUD
            slow = slow or baud == _SLOW_BAUD
        elif len(kind.BAUDS) > 1 and rng.random() < _FASTER:
            baud = kind.BAUDS[1]
        device = kind(address, seed, baud, f"{name}-{number + 1}-{index + 1}")
        low, high = delays_s
        device.delay_s = round(low * (high / low) ** rng.random(), 4)
        devices.append(device)
    return devices


def _digits(number, index, rng):
    """Twelve digits, unique in the station: a batch, the bus, the place."""
    return f"{rng.randrange(10000):04d}{number + 1:03d}{index + 1:05d}"
