"""What can go wrong with a device's answer, by name. Pure: bytes in, (delay, bytes) pieces out.

drop            no answer
dead            the same, until cleared
corrupt         one bit turned over, the checksum left as it was
wrong_address   the answer under another device's address, with a right checksum
lying_length    the length says more than follows (Modbus answers without one stop short)
garbage         noise with false headers in front of the answer, and behind it
late            the answer comes `ms` later
babble          `ms` of noise on the line, at once, without being asked
"""

from tools.station import damage

NAMES = (
    "drop",
    "dead",
    "corrupt",
    "wrong_address",
    "lying_length",
    "garbage",
    "late",
    "babble",
)
_FOR_EVER = -1


class Fault:
    """`count` answers of `meter` (None: of any) are hit; -1: all until cleared."""

    def __init__(self, name, meter=None, count=1, ms=0):
        if name not in NAMES:
            raise ValueError(f"there is no fault '{name}'; there are {', '.join(NAMES)}")
        if not isinstance(count, int) or count < _FOR_EVER or count == 0:
            raise ValueError("count is a number of answers, or -1 for all")
        if not isinstance(ms, (int, float)) or not 0 <= ms <= 60000:
            raise ValueError("ms is 0 to 60000")
        self.name = name
        self.meter = meter
        self.count = _FOR_EVER if name == "dead" else count
        self.ms = ms

    def takes(self, meter):
        """True when it hits this answer; counts it."""
        if not self.count or self.meter not in (None, meter):
            return False
        if self.count > 0:
            self.count -= 1
        return True


def spoil(fault, reply, rng, alias, protocol="dlt645"):
    """The answer as it leaves the device: a list of (delay s, bytes). `alias` is the address, as
    sent, that wrong_address uses."""
    if fault.name in ("drop", "dead"):
        return []
    if fault.name == "late":
        return [(fault.ms / 1000, reply)]
    if fault.name == "corrupt":
        return [(0.0, damage.corrupt(protocol, reply, rng))]
    if fault.name == "wrong_address":
        return [(0.0, damage.readdress(protocol, reply, alias))]
    if fault.name == "lying_length":
        return [(0.0, damage.lengthen(protocol, reply, rng))]
    return [(0.0, noise(rng, 24) + reply + noise(rng, 24))]


def noise(rng, size):
    """Random bytes; one in three is a start byte, so false headers are among them."""
    return bytes(0x68 if rng.random() < 0.33 else rng.randrange(256) for _ in range(size))
