"""APDUs of DL/T 698.45 made by hand, byte by byte: every service, every type of Data."""


def nested(levels, innermost=b"\x11\x01", tag=2):
    """Data in so many structures of one element."""
    return bytes([tag, 1]) * levels + innermost


_OAD = b"\x20\x00\x02\x00"


def reading(value, tail=b"\0\0"):
    return b"\x85\x01\x05" + _OAD + b"\x01" + value + tail


_RESULT = _OAD + b"\x01\x12\x09\x6d"
_TAG = b"\x01\x07\xea\x0b\x1d\x0a\x16\x33\x03\x00\x05"
_COLUMNS = b"\x02\x00\x20\x21\x02\x00\x01\x50\x04\x02\x00\x01\x00\x10\x02\x00"
_RECORD = b"\x50\x04\x02\x00" + _COLUMNS + b"\x01\x02"
_RECORD += (b"\x1c\x07\xea\x0b\x1d\x00\x00\x00" + b"\x06\x00\x01\xe2\x40") * 2
_TIME = b"\x07\xea\x0b\x1d\x00\x08\x05\x00\x00\xa4"
_FACTORY = bytes(range(0x20, 0x40))
_TERMS = b"\x00\x10" + b"\xff" * 24 + b"\x04\x00\x04\x00\x01\x04\x00\x00\x00\x00\x64"
_REGION = b"\x58\x02\x12\x00\x01\x12\x00\x09"
_SPAN = _OAD + b"\x1c\x07\xea\x0b\x1d\x00\x00\x00" * 2 + b"\x54\x02\x00\x01"


def replies():
    """APDUs of a server, every service and choice."""
    return [
        reading(b"\x12\x09\x6d"), reading(b"\x01\x05" + b"\x06\x00\x00\x10\x00" * 5),
        reading(b"\x00"),
        reading(b"\x09\x06\x10\0\0\0\0\0", b"\0" + _TAG), reading(b"\x09\x81\x90" + bytes(144)),
        reading(b"\x09\x82\x01\x40" + bytes(320)), reading(b"\x0a\x04abcd"),
        reading(b"\x0c\x03\xe7\x94\xb5"),
        reading(b"\x04\x0a\xff\xc0"),
        reading(b"\x02\x04\x03\x01\x0f\xff\x10\xff\x00\x17\x40\x49\x0f\xdb"),
        reading(b"\x14" + bytes(8)), reading(b"\x18\x40\x09\x21\xfb\x54\x44\x2d\x18"),
        reading(b"\x02\x03\x50\x20\x00\x51" + _OAD + b"\x53" + _OAD),
        reading(b"\x02\x02\x54\x01\x00\x0f\x59\xfe\x21"),
        reading(b"\x02\x02\x52" + _OAD + b"\x02" + _OAD * 2 + b"\x55\x07\x05\x10\0\0\0\0\0"),
        reading(b"\x02\x03\x56\x04abcd\x57\x04abcd" + _REGION), reading(b"\x5b\x00" + _OAD),
        reading(b"\x5a\x02" + _SPAN), reading(b"\x5a\x03\x02" + _SPAN * 2),
        reading(b"\x5a\x0a\x05\x05\x02" + _REGION[1:] * 2),
        reading(b"\x5c\x03\x02" + b"\x03\x01\x12\x34" * 2),
        reading(b"\x5c\x04\x03" + bytes(6)), reading(b"\x5c\x02\x03\x01\x02\x03"),
        reading(b"\x5e\x00\x00\x00\x01\x02ab\x04abcd"), reading(b"\x60" + _COLUMNS),
        reading(b"\x5f\x06\x02\x08\x01\x00"), reading(b"\x19" + _TIME),
        reading(b"\x1a\x07\xea\x0b\x1d\x00"),
        reading(nested(8)), reading(nested(9)), reading(nested(8, tag=1)),
        b"\x85\x01\x05" + _OAD + b"\x00\x06\0\0",
        b"\x85\x02\x05\x03" + _RESULT * 3 + b"\0\0", b"\x85\x03\x05" + _RECORD + b"\0\0",
        b"\x85\x04\x05\x02" + _RECORD * 2 + b"\0\0",
        b"\x85\x05\x05\x00\x00\x01\x01\x02" + _RESULT * 2 + b"\0\0",
        b"\x85\x05\x05\x01\x00\x02\x02\x01" + _RECORD + b"\0\0",
        b"\x85\x01\x45" + _RESULT + b"\x01\x01\x01" + _RESULT + b"\0",
        b"\x85\x01\x45" + _RESULT + b"\x01\x02\x01" + _RECORD + _TAG,
        b"\x86\x01\x05" + _OAD + b"\x00\0\0", b"\x86\x02\x05\x02" + (_OAD + b"\x03") * 2 + b"\0\0",
        b"\x86\x03\x05\x01" + _OAD + b"\x00" + _RESULT + b"\0\0",
        b"\x87\x01\x05" + _OAD + b"\x00\x01\x11\x01\0\0",
        b"\x87\x02\x05\x01" + _OAD + b"\x00\x00\0\0",
        b"\x87\x03\x05\x01" + _OAD + b"\x00\x00" + _RESULT + b"\0\0",
        b"\x88\x01\x05\x02" + _RESULT * 2 + b"\0\0", b"\x88\x02\x05\x01" + _RECORD + b"\0\0",
        b"\x88\x03\x05" + _OAD + b"\x02\x03abc\x01d\0\0",
        b"\x89\x01\x05\x02" + (b"\x07\x05\x10\0\0\0\0\0\x02" + _RESULT * 2) * 2 + b"\0\0",
        b"\x89\x07\x05" + _OAD + b"\x01\x05hello\0\0", b"\x89\x02\x05\x01\x02\x03",
        b"\x01\x05\x00\x00\xb4" + _TIME, b"\x82\x05" + _FACTORY + _TERMS + b"\x00\x00\0\0",
        b"\x82\x05" + _FACTORY + _TERMS + b"\x00\x01\x04abcd\x04efgh\0\0",
        b"\x83\x05\x00\0\0", b"\x84\x05" + bytes(14), b"\xee\x05\x01\0\0", b"\xee\x05\x02",
        b"\x90\x00\x08" + b"\x85\x01\x05\x20\0\x02\0\x00" + b"\x01\x00\x04abcd",
        b"\x90\x01\x04abcd", b"\x90\x02\x16",
    ]  # fmt: skip


def requests():
    """APDUs of a client."""
    return [
        b"\x05\x01\x01" + _OAD + b"\0", b"\x05\x02\x01\x02" + _OAD * 2 + _TAG,
        b"\x05\x03\x01" + _OAD + b"\x02" + _SPAN + _COLUMNS + b"\0",
        b"\x05\x03\x01" + _OAD + b"\x05\x07\xea\x0b\x1d\x00\x00\x00\x01" + _COLUMNS + b"\0",
        b"\x05\x04\x01\x01" + _OAD + b"\x09\x01\x00\0", b"\x05\x05\x01\x00\x02\0",
        b"\x06\x01\x01" + _OAD + b"\x1c\x07\xea\x0b\x1d\x00\x00\x00\0",
        b"\x06\x02\x01\x02" + (_OAD + b"\x11\x01") * 2 + b"\0",
        b"\x06\x03\x01\x01" + _OAD + b"\x11\x01" + _OAD + b"\x00\0",
        b"\x07\x01\x01" + _OAD + nested(8) + b"\0", b"\x08\x01\x01\x02" + _OAD * 2 + b"\0",
        b"\x09\x01\x01\x00\x1e\x01\x07\x05\x10\0\0\0\0\0\x00\x0a\x02" + _OAD * 2 + b"\0",
        b"\x09\x07\x01" + _OAD + b"\x06\x02\x08\x01\x00\x00\x0a\x00\x64\x04abcd\0",
        b"\x81\x05\x80" + _TIME * 3, b"\x02\x01" + _TERMS + b"\x00\0",
        b"\x02\x01" + _TERMS + b"\x01\x06abcdef\0", b"\x02\x01" + _TERMS + b"\x02\x02ab\x02cd\0",
        b"\x03\x01\0",
    ]  # fmt: skip
