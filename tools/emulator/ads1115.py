"""A Texas Instruments ADS1115 at register level (data sheet SBAS444D): four inputs, a programmable
amplifier, 16 bits, single-shot or continuous. The comparator's registers are kept, its ALERT pin
is wired to nothing. A conversion takes its time and shows the input as it is when it ends.

Plain enough to run under MicroPython too, in a test on virtual time.
"""

CONVERSION, CONFIG, LO_THRESH, HI_THRESH = range(4)

_AFTER_RESET = (0x0000, 0x8583, 0x8000, 0x7FFF)
_OS = 0x8000
_SINGLE = 0x0100
# inputs of the multiplexer, None: ground (config bits 14..12)
_PAIRS = ((0, 1), (0, 3), (1, 3), (2, 3), (0, None), (1, None), (2, None), (3, None))
_FULL_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)  # bits 11..9
_RATES = (8, 16, 32, 64, 128, 250, 475, 860)  # bits 7..5, conversions a second
_BEYOND_V = 0.3  # beyond the supplies an input's diodes conduct


class Ads1115:
    def __init__(self, now, volts, supply_v=3.3, pace=1.0, noise=None):
        """now(): s; volts(n): V at AINn; `pace`: conversions take so many times their nominal
        time (0.9 to 1.1 in the data sheet); noise(): V, added to a conversion. It starts without
        power."""
        self.is_on = False
        self.is_connected = True  # a switch in front of its bus pins
        self.conversions = 0  # since it was made
        self._now = now
        self._volts = volts
        self._supply_v = supply_v
        self._pace = pace
        self._noise = noise
        self._reset()

    def power(self, on):
        """Either way its registers are lost."""
        self.is_on = bool(on)
        self._reset()

    def _reset(self):
        self._file = [int(word) for word in _AFTER_RESET]
        self._pointer = CONVERSION
        self._running = 0  # the config word of the conversion under way ...
        self._ends = None  # ... and when it ends, None: there is none

    def is_answering(self):
        """Does it acknowledge its address?"""
        return self.is_on and self.is_connected

    def write(self, data):
        """The address pointer, then a word of that register; shorter writes set the pointer."""
        if not data:
            return
        self._pointer = data[0] & 3
        if len(data) < 3 or self._pointer == CONVERSION:
            return
        self.settle()
        word = data[1] << 8 | data[2]
        if self._pointer != CONFIG:
            self._file[self._pointer] = word
            return
        self._file[CONFIG] = word & ~_OS
        # a conversion that is under way ends as it began
        if self._ends is None and (word & _OS or not word & _SINGLE):
            self._begin(self._now())

    def read(self, count):
        """The register the pointer is at, high byte first."""
        self.settle()
        word = self._file[self._pointer]
        if self._pointer == CONFIG and self._ends is None:
            word |= _OS
        pair = bytes((word >> 8, word & 0xFF))
        return (pair * (count // 2 + 1))[:count]

    def settle(self):
        """All conversions that are over by now are done: called before an input changes."""
        while self._ends is not None and self._now() >= self._ends:
            at = self._ends
            self._file[CONVERSION] = self._convert()
            self._ends = None
            if not self._file[CONFIG] & _SINGLE:
                # those between the first and the last of a long time saw the same input
                behind = int((self._now() - at) / self._period(self._file[CONFIG]))
                self._begin(at + max(0, behind - 1) * self._period(self._file[CONFIG]))

    def _begin(self, at):
        self._running = self._file[CONFIG]
        self._ends = at + self._period(self._running)

    def _period(self, config):
        return self._pace / _RATES[config >> 5 & 7]

    def _convert(self):
        self.conversions += 1
        high, low = [self._at(n) for n in _PAIRS[self._running >> 12 & 7]]
        volts = high - low + (self._noise() if self._noise else 0)
        code = round(volts / _FULL_V[self._running >> 9 & 7] * 32768)
        return max(-32768, min(32767, code)) & 0xFFFF

    def _at(self, number):
        """V at an input, held by the diodes to the supplies."""
        if number is None:
            return 0.0
        return max(-_BEYOND_V, min(self._supply_v + _BEYOND_V, self._volts(number)))
