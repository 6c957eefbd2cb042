"""An event as bytes: boot (u32), sequence (u32), code (u16), stamp in ms (u48), kind of the
details (u8), length of the device's name (u8), the name, the details; little-endian, UTF-8.

Details are nothing, a text, members, or another value as JSON; members that do not fit are
counted in the text, and a value that does not fit becomes the start of its text.
"""

import json
import struct

from micropython import const

from firmware.core.members import Members

HEAD = const(18)
LIMIT = const(2048)  # bytes of an event: 60 members with names of 30 characters
_NONE, _TEXT, _MEMBERS, _JSON = range(4)
_NAME_MAX = const(48)  # bytes of a device's name


def packed(boot, event):
    """Bytes of the event tuple of store.events, LIMIT at most."""
    sequence, code, device, stamp_ms, details = event
    name = device.encode()[:_NAME_MAX]
    kind, body = _details(details, LIMIT - HEAD - len(name))
    stamp_ms = min(max(stamp_ms, 0), 0xFFFFFFFFFFFF)
    head = struct.pack(
        "<IIHIHBB", boot, sequence, code, stamp_ms & 0xFFFFFFFF, stamp_ms >> 32, kind, len(name)
    )
    return head + name + body


def key(payload):
    """(boot, sequence): events are in the order of it."""
    return struct.unpack_from("<II", payload, 0)


def stamp(payload):
    """UTC ms."""
    low, high = struct.unpack_from("<IH", payload, 10)
    return high << 32 | low


def unpacked(payload):
    """(boot, event)."""
    boot, sequence, code, _, _, kind, length = struct.unpack_from("<IIHIHBB", payload, 0)
    device = _text(payload[HEAD : HEAD + length])
    details = _text(payload[HEAD + length :])
    if kind == _MEMBERS:
        text, names = json.loads(details)
        details = Members(text, tuple(names))
    elif kind == _JSON:
        details = json.loads(details)
    return boot, (sequence, code, device, stamp(payload), details)


def _details(details, room):
    """(kind, bytes)."""
    if details == "":
        return _NONE, b""
    if isinstance(details, str):
        return _TEXT, details.encode()[:room]
    if not isinstance(details, Members):
        body = json.dumps(details).encode()
        return (_JSON, body) if len(body) <= room else (_TEXT, body[:room])
    text, names = details.text[:160], list(details.names)
    body = json.dumps((text, names)).encode()
    while len(body) > room and names:
        del names[-max(1, len(names) // 8) :]
        more = " (and %d more)" % (len(details.names) - len(names))
        body = json.dumps((text + more, names)).encode()
    return _MEMBERS, body


def _text(data):
    """A text that may have been cut within a character."""
    for cut in range(4):
        try:
            return str(data[: len(data) - cut], "utf-8")
        except UnicodeError:
            pass
    return ""
