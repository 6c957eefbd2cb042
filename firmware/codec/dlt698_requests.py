"""APDUs the client of DL/T 698.45 sends. Each function returns the bytes for a link frame, or
for dlt698_segment when they do not fit one.

`piid`: bits 5-0 number the request and are echoed, bit 7 asks for priority. `tag`: a time tag
((year .. second), TI) or None; a server may refuse a request that comes later than the TI after
it. OADs and OMDs are text ("20000200"), values are Data (dlt698_data), rows and columns as in
dlt698_select and dlt698_fields.
"""

from collections import namedtuple

from micropython import const

from firmware.codec import dlt698_data, dlt698_select
from firmware.codec import dlt698_fields as fields
from firmware.core.errors import CodecError

LINK = const(0x81)
CONNECT = const(0x02)
RELEASE = const(0x03)
GET = const(0x05)
SET = const(0x06)
ACTION = const(0x07)
REPORT = const(0x08)
PROXY = const(0x09)
SECURITY = const(0x10)

NORMAL = const(1)
LIST = const(2)
GET_RECORD = const(3)
GET_RECORD_LIST = const(4)
GET_NEXT = const(5)
THEN_GET = const(3)
TRANSPARENT = const(7)  # PROXY

CLOCK_TRUSTED = const(0x80)  # bit of the result of a LINK response

SID_MAC = const(0)  # check information of a SECURITY request
RN = const(1)
RN_MAC = const(2)
SID = const(3)

_CHECK_OCTETS = b"\x02\x01\x02\x01"  # octet strings of each

# What client and server agree on. protocol: 8 bytes, function: 16 bytes of conformance bits;
# send, receive: longest frame as L says it; window: frames; apdu: longest APDU; seconds: timeout
Terms = namedtuple(
    "Terms", ("version", "protocol", "function", "send", "receive", "window", "apdu", "seconds")
)
TERMS = Terms(16, b"\xff" * 8, b"\xff" * 16, 1024, 1024, 1, 1024, 100)

_TERM_SIZES = ((3, 2), (4, 2), (5, 1), (6, 2), (7, 4))  # field of Terms, its bytes


def _begin(service, choice, piid):
    out = bytearray([service, choice])
    fields.put_number(out, piid, 1)
    return out


def _end(out, tag):
    fields.put_time_tag(out, tag)
    return bytes(out)


def get(piid, oad, tag=None):
    out = _begin(GET, NORMAL, piid)
    fields.put_oad(out, oad)
    return _end(out, tag)


def get_list(piid, oads, tag=None):
    out = _begin(GET, LIST, piid)
    fields.put_oads(out, oads)
    return _end(out, tag)


def put_query(out, query):
    """(OAD, RSD, RCSD): which rows and columns of a record table."""
    oad, rows, columns = query
    fields.put_oad(out, oad)
    dlt698_select.put_rsd(out, rows)
    fields.put_rcsd(out, columns)


def get_record(piid, oad, rows, columns, tag=None):
    out = _begin(GET, GET_RECORD, piid)
    put_query(out, (oad, rows, columns))
    return _end(out, tag)


def get_record_list(piid, queries, tag=None):
    """`queries`: [(OAD, rows, columns)]."""
    out = _begin(GET, GET_RECORD_LIST, piid)
    fields.put_count(out, queries)
    for query in queries:
        put_query(out, query)
    return _end(out, tag)


def get_next(piid, block, tag=None):
    """The block behind `block`, the number of the one received last."""
    out = _begin(GET, GET_NEXT, piid)
    fields.put_number(out, block, 2)
    return _end(out, tag)


def _put_writes(out, items, then_get):
    """[(OAD or OMD, value)], or [(.., value, OAD to read, delay)] when `then_get`."""
    fields.put_count(out, items)
    for item in items:
        fields.put_oad(out, item[0])
        dlt698_data.put(out, item[1])
        if then_get:
            fields.put_oad(out, item[2])
            fields.put_number(out, item[3], 1)


def set_one(piid, oad, value, tag=None):
    return _write_one(SET, piid, oad, value, tag)


def set_list(piid, items, tag=None):
    """`items`: [(OAD, value)]."""
    return _write_list(SET, LIST, piid, items, tag)


def set_then_get(piid, items, tag=None):
    """`items`: [(OAD, value, OAD to read, delay in seconds)]."""
    return _write_list(SET, THEN_GET, piid, items, tag)


def action(piid, omd, value=None, tag=None):
    """Call a method; None is the parameter NULL."""
    return _write_one(ACTION, piid, omd, value, tag)


def action_list(piid, items, tag=None):
    """`items`: [(OMD, value)]."""
    return _write_list(ACTION, LIST, piid, items, tag)


def action_then_get(piid, items, tag=None):
    """`items`: [(OMD, value, OAD to read, delay in seconds)]."""
    return _write_list(ACTION, THEN_GET, piid, items, tag)


def _write_one(service, piid, oad, value, tag):
    out = _begin(service, NORMAL, piid)
    fields.put_oad(out, oad)
    dlt698_data.put(out, value)
    return _end(out, tag)


def _write_list(service, choice, piid, items, tag):
    out = _begin(service, choice, piid)
    _put_writes(out, items, choice == THEN_GET)
    return _end(out, tag)


def report_received(piid, choice, oads, tag=None):
    """Answer to a report: its PIID and choice (1 objects, 2 records), the OADs it told of."""
    out = _begin(REPORT, choice, piid & 0xBF)  # without ACD, which is the server's
    fields.put_oads(out, oads)
    return _end(out, tag)


def report_forwarded(piid, tag=None):
    """Answer to a report of transparent data (choice 3), which names no OAD."""
    return _end(_begin(REPORT, 3, piid & 0xBF), tag)


def proxy_get(piid, seconds, targets, tag=None):
    """Read through the server: `targets` = [(Address, seconds, OADs)], `seconds` for all."""
    out = _begin(PROXY, NORMAL, piid)
    fields.put_number(out, seconds, 2)
    fields.put_count(out, targets)
    for address, limit, oads in targets:
        fields.put_tsa(out, address)
        fields.put_number(out, limit, 2)
        fields.put_oads(out, oads)
    return _end(out, tag)


def proxy_transparent(piid, port, comdcb, seconds, byte_ms, command, tag=None):
    """Send `command` out of a port of the server ("F2010201"). `comdcb`: (baud, parity, data
    bits, stop bits, flow); wait `seconds` for the reply and `byte_ms` between its bytes."""
    out = _begin(PROXY, TRANSPARENT, piid)
    fields.put_oad(out, port)
    dlt698_data.put_comdcb(out, comdcb)
    fields.put_number(out, seconds, 2)
    fields.put_number(out, byte_ms, 2)
    fields.put_octets(out, command)
    return _end(out, tag)


def link_response(piid, result, asked, received, answered):
    """Answer to a LINK request: `result` 0 = ok, with CLOCK_TRUSTED; the time the request
    names, and when it came and was answered: (year, month, day, weekday, .. second, ms)."""
    out = bytearray([LINK])
    fields.put_number(out, piid & 0xBF, 1)
    fields.put_number(out, result, 1)
    for moment in (asked, received, answered):
        fields.put_time(out, moment, fields.DATE_TIME)
    return bytes(out)


def connect(piid, terms=TERMS, password=None, tag=None):
    """Open an application association: no security, or a password (text)."""
    if password is None:
        return _connect(piid, terms, b"\0", tag)
    mechanism = bytearray([1])
    fields.put_octets(mechanism, password.encode())
    return _connect(piid, terms, mechanism, tag)


def connect_secured(piid, mechanism, secret, signature, terms=TERMS, tag=None):
    """Mechanism 2 (symmetric) or 3 (signature) with what the ESAM chip made."""
    out = bytearray([mechanism])
    fields.put_octets(out, secret)
    fields.put_octets(out, signature)
    return _connect(piid, terms, out, tag)


def _connect(piid, terms, mechanism, tag):
    if len(terms.protocol) != 8 or len(terms.function) != 16:
        raise CodecError("conformance is 8 bytes of protocol and 16 of function")
    out = bytearray([CONNECT])
    fields.put_number(out, piid, 1)
    fields.put_number(out, terms.version, 2)
    out.extend(terms.protocol)
    out.extend(terms.function)
    for i, size in _TERM_SIZES:
        fields.put_number(out, terms[i], size)
    out.extend(mechanism)
    return _end(out, tag)


def read_terms(r):
    """The Terms in an answer, from a Reader."""
    first = (r.number(2), r.take(8), r.take(16))
    return Terms(*first + tuple([r.number(size) for _, size in _TERM_SIZES]))


def release(piid, tag=None):
    out = bytearray([RELEASE])
    fields.put_number(out, piid, 1)
    return _end(out, tag)


def secured(apdu, kind, parts, is_cipher=False):
    """SECURITY request around an APDU, plain or as the ESAM enciphered it. The check
    information `kind` has the `parts` SID_MAC (number, octets, MAC), RN (octets,),
    RN_MAC (octets, MAC), SID (number, octets): made by the ESAM, passed through."""
    out = bytearray([SECURITY, 1 if is_cipher else 0])
    fields.put_octets(out, apdu)
    if not 0 <= kind <= SID:
        raise CodecError("there is no check information %d" % kind)
    out.append(kind)
    if kind in (SID_MAC, SID):
        fields.put_number(out, parts[0], 4)
        parts = parts[1:]
    if len(parts) != _CHECK_OCTETS[kind]:
        raise CodecError("check information %d has %d octet strings" % (kind, _CHECK_OCTETS[kind]))
    for octets in parts:
        fields.put_octets(out, octets)
    return bytes(out)
