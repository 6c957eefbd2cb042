"""What stands in the EEPROMs of emulated modules: identity records, good ones and wrong ones.

The layout is the table in firmware/bay/identity.py, written down here a second time on purpose.
"""

import binascii
import struct

WRONG = ("blank", "corrupt", "unknown", "unreadable")
NOBODY = "abacus"  # a module type nobody writes a driver for


def identity(kind, vendor="OpenTTU", serial="", revision=1):
    """The 64 bytes of a record. ValueError when a field does not fit."""
    fields = [text.encode("ascii") for text in (kind, vendor, serial)]
    if not kind or any(len(field) > 16 for field in fields):
        raise ValueError("type, vendor and serial have up to 16 ASCII characters")
    if not 0 <= revision <= 255:
        raise ValueError("a hardware revision is 0 to 255")
    body = struct.pack(">4sBB16s16s16s8x", b"TTUM", 1, revision, *fields)
    return body + struct.pack(">H", binascii.crc_hqx(body, 0xFFFF))


def wrong(name, serial):
    """EEPROM contents for one of WRONG; None where no EEPROM answers."""
    if name == "unreadable":
        return None
    if name == "blank":
        return b""
    if name == "unknown":
        return identity(NOBODY, serial=serial)
    record = bytearray(identity("rs485", serial=serial))
    record[40] ^= 0x10  # one bit of the serial number
    return bytes(record)
