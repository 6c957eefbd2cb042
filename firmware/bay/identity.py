"""Who a module is: the record in the 24C02 (256 bytes) that every module carries.

The record stands at address 0 and is 64 bytes long; the rest of the EEPROM is the module's own.
Text is ASCII, filled up with zeros; numbers are unsigned, high byte first.

    at  size  what
     0     4  magic, the letters TTUM
     4     1  layout of this record: 1. What a newer one says is not for us to guess
     5     1  hardware revision, 0..255
     6    16  module type, [a-z0-9_]{1,16}: the folder of its driver below modules/
    22    16  vendor, printable
    38    16  serial number, printable
    54     8  reserved, zero
    62     2  CRC-16 of the 62 bytes before (core.crc.crc16_ccitt: polynomial 0x1021, start 0xFFFF)

All slots share one I2C bus: the pins A2..A0 of the EEPROM are strapped by the slot.
"""

from collections import namedtuple

from micropython import const

from firmware.core.crc import crc16_ccitt
from firmware.core.errors import SlotError

SIZE = const(64)
EEPROM = const(0x50)  # plus the number of the slot, 1..7: the I2C address of its 24C02

_MAGIC = b"TTUM"
_LAYOUT = const(1)
_TEXT = const(16)  # bytes of each text
_KIND_AT = const(6)
_VENDOR_AT = const(22)
_SERIAL_AT = const(38)
_CRC_AT = const(62)
_NAME = "abcdefghijklmnopqrstuvwxyz0123456789_"

Identity = namedtuple("Identity", ("kind", "vendor", "serial", "revision"))


def parse(data):
    """The Identity in SIZE bytes or more; SlotError with one sentence when there is none."""
    if len(data) < SIZE:
        raise SlotError("the identity is cut off after %d of %d bytes" % (len(data), SIZE))
    data = bytes(memoryview(data)[:SIZE])
    if data.count(b"\xff") == SIZE or data.count(b"\0") == SIZE:
        raise SlotError("the EEPROM is blank: write an identity to it")
    if data[:4] != _MAGIC:
        raise SlotError("the EEPROM holds something else than an identity")
    if data[4] != _LAYOUT:
        raise SlotError("the identity has layout %d, this firmware knows 1" % data[4])
    found = data[_CRC_AT] << 8 | data[_CRC_AT + 1]
    if crc16_ccitt(memoryview(data)[:_CRC_AT]) != found:
        raise SlotError("the checksum of the identity is wrong: write it again")
    kind = _text(data, _KIND_AT)
    if not is_name(kind):
        raise SlotError("the module type is no name of a-z, 0-9 and _")
    return Identity(kind, _text(data, _VENDOR_AT), _text(data, _SERIAL_AT), data[5])


def build(kind, vendor="", serial="", revision=0):
    """SIZE bytes of a record; SlotError when a field does not fit."""
    if not is_name(kind):
        raise SlotError("a module type is 1..16 characters a-z, 0-9 and _")
    if not 0 <= revision <= 255:
        raise SlotError("a hardware revision is 0..255")
    record = bytearray(SIZE)
    record[:4] = _MAGIC
    record[4] = _LAYOUT
    record[5] = revision
    for at, text in ((_KIND_AT, kind), (_VENDOR_AT, vendor), (_SERIAL_AT, serial)):
        raw = text.encode()
        if len(raw) > _TEXT or not _is_printable(raw):
            raise SlotError("vendor and serial are up to 16 printable ASCII characters")
        record[at : at + len(raw)] = raw
    crc = crc16_ccitt(memoryview(record)[:_CRC_AT])
    record[_CRC_AT] = crc >> 8
    record[_CRC_AT + 1] = crc & 0xFF
    return bytes(record)


def read(i2c, address):
    """The Identity in the 24C02 at `address`: its word address is written, then SIZE bytes are
    read in one sequential read (1.6 ms at 400 kHz, during which nothing else runs). SlotError."""
    if i2c is None:
        raise SlotError("the identity cannot be read: this board has no I2C bus for modules")
    try:
        data = i2c.readfrom_mem(address, 0, SIZE)
    except OSError:
        raise SlotError("the identity cannot be read: no EEPROM answers at 0x%02X" % address)
    return parse(data)


def is_name(text):
    """May `text` be the type of a module? It becomes the name of a folder that is imported."""
    if not 1 <= len(text) <= _TEXT:
        return False
    return all([character in _NAME for character in text])


def _text(data, at):
    """Text up to the first zero; SlotError when it or what fills it up is not what it should."""
    raw = data[at : at + _TEXT]
    end = raw.find(b"\0")
    if end < 0:
        end = _TEXT
    if not _is_printable(raw[:end]) or raw[end:].count(b"\0") != _TEXT - end:
        raise SlotError("a text of the identity is not printable ASCII")
    return str(raw[:end], "ascii")


def _is_printable(raw):
    return all([0x20 <= byte <= 0x7E for byte in raw])
