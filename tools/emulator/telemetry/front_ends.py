"""What stands between a terminal of the module and an input of its converter, in volts.

mA: a shunt of 100 ohm. V: a divider, a quarter. degC: a Pt100 of IEC 60751 at 1 mA, whose source
ends at 3 V. A terminal takes what is physically there: an open divider reads 0, for instance.
"""

_SHUNT_OHM = 100.0
_DIVIDER = 0.25
_SHORTED_A = 0.030  # a shorted transmitter: the loop's 24 V over some 800 ohm
_SOURCE_A = 0.001
_SOURCE_MOST_V = 3.0
_A, _B, _C = 3.9083e-3, -5.775e-7, -4.183e-12

# front end: (least, greatest value)
_RANGES = {"mA": (0, 32), "V": (-1, 13), "degC": (-200, 850)}
_WIRES = ("open", "short")


def pt100_ohm(celsius):
    """IEC 60751:2022, 5.2."""
    cold = _C * (celsius - 100) * celsius**3 if celsius < 0 else 0
    return 100 * (1 + _A * celsius + _B * celsius**2 + cold)


class FrontEnd:
    def __init__(self, kind, lead_ohm=0.0):
        if kind not in _RANGES:
            raise ValueError(f"a front end is one of {', '.join(_RANGES)}, not {kind!r}")
        self.kind = kind
        self._lead_ohm = lead_ohm
        self.value = {"mA": 4.0, "V": 0.0, "degC": 20.0}[kind]

    def check(self, name, value):
        """ValueError when it cannot be."""
        low, high = _RANGES[self.kind]
        if value in _WIRES:
            return
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f'{name} is a number of {self.kind}, or "open" or "short"')
        if not low <= value <= high:
            raise ValueError(f"{name} is {low} to {high} {self.kind}")

    def set(self, value):
        self.value = value

    def text(self):
        return self.value if self.value in _WIRES else f"{self.value} {self.kind}"

    def volts(self):
        value = self.value
        if self.kind == "mA":
            if value in _WIRES:
                return _SHUNT_OHM * (0.0 if value == "open" else _SHORTED_A)
            return _SHUNT_OHM * value / 1000
        if self.kind == "V":
            return 0.0 if value in _WIRES else _DIVIDER * value
        if value == "open":
            return _SOURCE_MOST_V
        ohm = 0.0 if value == "short" else pt100_ohm(value)
        return _SOURCE_A * (ohm + self._lead_ohm)
