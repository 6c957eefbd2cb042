"""What a calibration step looks at, one item a channel: how far off it reads, whether that can be
an error of gain, phase or offset at all, and which register takes it away.

An item has `name`, `reference` and `error` (texts), and `after`, the error once it was corrected.
"""

import math

from micropython import const

from firmware.core import decimal

_GAIN_LIMIT = const(50000)  # ppm: 5 %
_PHASE_LIMIT = const(20000)  # 1/10000 degree: 2 degrees
_POWER_LIMIT = const(10000)  # of the power at full scale: an offset is a leak, not a load
_CURRENT_LIMIT = const(1000)  # of the current at full scale
PHASES = "ABCN"


class Item:
    def __init__(self, channel):
        self.channel = channel
        self.error = ""
        self.after = ""
        self.register = None
        self._size = 0  # of the error

    def read(self, averages):
        """Measure: the text of the error."""
        self._size = self._measure(averages)
        return self._text(self._size)

    def _measure(self, averages):
        """A kind of item: its error."""
        return 0

    def _text(self, size):
        """A kind of item: an error of `size` for people."""
        return ""


class Gain(Item):
    """U or I against the reference, in ppm of it."""

    def __init__(self, kind, channel, reference):
        super().__init__(channel)
        self.name = kind + PHASES[channel]
        self.done = "gain " + self.name
        self._is_voltage = kind == "U"
        self._unit = "V" if kind == "U" else "A"
        self._wanted = reference  # uV or uA
        self._measured = 0
        self.reference = "%s %s" % (decimal.text(reference, -6), self._unit)
        # index of the channel in Averages.is_steady
        self.watched = (channel,) if kind == "U" else (3 + channel,)

    def _measure(self, averages):
        read = averages.u_uv if self._is_voltage else averages.i_ua
        self._measured = read(self.channel)
        return (self._measured - self._wanted) * 1000000 // self._wanted

    def _text(self, ppm):
        return "%s %%" % decimal.text(ppm, -4)

    def refusal(self):
        """None, or the sentence why this is nothing to calibrate."""
        if abs(self._size) <= _GAIN_LIMIT:
            return None
        return "%s reads %s off %s, more than 5 %%: is it wired, is the reference right?" % (
            self.name,
            self._text(self._size),
            self.reference,
        )

    def correct(self, registers):
        change = registers.voltage_gain if self._is_voltage else registers.current_gain
        self.register = change(self.channel, self._wanted, self._measured)


class Phase(Item):
    """The angle of I against U, in 1/10000 degree; positive when the current reads too late."""

    needs = ("gain U", "gain I")

    def __init__(self, channel, reference):
        super().__init__(channel)
        self.name = "angle " + PHASES[channel]
        self.done = "phase " + PHASES[channel]
        self._wanted = reference
        self._excess = 0.0
        self._hertz = 50.0
        self.reference = "%.3f deg" % math.degrees(reference.lag)
        self.watched = (channel, 3 + channel)

    def _measure(self, averages):
        p, q = averages.p_uw(self.channel), averages.q_uvar(self.channel)
        self._excess = self._wanted.excess(p, q)
        self._hertz = averages.hertz()
        return round(math.degrees(self._excess) * 10000)

    def _text(self, size):
        return "%s deg" % decimal.text(size, -4)

    def refusal(self):
        if abs(self._size) <= _PHASE_LIMIT:
            return None
        return "%s reads %s off, more than 2 degrees: is it wired as the reference is?" % (
            self.name,
            self._text(self._size),
        )

    def correct(self, registers):
        self.register = registers.phase(self.channel, self._excess, self._hertz)


class PowerOffset(Item):
    """P or Q against the stated one, in uW or uvar."""

    needs = ("gain U", "gain I", "phase ")

    def __init__(self, kind, channel, reference, full_uw):
        super().__init__(channel)
        self.name = kind + PHASES[channel]
        self.done = "offset " + PHASES[channel]
        self._is_active = kind == "P"
        self._unit = "W" if kind == "P" else "var"
        self._wanted = reference.p_uw() if kind == "P" else reference.q_uvar()
        self._limit = full_uw // _POWER_LIMIT
        self.reference = "%s %s" % (decimal.text(self._wanted, -6), self._unit)
        self.watched = (channel, 3 + channel)

    def _measure(self, averages):
        read = averages.p_uw if self._is_active else averages.q_uvar
        return read(self.channel) - self._wanted

    def _text(self, size):
        return "%s %s" % (decimal.text(size, -6), self._unit)

    def refusal(self):
        if abs(self._size) <= self._limit:
            return None
        return "%s reads %s off %s: that is no offset, calibrate gain and phase first" % (
            self.name,
            self._text(self._size),
            self.reference,
        )

    def correct(self, registers):
        change = registers.active_offset if self._is_active else registers.reactive_offset
        self.register = change(self.channel, -self._size)


class CurrentOffset(Item):
    """I against the reference in mean squares: what noise adds to a small current; in uA."""

    needs = ("gain I",)

    def __init__(self, channel, reference_ua, full_ua):
        super().__init__(channel)
        self.name = "I" + PHASES[channel]
        self.done = "offset " + PHASES[channel]
        self._wanted = reference_ua
        self._measured = 0
        self._limit = (full_ua // _CURRENT_LIMIT) ** 2
        self.reference = "%s A" % decimal.text(reference_ua, -6)
        self.watched = (channel, 3 + channel)

    def _measure(self, averages):
        self._measured = averages.i_ua(self.channel)
        return self._measured - self._wanted

    def _text(self, size):
        return "%s A" % decimal.text(size, -6)

    def _missing(self):
        return self._wanted**2 - self._measured**2

    def refusal(self):
        if abs(self._missing()) <= self._limit:
            return None
        return "%s reads %s off %s: that is no offset, calibrate the gain first" % (
            self.name,
            self._text(self._size),
            self.reference,
        )

    def correct(self, registers):
        self.register = registers.current_offset(self.channel, self._missing())
