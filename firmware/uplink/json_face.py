"""The JSON face: one message a device and round, and one an event, as UTF-8 text.

The text is written here because a dict keeps no order on a board and a float no digits:
values are integers with a power of ten and come out as exact decimals.
Topics: ttu/<station>/<device>/data, ttu/<station>/event, ttu/<station>/status.
"""

from firmware.core import decimal, quality
from firmware.core.errors import CodecError

ONLINE = b'{"state":"online"}'
OFFLINE = b'{"state":"offline"}'  # the will: the link was lost, which says nothing of the power

_CONTROLS = "".join([chr(code) for code in range(32)])


def quoted(text):
    """A string as JSON (RFC 8259, 7); what is not ASCII stays as it is."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    for char in _CONTROLS:
        if char in text:
            text = text.replace(char, "\\u%04x" % ord(char))
    return '"' + text + '"'


def message(device, stamp_ms, seq, names, powers, values, qualities):
    """One device's points as bytes; the last four are iterables of equal length.

    A value is `values[i] * 10**powers[i]`; with quality bits other than SB it is null; the
    bits (IEC 60870-5-4) stand in the map "q". stamp_ms is UTC since 1970.
    """
    shown = []
    bad = []
    for name, power, value, bits in zip(names, powers, values, qualities):
        key = quoted(name) + ":"
        shown.append(key + ("null" if bits & ~quality.SB else decimal.text(value, power)))
        if bits:
            bad.append("%s%d" % (key, bits))
    text = '{"device":%s,"stamp_ms":%d,"seq":%d,"values":{%s}' % (
        quoted(device),
        stamp_ms,
        seq,
        ",".join(shown),
    )
    if bad:
        text += ',"q":{' + ",".join(bad) + "}"
    return (text + "}").encode()


def event(code, device, stamp_ms, boot, seq, text, members=()):
    """One event as bytes. (boot, seq) is never used twice; device may be None; `members` are the
    names of all it concerns, when it is about many."""
    more = ',"members":[%s]' % ",".join([quoted(name) for name in members]) if members else ""
    return (
        '{"event":%s,"device":%s,"stamp_ms":%d,"boot":%d,"seq":%d,"text":%s%s}'
        % (
            quoted(code) if isinstance(code, str) else "%d" % code,
            "null" if device is None else quoted(device),
            stamp_ms,
            boot,
            seq,
            quoted(text),
            more,
        )
    ).encode()


def level(name):
    """A name as one topic level: UTF-8, with what MQTT reserves written as %XX."""
    if not name:
        raise CodecError("a topic needs a name, not an empty one")
    return "".join(["%%%02X" % ord(c) if c in "/+#%" or c < " " else c for c in name])


def data_topic(station, device):
    return ("ttu/%s/%s/data" % (level(station), level(device))).encode()


def event_topic(station):
    return ("ttu/%s/event" % level(station)).encode()


def status_topic(station):
    """Retained: ONLINE, or the will OFFLINE."""
    return ("ttu/%s/status" % level(station)).encode()
