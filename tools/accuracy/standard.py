"""Points and limits of class 0.2S (IEC 62053-22) and, for reactive energy, 0.5S (IEC 62053-24).

Restated from memory of the standards, which were not read here: active energy is well established,
reactive energy is likely right but unverified, so check the text before claiming conformity.
Currents are those at which a range of the standard begins, In and Imax.
"""

import math
from dataclasses import dataclass

U_NOMINAL = 230.0
I_NOMINAL = 14.0  # about a twentieth of the full scale, 400 A peak
I_MAX = 10 * I_NOMINAL
CLASS = "0.2S"
REACTIVE_CLASS = "0.5S"
UNVERIFIED = "unverified"
SHARE = 0.2  # of each limit: what a terminal may use

_MAX = I_MAX / I_NOMINAL

# limit in percent, power factors, currents in In
_BALANCED = (
    (0.4, ("1",), (0.01,)),
    (0.2, ("1",), (0.05, 1, _MAX)),
    (0.5, ("0.5L", "0.8C"), (0.02,)),
    (0.3, ("0.5L", "0.8C"), (0.1, 1, _MAX)),
    (0.5, ("0.25L", "0.5C"), (0.1, 1, _MAX)),  # on request of the purchaser
)
_SINGLE = (
    (0.3, ("1",), (0.05, 1, _MAX)),
    (0.4, ("0.5L",), (0.1, 1, _MAX)),
)
DIFFERENCE = 0.4  # of the errors with a load on one phase and on all, at In and power factor 1
# limit, sin phi, currents
_REACTIVE = (
    (1.0, ("1L", "1C"), (0.01,)),
    (0.5, ("1L", "1C"), (0.05, 1, _MAX)),
    (1.0, ("0.5L", "0.5C"), (0.05,)),
    (0.5, ("0.5L", "0.5C"), (0.1, 1, _MAX)),
    (1.0, ("0.25L", "0.25C"), (0.1, 1, _MAX)),
)


@dataclass(frozen=True)
class Signal:
    """What the source gives: V and A rms, degrees by which the currents lag."""

    u: tuple = (U_NOMINAL,) * 3
    i: tuple = (I_NOMINAL,) * 3
    phi: float = 0.0
    hertz: float = 50.0
    lag: tuple = (0.0, 120.0, 240.0)  # of the voltages
    u_harm: tuple = ()  # (order, share of the fundamental, degrees)
    i_harm: tuple = ()

    def set(self, source):
        source.change(
            freq=self.hertz,
            u=self.u,
            i=self.i if len(self.i) == 4 else (*self.i, 0.0),
            phi_deg=(self.phi,) * 3,
            lag_deg=self.lag,
            u_harm={str(h): [share, angle] for h, share, angle in self.u_harm},
            i_harm={str(h): [share, angle] for h, share, angle in self.i_harm},
        )

    def power(self, is_active=True):
        """P or Q of the three phases, W or var; only harmonics that both have, and not in Q."""
        phi = math.radians(self.phi)
        if not is_active:
            return sum(u * i for u, i in zip(self.u, self.i)) * math.sin(phi)
        both = math.cos(phi)
        currents = {h: (share, angle) for h, share, angle in self.i_harm}
        for h, share, angle in self.u_harm:
            other, other_angle = currents.get(h, (0.0, 0.0))
            both += share * other * math.cos(h * phi + math.radians(angle - other_angle))
        return sum(u * i for u, i in zip(self.u, self.i)) * both


@dataclass(frozen=True)
class Point:
    text: str  # of the load
    signal: Signal
    limit: float  # percent
    is_active: bool = True
    mark: str = ""


def table():
    """The points of both tables in their order."""
    return (
        [_balanced(*point) for point in _points(_BALANCED)]
        + [_single(phase, *point) for phase in range(3) for point in _points(_SINGLE)]
        + [_reactive(*point) for point in _points(_REACTIVE)]
    )


def _points(rows):
    return [(limit, pf, share) for limit, pfs, shares in rows for pf in pfs for share in shares]


def _amps(share):
    return "Imax" if share == _MAX else "%g In" % share if share != 1 else "In"


def angle(factor):
    """Degrees by which the current lags at a power factor such as 0.5L, 0.8C or 1."""
    return math.copysign(
        math.degrees(math.acos(float(factor.rstrip("LC")))), -1 if factor[-1] == "C" else 1
    )


def _balanced(limit, factor, share):
    signal = Signal(i=(share * I_NOMINAL,) * 3, phi=angle(factor))
    return Point("balanced  %7s  cos phi %s" % (_amps(share), factor), signal, limit)


def _single(phase, limit, factor, share):
    amps = [0.0] * 3
    amps[phase] = share * I_NOMINAL
    signal = Signal(i=tuple(amps), phi=angle(factor))
    text = "only %s    %7s  cos phi %s" % ("ABC"[phase], _amps(share), factor)
    return Point(text, signal, limit)


def _reactive(limit, sine, share):
    phi = math.degrees(math.asin(float(sine[:-1]))) * (-1 if sine[-1] == "C" else 1)
    signal = Signal(i=(share * I_NOMINAL,) * 3, phi=phi)
    text = "balanced  %7s  sin phi %s" % (_amps(share), sine)
    return Point(text, signal, limit, False, UNVERIFIED)


@dataclass(frozen=True)
class Influence:
    """How far an error may move from that of the reference conditions."""

    text: str
    reference: Signal
    signal: Signal
    limit: float  # percent


def influences():
    """Of class 0.2S, active energy. Where the reference names no current it is In."""
    unity, half = Signal(), Signal(phi=60.0)
    tenth = Signal(i=(0.1 * I_NOMINAL,) * 3)
    middle = Signal(i=(0.5 * I_MAX,) * 3)
    found = []
    for name, reference, factor in (("1", unity, 1), ("0.5L", half, 2)):
        for share, limit in ((0.9, 0.1), (1.1, 0.1), (0.8, 0.3), (1.15, 0.3)):
            signal = Signal(u=(share * U_NOMINAL,) * 3, phi=reference.phi)
            text = "%g %% Un, cos phi %s" % (100 * share, name)
            found.append(Influence(text, reference, signal, limit * factor))
        for hertz in (49.0, 51.0):
            signal = Signal(hertz=hertz, phi=reference.phi)
            found.append(Influence("%g Hz, cos phi %s" % (hertz, name), reference, signal, 0.1))
    reversed_ = Signal(i=tenth.i, lag=(0.0, 240.0, 120.0))
    found.append(Influence("reversed phase sequence, 0.1 In", tenth, reversed_, 0.05))
    for live in ((1, 1, 0), (1, 0, 0)):
        signal = Signal(
            u=tuple(U_NOMINAL * on for on in live), i=tuple(I_NOMINAL * on for on in live)
        )
        text = "%s open" % ("one phase" if sum(live) == 2 else "two phases")
        found.append(Influence(text, unity, signal, 0.5))
    fifth = Signal(i=middle.i, u_harm=((5, 0.1, 0.0),), i_harm=((5, 0.4, 0.0),))
    found.append(Influence("5th harmonic, 10 % U and 40 % I", middle, fifth, 0.4))
    return found


NO_LOAD = Signal(u=(1.15 * U_NOMINAL,) * 3, i=(0.0,) * 3)
PULSES = 6400  # a kWh: usual for such meters


def no_load_minutes():
    """Length of the test in which at most one pulse may come."""
    return 900e6 / (PULSES * 3 * U_NOMINAL * I_MAX)
