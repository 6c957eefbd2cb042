"""What a DL/T 698.45 master answers to a LINK request, true or not. Frames and APDUs are made by
the package `dlt698` (a C++ core); the firmware's codec has no part in it.
"""

import datetime
import struct

from dlt698 import _native as core

LINK, SERVICE = 0x01, 0x43  # control bytes of a master: an answer to a LINK request, a request
TRUSTED = 0x80

KINDS = {
    "untrusted": "says that its clock is not trusted",
    "refused": "refuses the login (result 2)",
    "echo": "repeats a time of request that is 1 ms later",
    "number": "repeats another PIID",
    "old": "answers each question with its answer to the one before",
    "crc": "sends a frame whose check sum is wrong",
    "stranger": "answers another terminal",
    "half": "sends half of a frame, and no more",
    "pieces": "sends each byte alone",
    "garbage": "sends bytes before the frame, among them a header that lies",
    "header": "sends the header of a long frame before its answer",
    "flood": "sends bytes that are no frame, without end",
    "delay": "holds each answer back for 0.5 s behind the time it tells",
    "whole": "tells whole seconds",
    "backwards": "answers before it was asked",
    "past": "lives in 2001",
    "no date": "tells the 31st of February",
    "twice": "sends each answer twice",
    "silent": "answers nothing",
    "deaf": "answers the login, and no heart-beat",
    "close": "hangs up when it is asked",
}
# half a frame, a header that announces 1300 bytes, and bytes that begin like one
_GARBAGE = bytes.fromhex("00ff1668681e0001056811") + b"\x68\x14\x05\x01\x05" + b"\x16" * 20


def moment(seconds, zone_min):
    """A date_time of local time: year, month, day, weekday, hour, minute, second, ms."""
    local = datetime.datetime(1970, 1, 1) + datetime.timedelta(minutes=zone_min, seconds=seconds)
    day = (local.year, local.month, local.day, local.isoweekday())
    clock = (local.hour, local.minute, local.second, local.microsecond // 1000)
    return struct.pack(">H6BH", *day, *clock)


def frame(control, server, apdu, client=0):
    return core.encode_frame(
        core.Frame(control=control, server=server, client=client, payload=apdu)
    )


def reply(asked, received, answered, result=TRUSTED, piid=None):
    """The APDU that answers a core.LinkRequest."""
    times = {
        "requested_at": asked.requested_at,
        "received_at": core.DateTime(value=list(received)),
        "responded_at": core.DateTime(value=list(answered)),
    }
    piid = asked.piid_acd & 0xBF if piid is None else piid
    return core.encode_apdu(core.LinkResponse(piid=piid, result=result, **times))


def answers(lie, asked, server, now, zone_min):
    """What is sent, in order: bytes, or a number of seconds to wait. `now()`: the master's UTC."""
    came = now()
    result, piid = TRUSTED, None
    if lie == "untrusted":
        result = 0
    elif lie == "refused":
        result = 2
    elif lie == "number":
        piid = asked.piid_acd + 1 & 0x3F
    elif lie == "past":
        came -= 800_000_000
    elif lie == "whole":
        came = came // 1
    received, answered = moment(came, zone_min), moment(came, zone_min)
    if lie == "backwards":
        received = moment(came + 5, zone_min)
    elif lie == "no date":
        answered = received = received[:2] + b"\x02\x1f" + received[4:]
    elif lie == "echo":
        *rest, ms = struct.unpack(">H6BH", bytes(asked.requested_at.value))
        wrong = struct.pack(">H6BH", *rest, (ms + 1) % 1000)
        asked.requested_at = core.DateTime(value=list(wrong))
    elif lie == "stranger":
        other = bytes(server.bytes[:-1]) + bytes([server.bytes[-1] ^ 0x10])
        server = core.ServerAddress(bytes=other, logical=0, type=core.AddressType.single)
    good = frame(LINK, server, reply(asked, received, answered, result, piid))
    if lie == "crc":
        return [good[:-3] + bytes([good[-3] ^ 1]) + good[-2:]]
    if lie == "half":
        return [good[: len(good) // 2]]
    if lie == "pieces":
        return [part for byte in good for part in (bytes([byte]), 0.002)]
    if lie == "garbage":
        return [_GARBAGE + good]
    if lie == "header":
        return [frame(LINK, server, bytes(900))[:30] + good]
    if lie == "flood":
        return [b"\x55" * 1000] * 20
    if lie == "delay":
        return [0.5, good]
    return [good, good] if lie == "twice" else [good]
