"""The configuration guard: is the ADE9000 still set as it was told (UG-1098 p. 35)?

The IC computes a CRC over its configuration (CRC_RSLT; another one in each part). What it is
after start-up, when every register has read back well, is the reference. Each second a flag tells
whether it changed, a few rows of the table are read back, and every ten seconds a new
computation is forced. A register that is not as told is written again and named.
"""

from micropython import const

from firmware.core.errors import LinkError
from firmware.link.ade9000 import registers as reg
from firmware.link.ade9000 import settings
from firmware.link.chip import Restart

_STEP_MS = const(5)
_DONE_MS = const(100)  # a round takes 10.8 ms
_FORCE_S = const(10)  # calls between two forced rounds
_ROWS = const(3)  # read back a call: the whole table in about ten seconds
_NAMED = const(4)  # registers listed by name at most


class Guard:
    def __init__(self, bus):
        self.bus = bus
        self.rows = ()  # the settings table in force
        self.crc = None  # the reference, None: none yet
        self.upsets = 0  # times a register was not as told
        self._calls = 0
        self._is_repaired = False  # the next CRC tells whether that was all
        self._is_changed = False  # by `change`: two CRCs that agree are the reference
        self._candidate = None  # the first of them

    async def seal(self, sleep_ms):
        """After start-up: compute the CRC, then lock. (crc, None or: is it as before?)"""
        bus = self.bus
        bus.unlock()
        bus.write(reg.STATUS1, reg.CRC_DONE | reg.CRC_CHG)
        bus.write(reg.CRC_FORCE, 1)
        for _ in range(_DONE_MS // _STEP_MS):
            await sleep_ms(_STEP_MS)
            if bus.read(reg.STATUS1) & reg.CRC_DONE:
                break
        else:
            raise LinkError("no CRC_DONE within %d ms" % _DONE_MS)
        crc = self._take_crc()
        is_same = None if self.crc is None else crc == self.crc
        self._is_repaired = self._is_changed = False
        return crc, is_same

    def _take_crc(self):
        crc = self.bus.read(reg.CRC_RSLT)
        self.bus.unlock()
        self.bus.write(reg.STATUS1, reg.CRC_DONE | reg.CRC_CHG)
        self.bus.lock()
        return crc

    def _force(self):
        self.bus.unlock()
        self.bus.write(reg.CRC_FORCE, 1)
        self.bus.lock()

    def check(self, status1):
        """Once a second, with STATUS1: None, or (crc, is_same, text) when there is news. Restart
        when only a reset helps."""
        news = None
        if status1 & (reg.CRC_DONE | reg.CRC_CHG):
            news = self._judge(self._take_crc())
        elif self._calls % _FORCE_S == 0:
            self._force()
        wrong = self._read_back() if news is None else ""
        self._calls += 1
        if wrong:
            news = self._upset(wrong)
        return news

    def _judge(self, crc):
        if self._is_changed:
            if crc != self._candidate:
                # perhaps of a round that began between two of the new rows: once more
                self._candidate = crc
                self._force()
                return None
            self._is_changed = False
            self.crc = crc
            return crc, True, "new calibration rows are in force"
        if crc == self.crc:
            self._is_repaired = False
            return None
        wrong = self.repair()
        if wrong:
            return self._upset(wrong)
        if not self._is_repaired:
            # perhaps between two rows of a repair: once more, without the benefit of doubt
            self._is_repaired = True
            self._force()
            return None
        raise Restart("the configuration checksum is 0x%04X, not 0x%04X" % (crc, self.crc))

    def _upset(self, wrong):
        """News with the reference, which is in force again: whoever keeps it keeps no upset."""
        self.upsets += 1
        self._is_repaired = True
        self._force()
        return self.crc, False, wrong + "; written again"

    def _read_back(self):
        """Look at the next few rows; repair all when one is wrong."""
        for k in range(_ROWS):
            register, value = self.rows[(self._calls * _ROWS + k) % len(self.rows)]
            if self.bus.read(register) != _running(register, value):
                return self.repair()
        return ""

    def repair(self):
        """Write again whatever is not as told: its names, or nothing."""
        found = []
        self.bus.unlock()
        for register, value in self.rows:
            self._mend(register, _running(register, value), found)
        for register in settings.untold(self.rows):
            self._mend(register, 0, found)
        self.bus.lock()
        if len(found) > _NAMED:
            found[_NAMED:] = ["and %d more" % (len(found) - _NAMED)]
        return ", ".join(found)

    def _mend(self, register, value, found):
        held = self.bus.read(register)
        if held != value:
            self.bus.write_checked(register, value)
            found.append("register 0x%03X held 0x%X, not 0x%X" % (register, held, value))

    def change(self, rows):
        """Other rows are in force from now on: write them; the next checks take the new CRC."""
        self.rows = rows
        self._candidate = None
        self.repair()
        self._is_changed = True
        self._force()


def _running(register, value):
    """What a row reads while the capture runs."""
    return settings.STREAM_ON if register == reg.WFB_CFG else value
