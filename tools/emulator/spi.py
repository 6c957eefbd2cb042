"""SPI slave: 16-bit header, data, CRC or burst (ade9000.md section 2).

`select`, `clock`, `deselect` follow /SS and SCLK; a frame may come in any number of pieces.
"""

import binascii

from tools.emulator import buffer
from tools.emulator.registers import ADDRESS, is_incrementing, width

_ECHO = (ADDRESS["LAST_CMD"], ADDRESS["LAST_DATA_16"], ADDRESS["LAST_DATA_32"])
_CRC_SPI = ADDRESS["CRC_SPI"]  # reading it belongs to the burst
_IDLE = b"\xff"  # MISO while the chip does not drive it
_CRC_START = 0xFFFF


def crc16(data, crc=_CRC_START):
    """CRC-16-CCITT as appended to read data: polynomial 0x1021, MSB first, no final XOR."""
    return binascii.crc_hqx(data, crc)


class SpiSlave:
    def __init__(self, chip):
        self.chip = chip
        self._is_selected = False
        self.select()
        self._is_selected = False

    def select(self):
        """/SS falls: whatever was under way is over."""
        self._is_selected = True
        self._header = b""
        self._written = b""
        self._pending = b""  # fetched, not yet clocked out
        self._set = None  # next sample set of a waveform burst
        self._fetched = 0  # words fetched in this frame
        self._crc = _CRC_START

    def deselect(self):
        """/SS rises.  An incomplete write is dropped."""
        is_read = len(self._header) == 2 and self._command & 8
        if self._is_selected and is_read and self._fetched and self._updates_crc():
            self.chip.registers["CRC_SPI"] = self._crc
        self._is_selected = False

    def clock(self, mosi):
        """len(mosi) bytes in, as many out."""
        if not self._is_selected or not self.chip.is_alive:
            return _IDLE * len(mosi)
        taken = min(2 - len(self._header), len(mosi))
        if taken:
            self._header += mosi[:taken]
            mosi = mosi[taken:]
            if len(self._header) == 2:
                self._command = int.from_bytes(self._header, "big")
                self._address = self._command >> 4
        reply = bytes(taken)
        if not mosi:
            return reply
        if self._address < buffer.BASE and self._address != _CRC_SPI:
            self.chip.buffer.checked()
        if self._command & 8:
            return reply + self._read(len(mosi))
        self._write(mosi)
        return reply + bytes(len(mosi))

    def _write(self, data):
        size = width(self._address)
        if len(self._written) >= size:
            return  # further bits have no register to go to
        self._written += data
        if len(self._written) >= size:
            value = int.from_bytes(self._written[:size], "big")
            self._echo(value)
            self.chip.write(self._address, value)

    def _read(self, count):
        while len(self._pending) < count:
            self._pending += self._fetch(count - len(self._pending))
        out, self._pending = self._pending[:count], self._pending[count:]
        if self._is_wave_burst():
            self._crc = crc16(out, self._crc)
        return out

    def _fetch(self, count):
        """At least one byte more of what follows on this frame."""
        address = self._address
        if self._is_wave_burst():
            store = self.chip.buffer
            columns = store.columns()
            size = len(columns) * store.sets.itemsize
            sets = -(-count // size)
            if self._set is None:
                self._set = store.first_set(address)
            data = store.read_sets(self._set, sets, columns)
            self._set += sets
            self._fetched += 1
            return data
        is_burst = bool(self.chip.registers["CONFIG1"] >> 11 & 1)
        if self._fetched and not is_burst:
            # one CRC, then nothing is defined: zeros [U]
            self._fetched += 1
            return self._crc.to_bytes(2, "big") if self._fetched == 2 else bytes(count)
        if self._fetched and is_incrementing(address):
            address += self._fetched
        self._fetched += 1
        size = width(address)
        value = self.chip.read(address & 0xFFF)
        data = value.to_bytes(size, "big")
        self._crc = crc16(data, self._crc)
        if not is_burst or not is_incrementing(address):
            self._echo(value)
        return data

    def _is_wave_burst(self):
        is_single = self.chip.registers["WFB_CFG"] & 15 == buffer.SINGLE
        return self._address >= buffer.BASE and not is_single

    def _updates_crc(self):
        """Not after resampled bursts."""
        return not (self._is_wave_burst() and self.chip.buffer.is_resampled)

    def _echo(self, value):
        """LAST_CMD and LAST_DATA_x; reading them does not disturb them."""
        if self._address in _ECHO:
            return
        registers = self.chip.registers
        registers["LAST_CMD"] = self._command & 0xFFF8
        name = "LAST_DATA_16" if width(self._address) == 2 else "LAST_DATA_32"
        registers[name] = value
