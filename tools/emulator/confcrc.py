"""CRC over the configuration registers: CRC_FORCE, CRC_RSLT, CRC_DONE, CRC_CHG.

The chip computes in the background; a round takes 10.8 ms (UG-1098 p.35).  Which registers take
part and the start value of a part are not public: all writable ones, and a seeded start [U].
"""

import binascii

from tools.emulator import status as st
from tools.emulator.registers import ADDRESS, NAME, is_writable, width

_ROUND = 86  # samples: 10.8 ms
_LEFT_OUT = (
    "STATUS0",
    "STATUS1",
    "MASK0",
    "MASK1",
    "EVENT_MASK",
    "RUN",
    "CRC_FORCE",
    "WR_LOCK",
    "WFB_TRG_CFG",
    "WFB_PG_IRQEN",
    "WFB_CFG",
    "TEMP_CFG",
)
_COVERED = tuple(
    sorted(a for a in NAME if is_writable(a) and a not in [ADDRESS[n] for n in _LEFT_OUT])
)


class ConfigurationCrc:
    def __init__(self, registers, status, seed):
        self.registers = registers
        self.status = status
        self._start = seed * 40503 & 0xFFFF
        self.clear()

    def clear(self):
        self._round_ends = None
        self._is_forced = False
        self._known = None  # result of the last round; None = no round yet

    def changed(self, address, position):
        """A register changed, by the host or by an upset: the running rounds will notice."""
        if self._known is not None and address in _COVERED and self._round_ends is None:
            self._round_ends = position + _ROUND

    def force(self, position):
        self._is_forced = True
        self._round_ends = position + _ROUND

    def step(self, position):
        if self._round_ends is None or position < self._round_ends:
            return
        self._round_ends = None
        words = self.registers.words
        data = b"".join(words[a].to_bytes(width(a), "big") for a in _COVERED)
        result = binascii.crc_hqx(data, self._start)
        self.registers["CRC_RSLT"] = result
        if self._is_forced:
            self._is_forced = False
            self.registers["CRC_FORCE"] = 0
            self.status.set1(st.CRC_DONE)
        elif result != self._known:
            self.status.set1(st.CRC_CHG)
        self._known = result
