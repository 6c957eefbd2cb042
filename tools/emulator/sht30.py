"""A Sensirion SHT30 at register level: 16-bit commands, words with a CRC-8 behind each (polynomial
0x31, start 0xFF), a measurement that takes its time, in which a read is not acknowledged.

Plain enough to run under MicroPython too, in a test on virtual time.
"""

_MEASURE_S = 0.015  # high repeatability, longest
_HELD = 0x2C06  # measure once, the chip holds the clock line until it is done
_FREE = 0x2400  # measure once, a read meanwhile is not acknowledged
_STATUS = 0xF32D
_CLEAR = 0x3041
_SOFT_RESET = 0x30A2
_AFTER_RESET = 0x0010  # "a reset was seen"


class Sht30:
    def __init__(self, clock):
        """clock(): seconds. 21.5 degC and 45 % until `set`."""
        self.temperature = 21.5
        self.humidity = 45.0
        self.damaged = 0  # words that will be damaged on their way ...
        self.spared = 0  # ... after so many that will not
        self.asked = 0  # commands it has taken
        self._clock = clock
        self._status = _AFTER_RESET
        self._answer = b""
        self._ready_at = 0.0

    def set(self, temperature=None, humidity=None, damaged=None, spared=0):
        """What it measures, degC and %; how many words to damage after how many good ones."""
        self.temperature = self.temperature if temperature is None else temperature
        self.humidity = self.humidity if humidity is None else humidity
        if damaged is not None:
            self.damaged, self.spared = damaged, spared

    def is_answering(self):
        """Does it acknowledge its address? Reads are refused one by one, see `read`."""
        return True

    def write(self, data):
        """A command, high byte first; what is none is ignored."""
        if len(data) != 2:
            return
        self.asked += 1
        command = data[0] << 8 | data[1]
        if command in (_HELD, _FREE):
            self._answer = self._word(self._raw(self.temperature + 45, 175))
            self._answer += self._word(self._raw(self.humidity, 100))
            # this bus cannot hold the clock: a held read simply finds it done
            self._ready_at = self._clock() + (_MEASURE_S if command == _FREE else 0)
        elif command == _STATUS:
            self._answer = self._word(self._status)
            self._ready_at = self._clock()
        elif command == _CLEAR:
            self._status = 0
        elif command == _SOFT_RESET:
            self._status = _AFTER_RESET
            self._answer = b""

    def read(self, count):
        """What the last command asked for, once; None, not acknowledged, when there is nothing."""
        if not count:
            return b""
        if not self._answer or self._clock() < self._ready_at:
            return None
        found, self._answer = self._answer, b""
        return found[:count] + b"\xff" * (count - len(found))

    def _raw(self, value, span):
        return max(0, min(65535, round(value * 65535 / span)))

    def _word(self, value):
        word = bytes((value >> 8, value & 0xFF))
        frame = word + bytes((crc8(word),))
        if self.damaged and self.spared:
            self.spared -= 1
        elif self.damaged:
            self.damaged -= 1
            frame = bytes((frame[0] ^ 0x40,)) + frame[1:]
        return frame


def crc8(data):
    """0x92 for BE EF, the data sheet's example."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31) & 0xFF if crc & 0x80 else crc << 1
    return crc
