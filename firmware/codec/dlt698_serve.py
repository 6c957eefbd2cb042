"""APDUs of DL/T 698.45 as the server sees them: a LINK request to send and its answer to read, and
what a client asks, answered in one turn. Sans-I/O, for a server of few and small objects.

Served are GET, SET and ACTION, normal and list, of what `objects` has, CONNECT without security
and RELEASE; the rest is answered by an ERROR-Response (1 cannot be parsed, 2 not supported, 255
more than MOST elements). Time tags are read and not judged: a wrong clock is set by such requests.
"""

from collections import namedtuple

from micropython import const

from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_fields as fields
from firmware.codec.dlt698_reader import Reader
from firmware.core.errors import CodecError

LOGIN = const(0)
HEARTBEAT = const(1)
LOGOUT = const(2)
MOST = const(16)  # elements of a list
LONGEST = const(512)  # frame and APDU we take

_LINK = const(0x01)
_LINK_ANSWER = const(0x81)
_CONNECT = const(0x02)
_RELEASE = const(0x03)
_GET = const(0x05)
_SET = const(0x06)
_ACTION = const(0x07)
_REPORT = const(0x08)
_ERROR = const(0x6E)
_ANSWER = const(0x80)  # ... to a service
_ERROR_ANSWER = const(0xEE)
_UNREADABLE = const(1)
_UNSUPPORTED = const(2)
_OTHER = const(255)
_NUMBER = const(0xBF)  # of a PIID; bit 6 is the server's ACD
_MECHANISMS = const(3)
_TERMS = const(37)  # bytes of what the client proposes
_SIZES = b"\x1a\x1c\x1f"  # where: its longest frame, ours, the longest APDU
_FACTORY = b"OTTU" + b" " * 28  # maker; versions and dates are not told
# bytes of the octet strings behind a mechanism
_SECRETS = b"\0\1\2\2"

# piid: as in the request; result: bit 7 clock trusted, bits 2-0 0 = ok; times: (year, month, day,
# weekday, hour, minute, second, ms), as the wire has them
LinkAnswer = namedtuple("LinkAnswer", ("piid", "result", "asked", "received", "answered"))


def link_request(piid, kind, heartbeat_s, moment):
    """LOGIN, HEARTBEAT or LOGOUT; the next one comes within `heartbeat_s`; `moment`: local time as
    in LinkAnswer."""
    out = bytearray([_LINK])
    fields.put_number(out, piid & _NUMBER, 1)
    fields.put_number(out, kind, 1)
    fields.put_number(out, heartbeat_s, 2)
    fields.put_time(out, moment, fields.DATE_TIME)
    return bytes(out)


def read_link_answer(apdu):
    """A LinkAnswer; CodecError."""
    r = Reader(apdu)
    if r.number(1) != _LINK_ANSWER:
        raise CodecError("this is no answer to a LINK request")
    piid, result = r.number(1), r.number(1)
    times = [fields.read_time(r, fields.DATE_TIME) for _ in range(3)]
    r.close()
    return LinkAnswer(piid, result, *times)


def serve(apdu, objects):
    """The APDU that answers a client's, b"" when none is due.

    `objects` has read(oad) -> (DAR, moment), write(oad, moment) and call(omd, moment) -> DAR.
    OADs and OMDs are text ("40000200"), a moment is (year, .. second) for a date_time_s, and None
    for data of another type. Nothing is written or called unless the whole APDU can be read."""
    if not apdu or apdu[0] in (_REPORT, _ERROR):
        return b""
    r = Reader(apdu)
    service = r.number(1)
    try:
        answer = _answer(r, service, objects)
    except CodecError:
        answer = _UNREADABLE
    if isinstance(answer, int):
        at = 1 if service in (_CONNECT, _RELEASE) else 2
        piid = apdu[at] & _NUMBER if len(apdu) > at else 0
        return bytes([_ERROR_ANSWER, piid, answer, 0, 0])
    answer.extend(b"\0\0")  # neither a report nor a time tag beside it
    return bytes(answer)


def _answer(r, service, objects):
    """A bytearray, or the number of an error."""
    if service == _CONNECT:
        return _connect(r)
    if service == _RELEASE:
        out = bytearray([_RELEASE | _ANSWER, r.number(1) & _NUMBER, 0])
        _end(r)
        return out
    if not _GET <= service <= _ACTION:
        return _UNSUPPORTED
    choice = r.number(1)
    if not 1 <= choice <= 2:
        return _UNSUPPORTED
    out = bytearray([service | _ANSWER, choice, r.number(1) & _NUMBER])
    count = 1 if choice == 1 else r.count(4)
    if count > MOST:
        return _OTHER
    asked = [(fields.read_oad(r), None if service == _GET else _moment(r)) for _ in range(count)]
    _end(r)
    if choice == 2:
        fields.put_count(out, asked)
    for oad, moment in asked:
        fields.put_oad(out, oad)
        _put_result(out, service, oad, moment, objects)
    return out


def _put_result(out, service, oad, moment, objects):
    if service == _SET:
        out.append(objects.write(oad, moment))
    elif service == _ACTION:
        out.append(objects.call(oad, moment))
        out.append(0)  # it returns nothing
    else:
        dar, moment = objects.read(oad)
        if moment is None:
            out.extend(bytes([0, dar]))
        else:
            out.append(1)
            data.put(out, data.Tagged(data.DATE_TIME_S, moment))


def _moment(r):
    value = data.read(r, True)
    if not isinstance(value, data.Tagged):
        return None
    tag, moment = value
    return moment if tag == data.DATE_TIME_S else None


def _connect(r):
    """Accepted as the client proposes it, but for our sizes, unless it wants to prove who it is:
    there is nothing to judge that by. The results of a refusal, 1 to 3, are the numbers of the
    mechanisms."""
    out = bytearray([_CONNECT | _ANSWER, r.number(1) & _NUMBER])
    terms = bytearray(r.take(_TERMS))
    mechanism = r.number(1)
    if mechanism > _MECHANISMS:
        return _UNSUPPORTED
    for _ in range(_SECRETS[mechanism]):
        r.octets()
    _end(r)
    for at in _SIZES:
        if terms[at] << 8 | terms[at + 1] > LONGEST:
            terms[at : at + 2] = LONGEST.to_bytes(2, "big")
    out.extend(_FACTORY)
    out.extend(terms)
    out.append(mechanism)
    out.append(0)  # no security data
    return out


def _end(r):
    fields.read_time_tag(r)
    r.close()
