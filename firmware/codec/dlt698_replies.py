"""APDUs the server of DL/T 698.45 sends, read for the client: answers, reports, LINK requests.

`parse` reads any of them and judges every byte. `results` of a Reply, by service and choice:
  GET 1 2, SET, ACTION, REPORT 1   Results
  GET 3 4, REPORT 2                Records
  GET 5                            one Block
  SET 3, ACTION 3                  (Result of the write, Result of the read) pairs
  REPORT 3                         (port, (octets, ..))
  PROXY 1                          (Address, (Results)) pairs
  PROXY 7                          one Result, whose data are the bytes that came back
  LINK                             one LinkRequest
  CONNECT                          one Association
  RELEASE                          (result,)
  ERROR                            (kind,): 1 cannot be parsed, 2 not supported, 255 other
  SECURITY                         one Secured
  what is not known in detail      the bytes as they came
"""

from collections import namedtuple

from micropython import const

from firmware.codec import dlt698_data
from firmware.codec import dlt698_fields as fields
from firmware.codec.dlt698_reader import Reader
from firmware.codec.dlt698_requests import read_terms
from firmware.core.errors import CodecError

LINK = const(0x01)
CONNECT = const(0x82)
RELEASE = const(0x83)
RELEASE_NOTICE = const(0x84)
GET = const(0x85)
SET = const(0x86)
ACTION = const(0x87)
REPORT = const(0x88)
PROXY = const(0x89)
SECURITY = const(0x90)
ERROR = const(0xEE)

OK = const(0)  # DAR
LOGIN = const(0)  # LINK request
HEARTBEAT = const(1)
LOGOUT = const(2)
PLAIN = const(0)  # Secured
CIPHER = const(1)
REFUSED = const(2)

_ACD = const(0x40)

# service, choice: the first bytes (choice 0 where there is none); piid: as in the request;
# acd: the server has something to report; follow: what it reports beside, Results or Records,
# bytes where they could not be read; tag: time tag or None
Reply = namedtuple("Reply", ("service", "choice", "piid", "acd", "results", "follow", "tag"))
Result = namedtuple("Result", ("oad", "dar", "data"))  # data: None unless dar is OK
# rows: tuples as wide as columns (CSDs)
Record = namedtuple("Record", ("oad", "dar", "columns", "rows"))
Block = namedtuple("Block", ("is_last", "number", "dar", "results"))
LinkRequest = namedtuple("LinkRequest", ("kind", "heartbeat_s", "time"))
# factory: (maker, software, its date, hardware, its date, extension); result: 0 ok;
# security: () or (random number, signature)
Association = namedtuple("Association", ("factory", "terms", "result", "security"))
# choice: PLAIN, CIPHER or REFUSED; body: an APDU, what the ESAM must decipher, or a DAR;
# check: the MAC information as it came
Secured = namedtuple("Secured", ("choice", "body", "check"))

_FACTORY = (4, 4, 6, 4, 6, 8)


def parse(apdu, typed=False):
    """The Reply; `typed` as in dlt698_data.decode. CodecError when it is none, or a byte of it
    is not what it should be."""
    r = Reader(apdu)
    service = r.number(1)
    if service == SECURITY:
        return _secured(r)
    if service in (LINK, CONNECT, RELEASE, RELEASE_NOTICE, ERROR):
        choice = 0
    elif GET <= service <= PROXY:
        choice = r.number(1)
    else:
        raise CodecError("there is no service %02XH of a server" % service)
    piid = r.number(1)
    results = _body(r, service, choice, typed)
    follow, tag = () if results is not None else b"", None
    if results is None:
        results = r.take(r.left())
    elif service != LINK and (service != ERROR or r.left()):
        follow, tag = _tail(r, typed)
    r.close()
    return Reply(service, choice, piid & 0xBF, piid & _ACD != 0, results, follow, tag)


def _body(r, service, choice, typed):
    """What stands between PIID and tail; None where its layout is not known."""
    if service == GET:
        return _get(r, choice, typed)
    if service in (SET, ACTION):
        return _written(r, service, choice, typed)
    if service == REPORT:
        return _report(r, choice, typed)
    if service == PROXY:
        return _proxy(r, choice, typed)
    if service == LINK:
        return LinkRequest(r.number(1), r.number(2), fields.read_time(r, fields.DATE_TIME))
    if service == CONNECT:
        return _association(r)
    if service in (RELEASE, ERROR):
        return (r.number(1),)
    return None


def _get(r, choice, typed):
    if choice == 1:
        return (_result(r, typed),)
    if choice == 2:
        return _list(r, _result, 6, typed)
    if choice == 3:
        return (_record(r, typed),)
    if choice == 4:
        return _list(r, _record, 7, typed)
    if choice == 5:
        return _block(r, typed)
    return None


def _list(r, read, least, typed):
    return tuple([read(r, typed) for _ in range(r.count(least))])


def _result(r, typed):
    """OAD, then 00 and a DAR, or 01 and the Data."""
    oad = fields.read_oad(r)
    if _choice(r):
        return Result(oad, OK, dlt698_data.read(r, typed))
    return Result(oad, r.number(1), None)


def _choice(r):
    choice = r.number(1)
    if choice > 1:
        raise CodecError("a result is a DAR (0) or data (1), not %d" % choice)
    return choice


def _record(r, typed):
    """OAD, columns, then 00 and a DAR, or 01 and the rows, as wide as the columns each."""
    oad = fields.read_oad(r)
    columns = fields.read_rcsd(r)
    if not _choice(r):
        return Record(oad, r.number(1), columns, ())
    width = len(columns)
    count = r.count(width)
    rows = [tuple([dlt698_data.read(r, typed) for _ in range(width)]) for _ in range(count)]
    return Record(oad, OK, columns, tuple(rows))


def _block(r, typed):
    is_last = r.number(1) != 0
    number = r.number(2)
    choice = r.number(1)
    if choice == 0:
        return Block(is_last, number, r.number(1), ())
    if choice > 2:
        raise CodecError("a block holds results (1) or records (2), not %d" % choice)
    return Block(is_last, number, OK, _either(r, choice, typed))


def _either(r, choice, typed):
    return _list(r, _result, 6, typed) if choice == 1 else _list(r, _record, 7, typed)


def _written(r, service, choice, typed):
    read = _set if service == SET else _action
    if choice == 1:
        return (read(r, typed),)
    if choice == 2:
        return _list(r, read, 5, typed)
    if choice == 3:
        count = r.count(11)
        return tuple([(read(r, typed), _result(r, typed)) for _ in range(count)])
    return None


def _set(r, typed):
    return Result(fields.read_oad(r), r.number(1), None)


def _action(r, typed):
    omd = fields.read_oad(r)
    dar = r.number(1)
    return Result(omd, dar, dlt698_data.read(r, typed) if _choice(r) else None)


def _report(r, choice, typed):
    if choice == 1 or choice == 2:
        return _either(r, choice, typed)
    if choice == 3:
        port = fields.read_oad(r)
        return port, tuple([r.octets() for _ in range(r.count())])
    return None


def _proxy(r, choice, typed):
    if choice == 1:
        count = r.count(2)
        return tuple([(fields.read_tsa(r), _list(r, _result, 6, typed)) for _ in range(count)])
    if choice == 7:
        port = fields.read_oad(r)
        if _choice(r):
            return Result(port, OK, r.octets())
        return Result(port, r.number(1), None)
    return None


def _association(r):
    factory = tuple([r.take(size) for size in _FACTORY])
    terms = read_terms(r)
    result = r.number(1)
    security = (r.octets(), r.octets()) if r.number(1) else ()
    return Association(factory, terms, result, security)


def _tail(r, typed):
    """(follow report, time tag). What is reported beside the answer never costs the answer:
    when it cannot be read it is handed out as bytes, the time tag with it."""
    if not r.number(1):
        return (), fields.read_time_tag(r)
    at = r.at
    try:
        follow = _either(r, r.number(1), typed)
        tag = fields.read_time_tag(r)
        r.close()
    except CodecError:
        r.at = at
        return r.take(r.left()), None
    return follow, tag


def _secured(r):
    choice = r.number(1)
    if choice > REFUSED:
        raise CodecError("a secured answer has no choice %d" % choice)
    body = r.number(1) if choice == REFUSED else r.octets()
    check = r.take(r.left())
    return Reply(SECURITY, choice, 0, False, Secured(choice, body, check), (), None)
