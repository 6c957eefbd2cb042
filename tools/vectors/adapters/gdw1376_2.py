"""Vectors of Q/GDW 1376.2 against firmware/codec/gdw1376_2."""

from firmware.codec import dlt645, dlt645_values, gdw1376_2, gdw1376_2_events
from firmware.codec import gdw1376_2_down as down
from firmware.codec import gdw1376_2_up as up
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError

PROTOCOLS = ("gdw1376.2",)

_EVENTS = {gdw1376_2_events.OUTAGE: "outage", gdw1376_2_events.RESTORED: "restore"}


def framer():
    return Framer(gdw1376_2.measure, 2 * gdw1376_2.MAX_FRAME)


def check(raw, decoded):
    """(problems, keys nothing is known about) of one frame."""
    frame = gdw1376_2.parse(raw)
    problems = []
    unchecked = []
    try:
        values = units(frame).decode(frame.afn, frame.fn, frame.unit)
        if plain(raw) not in rebuilt(frame, values):
            problems.append("what was read of it makes another frame")
    except CodecError as error:
        return ["CodecError: %s" % error], ()
    for key in sorted(decoded):
        reader = _READERS.get(key)
        try:
            if reader is not None:
                got = reader(frame, values)
            elif values and key in values:
                got = values[key]
            else:
                unchecked.append(key)
                continue
        except (CodecError, KeyError, TypeError) as error:
            got = "%s: %s" % (type(error).__name__, error)
        if not same(got, decoded[key]):
            problems.append("%s is %r, not %r" % (key, got, decoded[key]))
    if decoded and len(unchecked) == len(decoded):
        problems.append("nothing in 'decoded' could be checked")
    return problems, unchecked


def units(frame):
    return up if frame.control & gdw1376_2.UP else down


def plain(raw):
    """The frame without bits of R that have no meaning: they are neither read nor written."""
    meant = b"\xf5\x0f\xff\xff\x07\xff" if raw[3] & gdw1376_2.UP else b"\xff" * 6
    out = bytearray(raw)
    for i in range(6):
        out[4 + i] &= meant[i]
    if not raw[4] & 4:
        out[4] &= 15  # a relay level without an address field
    out[-2] = sum(out[3:-2]) & 255
    return out


def rebuilt(frame, values):
    """The frame built of what was read of it, its data unit in each form that can be written."""
    made = [frame.unit]
    if values is not None and "rest" not in values:
        made = [written(frame, values, form) for form in range(3)]
    return [
        gdw1376_2.build(frame.control, frame.info, frame.afn, frame.fn, unit, frame.address)
        for unit in made
        if unit is not None
    ]


def written(frame, values, form):
    """The data unit, None where `values` are not what this form needs."""
    try:
        return units(frame).encode(frame.afn, frame.fn, values, form)
    except CodecError:
        return None


def same(got, wanted):
    if isinstance(wanted, str) and not isinstance(got, str):
        return got == int(wanted, 16)
    if isinstance(wanted, str):
        return got.upper() == wanted.upper()
    return got == wanted


def _inner_kwh(frame, values):
    inner = dlt645.parse(values["data"])
    return dlt645_values.texts(inner.di, inner.data)[0][0]


def _event(frame, values):
    return gdw1376_2_events.read(values["device"], values["protocol"], values["content"])


# Each says what the frame says; keys without one are the names of the data unit's fields.
_READERS = {
    "afn": lambda frame, values: frame.afn,
    "fn": lambda frame, values: frame.fn,
    "dir": lambda frame, values: "up" if frame.control & gdw1376_2.UP else "down",
    "prm": lambda frame, values: 1 if frame.control & gdw1376_2.PRIMARY else 0,
    "comm_type": lambda frame, values: frame.control & gdw1376_2.TYPE,
    "seq": lambda frame, values: frame.info.seq,
    "route_flag": lambda frame, values: frame.info.bypass,
    "meter": lambda frame, values: gdw1376_2.node(frame),
    "inner_kwh": _inner_kwh,
    "count": lambda frame, values: values["count"] if "count" in values else len(values["nodes"]),
    "type": lambda frame, values: values["finished"],
    "event": lambda frame, values: _EVENTS.get(_event(frame, values).kind, "other"),
    "meters": lambda frame, values: _event(frame, values).nodes,
}
