"""Server addresses of DL/T 698.45: the SA field of a link frame and the TSA of an APDU.

Both are a flag byte (bits 7-6 kind, 5-4 logical address, 3-0 length - 1) and the address; the
link frame sends its low byte first, the TSA its high byte first. In Python the address is text
as printed on the meter. An odd number of digits is filled up with F.
"""

from binascii import hexlify, unhexlify
from collections import namedtuple

from micropython import const

from firmware.core.errors import CodecError

SINGLE = const(0)
WILDCARD = const(1)  # AA bytes stand for any
GROUP = const(2)
BROADCAST = const(3)

# kind: above; logical: 0..3; digits: text, high byte first
Address = namedtuple("Address", ("kind", "logical", "digits"))

EVERYBODY = Address(BROADCAST, 0, "AA")
ANY = Address(WILDCARD, 0, "AAAAAAAAAAAA")


def meter(digits, logical=0):
    """The Address of one device."""
    return Address(SINGLE, logical, digits)


def _even(digits):
    return digits + "F" if len(digits) & 1 else digits


def flag_and_bytes(address):
    """(flag byte, address bytes with the high byte first) of an Address; CodecError."""
    try:
        raw = unhexlify(_even(address.digits))
    except ValueError:
        raw = b""
    if not 1 <= len(raw) <= 16:
        raise CodecError("an address is 1 to 32 hexadecimal digits, not '%s'" % address.digits)
    if not 0 <= address.kind <= 3 or not 0 <= address.logical <= 3:
        raise CodecError("kind and logical address are 0 to 3, not %s" % (tuple(address),))
    return address.kind << 6 | address.logical << 4 | len(raw) - 1, raw


def from_flag(flag, raw):
    """The Address of a flag byte and bytes with the high byte first. The length is that of the
    bytes: who reads them has judged it."""
    return Address(flag >> 6, flag >> 4 & 3, hexlify(raw).decode().upper())


def matches(wanted, address):
    """True when `address`, which answered, is meant by the Address `wanted`. AA pairs stand for
    any byte: some tools send them with the flag of a single address. A group or broadcast means
    everybody here, as its members are not known."""
    if wanted.kind >= GROUP:
        return True
    text = _even(wanted.digits).upper()
    digits = address.digits
    if text == "A" * len(text):
        return True
    if len(digits) != len(text) or wanted.logical != address.logical:
        return False
    for i in range(0, len(text), 2):
        pair = text[i : i + 2]
        if pair != "AA" and pair != digits[i : i + 2]:
            return False
    return True
