"""Object 4000 of DL/T 698.45, the terminal's clock: attribute 2 is read and set, method 127 sets
it as a broadcast does. Nothing else is here. For codec/dlt698_serve.py, without knowing it.
"""

from firmware.core import civil

_TIME = "40000200"  # OAD
_BROADCAST = "40007F00"  # OMD
_CLOCK = "4000"
# DAR
_OK, _UNDEFINED, _ABSENT, _OTHER_TYPE, _OUT_OF_RANGE = 0, 4, 6, 7, 8


class ClockObject:
    def __init__(self, utc_ms, zone_min, command):
        """utc_ms(): UTC; command(utc_us) -> DAR sets it."""
        self._utc_ms = utc_ms
        self._zone_min = zone_min
        self._command = command

    def read(self, oad):
        """(DAR, local time (year, .. second) or None)."""
        if oad != _TIME:
            return _missing(oad), None
        return _OK, civil.moment(self._utc_ms(), self._zone_min)

    def write(self, oad, moment):
        """DAR. `moment`: None for data of another type."""
        return self._set(moment) if oad == _TIME else _missing(oad)

    def call(self, omd, moment):
        """DAR."""
        return self._set(moment) if omd == _BROADCAST else _missing(omd)

    def _set(self, moment):
        if moment is None:
            return _OTHER_TYPE
        try:
            utc_ms = civil.utc_ms(moment, self._zone_min)
        except ValueError:
            return _OUT_OF_RANGE
        return self._command(utc_ms * 1000)


def _missing(oad):
    """The object is there without this attribute or method, or it is not."""
    return _UNDEFINED if oad[:4] == _CLOCK else _ABSENT
