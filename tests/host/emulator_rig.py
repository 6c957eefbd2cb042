"""Bench for the ADE9000 emulator in this process: a chip, its SPI slave, time by hand."""

from tools.emulator.adc import Adc
from tools.emulator.chip import Chip
from tools.emulator.filters import PAGE
from tools.emulator.plant import Plant
from tools.emulator.registers import ADDRESS, width
from tools.emulator.spi import SpiSlave
from tools.emulator.waveform import Synthetic

VOLT = 500.0 / 74532013  # per PCF code and per RMS code
AMP = 400.0 / 74532013
WATT = VOLT * AMP * 2**27  # per power code


class Rig:
    def __init__(self, source=None, noise=0.0, seed=1, **signal):
        self.source = source or Synthetic()
        if signal:
            self.source.change(**signal)
        self.chip = Chip(Plant(self.source, Adc(noise=noise, seed=seed)), seed)
        self.spi = SpiSlave(self.chip)

    def started(self, **registers):
        """Past RSTDONE, the given registers written, RUN = 1."""
        self.pages(24)
        self.write("STATUS1", 0xFFFFFFFF)
        for name, value in registers.items():
            self.write(name, value)
        self.write("RUN", 1)
        return self

    def pages(self, count):
        for _ in range(count):
            self.chip.step()

    def seconds(self, seconds):
        self.pages(round(seconds * 8000 / PAGE))

    def frame(self, mosi, extra=0):
        """One frame of these bytes and `extra` fill bytes; the whole MISO."""
        self.spi.select()
        miso = self.spi.clock(mosi + bytes(extra))
        self.spi.deselect()
        return miso

    def read(self, register):
        """Unsigned code; its CRC is clocked out too and checked, unless BURST_EN is set."""
        address = ADDRESS[register] if isinstance(register, str) else register
        size = width(address)
        miso = self.frame((address << 4 | 8).to_bytes(2, "big"), size + 2)[2:]
        if not self.chip.registers["CONFIG1"] & 0x800:
            assert int.from_bytes(miso[size:], "big") == bitwise_crc16(miso[:size])
        return int.from_bytes(miso[:size], "big")

    def signed(self, register):
        value = self.read(register)
        return value - (1 << 32) if value >> 31 else value

    def write(self, register, value):
        address = ADDRESS[register] if isinstance(register, str) else register
        data = (value & 0xFFFFFFFF).to_bytes(4, "big")[-width(address) :]
        self.frame((address << 4).to_bytes(2, "big") + data)

    def burst(self, address, count):
        return self.frame((address << 4 | 8).to_bytes(2, "big"), count)[2:]

    def edges(self, pin):
        return [(at, level) for at, number, level in self.chip.pins.take() if number == pin]


def bitwise_crc16(data):
    """CRC-16-CCITT written out bit by bit: independent of the emulator's library call."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc
