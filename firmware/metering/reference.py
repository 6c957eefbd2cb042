"""What the technician states about the reference source, checked and in the units of the sums.

u and i in V and A rms, the angle as pf=0.5 or '0.5L' (lagging), '0.8C' (leading), or angle= in
degrees, positive when the current lags. Refusals are ConfigErrors of one sentence.
"""

import math

from micropython import const

from firmware.core.errors import ConfigError

_MICRO = const(1000000)
_TURN = 1 << 24  # cos and sin are integers over this
_LARGEST = 10**6  # V or A


class Reference:
    def __init__(self, u=None, i=None, pf=None, angle=None):
        self.u_uv = _micro("u", "V", u)
        self.i_ua = _micro("i", "A", i)
        self.lag = _lag(pf, angle)  # radians; None: not stated
        self._cos = self._sin = 0
        if self.lag is not None:
            self._cos = round(math.cos(self.lag) * _TURN)
            self._sin = round(math.sin(self.lag) * _TURN)

    def p_uw(self):
        return (self.u_uv or 0) * (self.i_ua or 0) * self._cos // (_MICRO * _TURN)

    def q_uvar(self):
        return (self.u_uv or 0) * (self.i_ua or 0) * self._sin // (_MICRO * _TURN)

    def excess(self, p, q):
        """Radians that the measured P and Q lag behind the stated angle."""
        # a small difference of large angles would not survive single precision
        across = q * self._cos - p * self._sin
        along = p * self._cos + q * self._sin
        return math.atan2(across, along)


def _is_number(value):
    return type(value) in (int, float) and value == value and abs(value) < _LARGEST


def _micro(name, unit, value):
    if value is None:
        return None
    if not _is_number(value) or value <= 0:
        raise ConfigError("%s is the reference in %s, a number above 0" % (name, unit))
    whole = int(value)  # apart, so that single precision keeps the digits
    return whole * _MICRO + round((value - whole) * _MICRO)


def _lag(pf, angle):
    if pf is not None and angle is not None:
        raise ConfigError("state pf or angle, not both")
    if angle is not None:
        if not _is_number(angle) or abs(angle) > 180:
            raise ConfigError("angle is degrees from -180 to 180, positive when the current lags")
        return math.radians(angle)
    return None if pf is None else _from_factor(pf)


def _from_factor(pf):
    sign = 1
    if isinstance(pf, str):
        if pf[-1:] in ("C", "c"):
            sign = -1
        try:
            pf = float(pf[:-1] if pf[-1:] in ("L", "l", "C", "c") else pf)
        except ValueError:
            pf = 2
    if not _is_number(pf) or not 0 <= pf <= 1:
        raise ConfigError("pf is 0..1, or a text such as '0.5L' (lagging) or '0.8C' (leading)")
    return sign * math.acos(pf)
