"""The emulated ADE9000 in this process, driven over its SPI bytes as fast as it goes.

Set up and streamed as a driver does it (ade9000.md sections 5 and 6): reset done, configuration,
RUN, quarters of the waveform buffer as PAGE_FULL announces them. Shares no code with firmware/.
"""

from tools.emulator.adc import PCF_CODE, Adc
from tools.emulator.chip import Chip
from tools.emulator.filters import PAGE
from tools.emulator.plant import Plant
from tools.emulator.registers import ADDRESS, width
from tools.emulator.spi import SpiSlave

FULL_SCALE_V, FULL_SCALE_A = 500.0, 400.0  # peaks, primary
FS_WORD = round(PCF_CODE)
SET_BYTES = 28
QUARTER_SETS = 64
_START_PAGES = 24  # past RSTDONE
_SETTLE_PAGES = 320  # 0.64 s: the DC removal of the chip has settled
_PAGE_FULL = 1 << 17
_HPFDIS = 8


class LateError(Exception):
    """The stream is not what the procedure promises."""


class Bench:
    def __init__(self, source, noise, seed, is_dc_kept=False):
        """`is_dc_kept`: the chip's high-pass filter is off, so that DC is in the samples."""
        self.source = source
        self.adc = Adc(FULL_SCALE_V, FULL_SCALE_A, noise, seed)
        self.chip = Chip(Plant(source, self.adc), seed)
        self._spi = SpiSlave(self.chip)
        self._pages(_START_PAGES)
        self.write("CONFIG0", _HPFDIS if is_dc_kept else 0)
        self.write("WFB_CFG", 0x13E0)
        self.write("WFB_TRG_CFG", 0)
        self.write("WFB_PG_IRQEN", 0x8888)
        self.write("STATUS0", 0xFFFFFFFF)
        self.write("STATUS1", 0xFFFFFFFF)
        self.write("MASK0", _PAGE_FULL)
        self.write("RUN", 1)
        self._pages(_SETTLE_PAGES)
        self.write("WFB_CFG", 0x13F0)

    def _pages(self, count):
        for _ in range(count):
            self.chip.step()

    def _frame(self, mosi, extra=0):
        self._spi.select()
        miso = self._spi.clock(mosi + bytes(extra))
        self._spi.deselect()
        return miso[2:]

    def read(self, name):
        """Unsigned value of a register."""
        size = width(ADDRESS[name])
        return int.from_bytes(
            self._frame((ADDRESS[name] << 4 | 8).to_bytes(2, "big"), size), "big"
        )

    def write(self, name, value):
        self.write_at(ADDRESS[name], value)

    def write_at(self, address, value):
        """`value` may be negative."""
        data = (value & 0xFFFFFFFF).to_bytes(4, "big")[-width(address) :]
        self._frame((address << 4).to_bytes(2, "big") + data)

    def quarter(self):
        """The next 64 sets, raw, in the order of the wire."""
        while not self.read("STATUS0") & _PAGE_FULL:
            self.chip.step()
        self.write("STATUS0", _PAGE_FULL)
        page = self.read("WFB_TRG_STAT") >> 12
        if page % 4 != 3:
            raise LateError("page %d is no end of a quarter" % page)
        address = 0x800 + 0x80 * (page - 3)
        return self._frame((address << 4 | 8).to_bytes(2, "big"), QUARTER_SETS * SET_BYTES)

    def samples(self, seconds):
        """Quarters for so long."""
        for _ in range(round(seconds * 8000 / QUARTER_SETS)):
            yield self.quarter()


assert QUARTER_SETS == 4 * PAGE
