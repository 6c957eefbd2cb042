"""Vectors of DL/T 645-2007 and of the 1997 edition against firmware/codec/dlt645."""

from binascii import hexlify

from firmware.codec import dlt645, dlt645_values
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError

PROTOCOLS = ("dlt645-2007", "dlt645-1997")

_UNITS = {"°": "degree", "deg": "degree", "℃": "deg C", "°C": "deg C", "C": "deg C"}


def framer():
    return Framer(dlt645.measure, 544)


def check(raw, decoded):
    """(problems, keys nothing is known about) of one frame."""
    frame = dlt645.parse(raw)
    problems = []
    unchecked = []
    for key in sorted(decoded):
        wanted = decoded[key]
        reader = _READERS.get(key)
        if reader is None:
            unchecked.append(key)
            continue
        try:
            got = reader(frame, wanted)
        except CodecError as error:
            got = "CodecError: %s" % error
        if got != wanted:
            problems.append("%s is %r, not %r" % (key, got, wanted))
    if decoded and len(unchecked) == len(decoded):
        problems.append("nothing in 'decoded' could be checked")
    return problems, unchecked


# Each reader returns `wanted` itself when the frame says the same, else what the frame says.


def _number(got, wanted):
    number = int(wanted, 16) if isinstance(wanted, str) else wanted
    return wanted if got == number else "0x%02X" % got


def _plain(got, wanted):
    return wanted if wanted == got or (wanted is None and not got) else got


def _elements(frame):
    if frame.error >= 0 or not frame.control & dlt645.FROM_METER:
        raise CodecError("the frame carries no value")
    data = frame.data
    if frame.control & 0x1F == dlt645.FOLLOW:
        data = data[:-1]  # SEQ
    return dlt645_values.texts(frame.di, data)


def _value(frame, wanted):
    got = [text for text, _ in _elements(frame)]
    if isinstance(wanted, list):
        return wanted if len(got) == len(wanted) and all(map(_same, got, wanted)) else got
    # a demand is a value and its time; `time` has a reader of its own
    if len(got) == 1 or (frame.di[:2] == "01" and len(got) == 2):
        return wanted if _same(got[0], wanted) else got[0]
    return wanted if _same(" ".join(got), wanted) else got


def _same(got, wanted):
    if wanted is None:
        return got == ""
    if not isinstance(wanted, str):
        return got != "" and float(got) == wanted
    if got == wanted or got.lower() == wanted.lower().replace("0x", ""):
        return True
    # a time may be written as the bare digits of its format
    if not got or got[0] == "-" or not all([char in "0123456789-: " for char in got]):
        return False
    return _digits(wanted) in (_digits(got), _digits(got)[2:])


def _digits(text):
    return "".join([char for char in text if char.isdigit()])


def _unit(frame, wanted):
    units = [unit for _, unit in _elements(frame)]
    return wanted if _UNITS.get(wanted, wanted or "") in units else units[0]


def _data(frame, wanted):
    payload = frame.data
    whole = dlt645.hex_bytes(frame.di, len(frame.di) // 2, "DI") + payload
    text = wanted.lower().replace(" ", "")
    if text in (hexlify(payload).decode(), hexlify(whole).decode()):
        return wanted
    return hexlify(payload).decode()


def _time(frame, wanted):
    if frame.control == dlt645.TIME:
        if len(frame.data) != 6:
            raise CodecError("a broadcast time has six bytes")
        got = ["20%02X-%02X-%02X %02X:%02X:%02X" % tuple(reversed(frame.data))]
    else:
        got = [text for text, _ in _elements(frame)]
    return wanted if any([_same(text, wanted) for text in got]) else got[-1]


def _di(frame, wanted):
    return wanted if frame.di == wanted.upper() else frame.di


def _addr(frame, wanted):
    return wanted if frame.addr == wanted.upper() else frame.addr


def _byte(at):
    def reader(frame, wanted):
        if len(frame.data) <= at:
            raise CodecError("the frame is too short")
        return _number(frame.data[at], wanted)

    return reader


_READERS = {
    "addr": _addr,
    "c": lambda frame, wanted: _number(frame.control, wanted),
    "di": _di,
    "value": _value,
    "values": _value,
    "unit": _unit,
    "data": _data,
    "err": lambda frame, wanted: _number(frame.error, wanted),
    "time": _time,
    "more": lambda frame, wanted: _plain(frame.more, wanted),
    "seq": lambda frame, wanted: _number(frame.data[-1], wanted),
    "n1": _byte(8),  # PA P0..P2 C0..C3 N1
    "password_level": _byte(0),
}
