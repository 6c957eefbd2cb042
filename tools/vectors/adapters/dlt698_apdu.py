"""Vectors of DL/T 698.45 APDUs without a frame: answers read by dlt698_replies, requests read
here and written again by dlt698_requests."""

from binascii import hexlify, unhexlify

from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_replies as replies
from firmware.core.errors import CodecError
from tools.vectors import client698

PROTOCOLS = ("dlt698.45-apdu",)

_SERVICES = {
    0x01: "LINK-Request",
    0x82: "CONNECT-Response",
    0x83: "RELEASE-Response",
    0x84: "RELEASE-Notification",
    0x85: "GET-Response",
    0x86: "SET-Response",
    0x87: "ACTION-Response",
    0x88: "REPORT-Notification",
    0x89: "PROXY-Response",
    0xEE: "ERROR-Response",
}
_LINKS = ("login", "heartbeat", "logout")
_TYPES = {
    data.INT32: "double-long",
    data.UINT32: "double-long-unsigned",
    data.INT16: "long",
    data.UINT16: "long-unsigned",
    data.INT8: "integer",
    data.UINT8: "unsigned",
    data.INT64: "long64",
    data.UINT64: "long64-unsigned",
    data.ENUM: "enum",
}


def framer():
    return None  # they are no stream


def check(raw, decoded):
    return compare(facts_of(raw), decoded)


def facts_of(apdu):
    """What an APDU says, by the keys of 'decoded'; CodecError when it is none, or when the
    builders do not write the same request."""
    if apdu[:1] != b"\x01" and not (apdu and apdu[0] & 0x80 and apdu[0] != 0x81):
        facts, again = client698.read(apdu)
        if again != apdu:
            raise CodecError("written again it is %s" % hexlify(again).decode())
        return facts
    reply = replies.parse(apdu, True)
    facts = {"service": _SERVICES[reply.service] + (" %d" % reply.choice if reply.choice else "")}
    if reply.service == replies.LINK:
        facts["service"] += " " + _LINKS[reply.results.kind]
    if GET_TO_REPORT[0] <= reply.service <= GET_TO_REPORT[1] and reply.choice != 5:
        first = reply.results[0]
        facts["oad"] = first.oad
        facts["dar"] = first.dar
        if isinstance(first, replies.Record):
            facts["rows"] = len(first.rows)
            facts["data"] = first.rows[0][0] if first.rows else None
        else:
            facts["data"] = first.data
    return facts


GET_TO_REPORT = (replies.GET, replies.REPORT)


def compare(facts, decoded):
    """(problems, keys nothing is known about)"""
    problems = []
    unchecked = []
    for key in sorted(decoded):
        wanted = decoded[key]
        said = "oad" if key == "omd" else key
        if said not in facts:
            unchecked.append(key)
        elif not _same(facts[said], wanted):
            problems.append("%s is %r, not %r" % (key, facts[said], wanted))
    if decoded and len(unchecked) == len(decoded):
        problems.append("nothing in 'decoded' could be checked")
    return problems, unchecked


def _same(got, wanted):
    if isinstance(got, int) and not isinstance(got, bool):
        return got == (int(wanted, 16) if isinstance(wanted, str) else wanted)
    if isinstance(got, bytes) and isinstance(wanted, str) and " " not in wanted:
        return got == unhexlify(wanted)
    if isinstance(got, str) and " " not in wanted and wanted[:1].isalpha():
        return wanted in (got, got.split(" ")[0])  # a service may be named without its choice
    return wanted in (got, text(got))


def text(value):
    """Data as the vectors print it: the type, then the value."""
    if isinstance(value, bytes):
        return "octet-string " + hexlify(value).decode()
    if isinstance(value, list):
        return "array " + ",".join([text(item).split(" ")[-1] for item in value])
    if isinstance(value, data.Tagged):
        if value.tag == data.DATE_TIME_S:
            return "date_time_s %d-%02d-%02d %02d:%02d:%02d" % value.value
        return "%s %s" % (_TYPES.get(value.tag, "type %d" % value.tag), value.value)
    return str(value)
