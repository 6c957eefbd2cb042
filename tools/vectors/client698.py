"""Reads what a DL/T 698.45 client sends, which the terminal itself never has to: the replay
writes it again with the terminal's builders and compares.

`read(apdu)` -> (facts, apdu again): facts are {service, choice, oad, rsd, data, inner}.
"""

from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_fields as fields
from firmware.codec import dlt698_requests as requests
from firmware.codec import dlt698_select as select
from firmware.codec.dlt698_reader import Reader
from firmware.core.errors import CodecError

NAMES = {
    0x81: "LINK-Response",
    0x02: "CONNECT-Request",
    0x03: "RELEASE-Request",
    0x05: "GET-Request",
    0x06: "SET-Request",
    0x07: "ACTION-Request",
    0x08: "REPORT-Response",
    0x09: "PROXY-Request",
}


def read(apdu):
    r = Reader(apdu)
    service = r.number(1)
    if service not in NAMES:
        raise CodecError("no service %02XH of a client" % service)
    choice = 0 if service in (0x81, 0x02, 0x03) else r.number(1)
    piid = r.number(1)
    facts = {"service": NAMES[service] + (" %d" % choice if choice else "")}
    reader = _READERS.get((service, choice))
    if reader is None:
        raise CodecError("no reader of %s" % facts["service"])
    again = reader(r, piid, facts)
    r.close()
    return facts, again


def _link(r, piid, facts):
    result = r.number(1)
    times = [fields.read_time(r, fields.DATE_TIME) for _ in range(3)]
    return requests.link_response(piid, result, *times)


def _connect(r, piid, facts):
    terms = requests.read_terms(r)
    mechanism = r.number(1)
    if mechanism == 0:
        return requests.connect(piid, terms, None, fields.read_time_tag(r))
    if mechanism == 1:
        password = _text(r.octets())
        return requests.connect(piid, terms, password, fields.read_time_tag(r))
    secret, signature = r.octets(), r.octets()
    tag = fields.read_time_tag(r)
    return requests.connect_secured(piid, mechanism, secret, signature, terms, tag)


def _text(raw):
    try:
        return raw.decode()
    except UnicodeError:
        raise CodecError("the password is no text")


def _release(r, piid, facts):
    return requests.release(piid, fields.read_time_tag(r))


def _get(r, piid, facts):
    facts["oad"] = fields.read_oad(r)
    return requests.get(piid, facts["oad"], fields.read_time_tag(r))


def _get_list(r, piid, facts):
    return requests.get_list(piid, fields.read_oads(r), fields.read_time_tag(r))


def _query(r, facts):
    facts["oad"] = fields.read_oad(r)
    rows = select.read_rsd(r, True)
    facts["rsd"] = rows[0]
    return facts["oad"], rows, fields.read_rcsd(r)


def _get_record(r, piid, facts):
    return requests.get_record(piid, *_query(r, facts), fields.read_time_tag(r))


def _get_record_list(r, piid, facts):
    queries = [_query(r, facts) for _ in range(r.count(6))]
    return requests.get_record_list(piid, queries, fields.read_time_tag(r))


def _get_next(r, piid, facts):
    return requests.get_next(piid, r.number(2), fields.read_time_tag(r))


def _write(r, facts):
    facts["oad"] = fields.read_oad(r)
    facts["data"] = data.read(r, True)
    return facts["oad"], facts["data"]


def _writes(r, facts):
    return [_write(r, facts) for _ in range(r.count(5))]


def _then_gets(r, facts):
    return [_write(r, facts) + (fields.read_oad(r), r.number(1)) for _ in range(r.count(10))]


def _one(build):
    return lambda r, piid, facts: build(piid, *_write(r, facts), fields.read_time_tag(r))


def _many(build, read):
    return lambda r, piid, facts: build(piid, read(r, facts), fields.read_time_tag(r))


def _reported(choice):
    def reader(r, piid, facts):
        return requests.report_received(piid, choice, fields.read_oads(r), fields.read_time_tag(r))

    return reader


def _forwarded(r, piid, facts):
    return requests.report_forwarded(piid, fields.read_time_tag(r))


def _proxy_get(r, piid, facts):
    seconds = r.number(2)
    targets = []
    for _ in range(r.count(4)):
        targets.append((fields.read_tsa(r), r.number(2), fields.read_oads(r)))
    return requests.proxy_get(piid, seconds, targets, fields.read_time_tag(r))


def _proxy_transparent(r, piid, facts):
    facts["oad"] = fields.read_oad(r)
    port = (facts["oad"], tuple(r.take(5)), r.number(2), r.number(2))
    facts["inner"] = r.octets()
    return requests.proxy_transparent(piid, *port, facts["inner"], fields.read_time_tag(r))


_READERS = {
    (0x81, 0): _link,
    (0x02, 0): _connect,
    (0x03, 0): _release,
    (0x05, 1): _get,
    (0x05, 2): _get_list,
    (0x05, 3): _get_record,
    (0x05, 4): _get_record_list,
    (0x05, 5): _get_next,
    (0x06, 1): _one(requests.set_one),
    (0x06, 2): _many(requests.set_list, _writes),
    (0x06, 3): _many(requests.set_then_get, _then_gets),
    (0x07, 1): _one(requests.action),
    (0x07, 2): _many(requests.action_list, _writes),
    (0x07, 3): _many(requests.action_then_get, _then_gets),
    (0x08, 1): _reported(1),
    (0x08, 2): _reported(2),
    (0x08, 3): _forwarded,
    (0x09, 1): _proxy_get,
    (0x09, 7): _proxy_transparent,
}
