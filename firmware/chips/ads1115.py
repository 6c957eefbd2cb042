"""ADS1115, four inputs with 16 bits behind I2C (data sheet SBAS444D), one conversion at a time.
Nothing waits; a chip that does not answer is OSError.
"""

from micropython import const

CONVERSION = const(0)
CONFIG = const(1)

_OS = const(0x8000)  # written: begin; read: nothing is under way
_SINGLE = const(0x0100)  # one conversion, then it sleeps
_NO_ALERT = const(0x0003)

AIN0 = const(4 << 12)  # against ground; the others follow in steps of AIN_STEP
AIN_STEP = const(1 << 12)

FS_4096 = const(1 << 9)  # full scale, mV: 125 uV a step
FS_2048 = const(2 << 9)  # 62.5 uV
FS_256 = const(5 << 9)  # 7.8125 uV

SPS_8 = const(0 << 5)
SPS_16 = const(1 << 5)
SPS_128 = const(4 << 5)


class Ads1115:
    def __init__(self, i2c, address=0x48):
        self._i2c = i2c
        self._address = address
        self._word = bytearray(2)

    def read(self, register):
        """The word, 0 to 65535."""
        self._i2c.readfrom_mem_into(self._address, register, self._word)
        return self._word[0] << 8 | self._word[1]

    def begin(self, how):
        """One conversion; `how`: the sum of an input, a full scale and a rate."""
        config = _OS | _SINGLE | _NO_ALERT | how
        self._word[0] = config >> 8
        self._word[1] = config & 0xFF
        self._i2c.writeto_mem(self._address, CONFIG, self._word)

    def is_set(self, how):
        """Is it as `begin` left it? It is not when it lost its power meanwhile."""
        return self.read(CONFIG) & ~_OS == _SINGLE | _NO_ALERT | how

    def is_done(self):
        return bool(self.read(CONFIG) & _OS)

    def result(self):
        """-32768 to 32767; at either end the input is beyond full scale."""
        word = self.read(CONVERSION)
        return word - 0x10000 if word & 0x8000 else word
