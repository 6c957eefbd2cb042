"""The JSON face: one message a device and round, and one an event, as UTF-8 text.

The text is written here because a dict keeps no order on a board and a float no digits:
values are integers with a power of ten and come out as exact decimals.
Topics: ttu/<station>/<device>/data and /curve, ttu/<station>/event, /status, and /ack for what the
head-end answers. See docs/delivery.md.
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


def _points(names, powers, values, qualities):
    """`"values":{..}`, and `,"q":{..}` if any has quality bits."""
    shown = []
    bad = []
    for name, power, value, bits in zip(names, powers, values, qualities):
        key = quoted(name) + ":"
        shown.append(key + ("null" if bits & ~quality.SB else decimal.text(value, power)))
        if bits:
            bad.append("%s%d" % (key, bits))
    return '"values":{' + ",".join(shown) + "}" + (',"q":{' + ",".join(bad) + "}" if bad else "")


def message(device, stamp_ms, seq, names, powers, values, qualities):
    """One device's points as bytes; the last four are iterables of equal length.

    A value is `values[i] * 10**powers[i]`; with quality bits other than SB it is null; the
    bits (IEC 60870-5-4) stand in the map "q". stamp_ms is UTC since 1970.
    """
    points = _points(names, powers, values, qualities)
    return (
        '{"device":%s,"stamp_ms":%d,"seq":%d,%s}' % (quoted(device), stamp_ms, seq, points)
    ).encode()


def curve(device, end_ms, marks, names, powers, values, qualities, again=False, after=None):
    """One device's row of its curve, as `message`. end_ms: the boundary, UTC; `after`: end_ms of
    the device's row before, which is not acknowledged either; None: all before is."""
    more = ',"again":true' if again else ""
    if after is not None:
        more += ',"after":%d' % after
    points = _points(names, powers, values, qualities)
    return (
        '{"device":%s,"end_ms":%d,"marks":%d,%s%s}' % (quoted(device), end_ms, marks, points, more)
    ).encode()


def event(
    code, device, stamp_ms, boot, seq, text, members=(), again=False, after=None, early=False
):
    """One event as bytes. (boot, seq) is never used twice; device may be None; `members` are the
    names of all it concerns, when it is about many. again: it may have been sent before; early:
    it is sent out of its turn and will be again; after: (boot, seq) of the event before, which is
    not acknowledged either; None: all before is."""
    more = ',"members":[%s]' % ",".join([quoted(name) for name in members]) if members else ""
    if again:
        more += ',"again":true'
    if early:
        more += ',"early":true'
    if after is not None:
        more += ',"after":[%d,%d]' % after
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


def curve_topic(station, device):
    return ("ttu/%s/%s/curve" % (level(station), level(device))).encode()


def ack_topic(station):
    """What the head-end says it has."""
    return ("ttu/%s/ack" % level(station)).encode()


def event_topic(station):
    return ("ttu/%s/event" % level(station)).encode()


def status_topic(station):
    """Retained: ONLINE, or the will OFFLINE."""
    return ("ttu/%s/status" % level(station)).encode()
