"""What a DL/T 698.45 server says, for the tests of the master: APDUs laid by hand as hex."""

from binascii import unhexlify

from firmware.codec import dlt698
from firmware.codec import dlt698_address as address
from firmware.codec import dlt698_requests as requests

METER = address.meter("201605190907")
OTHER = address.meter("201605190908")
FIRST, LAST, ACK, MIDDLE = range(4)
TAIL = "0000"
VOLTS = "8501%02x20000201" + "01" + "12096d" + TAIL  # 241.3 V


def apdu(text, *numbers):
    return unhexlify((text % numbers if numbers else text).replace(" ", ""))


def said(text, *numbers, whom=METER, control=dlt698.REPLY):
    """A frame of a server."""
    return dlt698.build(control, whom, 0, apdu(text, *numbers))


def piece(kind, sequence, body, control=0xE3, whom=METER):
    """A fragment, as the standard lays its two bytes: sequence low, kind in bits 15-14."""
    head = bytes([sequence & 255, kind << 6 | sequence >> 8])
    return dlt698.build(control, whom, 0, head + body)


def sent(frame):
    """(control, address, user data) of what the master sends."""
    assert frame[:4] == b"\xfe\xfe\xfe\xfe"
    read = dlt698.parse(frame[4:])
    return read.control, read.address, read.data


def ask(t, request=None, whom=METER, **more):
    return t.begin(whom, request or requests.get(0, "20000201"), **more)


def counted(t):
    return t.alien, t.late, t.stale
