"""Whether an APDU of a server answers a request of DL/T 698.45: by its head (service, choice,
service number), which tells before anything is joined or read, and then by the OADs it names."""

from micropython import const

from firmware.codec import dlt698_data, dlt698_replies, dlt698_requests
from firmware.codec.dlt698_fields import read_oad
from firmware.codec.dlt698_reader import Reader
from firmware.codec.dlt698_replies import Record, Result

NUMBER = const(0x3F)  # bits 5-0 of a PIID: the service number, echoed
PRIORITY = const(0x80)

_ANSWER = const(0x80)  # the service of an answer is that of the request and this
_HEAD = const(3)
_WITH_OADS = (dlt698_requests.GET, dlt698_requests.SET, dlt698_requests.ACTION)


def piid_at(service):
    """Offset of the PIID in an APDU of either direction: behind the choice where there is one."""
    if service in (
        dlt698_requests.CONNECT,
        dlt698_requests.RELEASE,
        dlt698_replies.CONNECT,
        dlt698_replies.RELEASE,
        dlt698_replies.ERROR,
    ):
        return 1
    return 2


def is_answer(apdu, request):
    """By the first three bytes of `apdu`. The priority bit need not be echoed. A GET may be
    answered with a block. A SECURITY envelope shows no PIID: any of them answers another, and so
    does an error."""
    if len(apdu) < _HEAD:
        return False
    service, asked = apdu[0], request[0]
    if service != asked | _ANSWER and service != dlt698_replies.ERROR:
        return False
    if asked == dlt698_requests.SECURITY:
        return True
    if (apdu[piid_at(service)] ^ request[piid_at(asked)]) & NUMBER:
        return False
    if service == dlt698_replies.ERROR or piid_at(asked) == 1 or apdu[1] == request[1]:
        return True
    return (
        asked == dlt698_requests.GET
        and apdu[1] == dlt698_requests.GET_NEXT
        and request[1] <= dlt698_requests.GET_RECORD_LIST
    )


def is_told(reply, request):
    """The results of an answer to GET, SET or ACTION are of the kind and of the OADs asked, in
    their order. Other requests, the OADs of records, and errors are not judged."""
    service, choice = request[0], request[1]
    if service not in _WITH_OADS or reply.service == dlt698_replies.ERROR:
        return True
    results = reply.results
    if service == dlt698_requests.GET and choice > dlt698_requests.LIST:
        if choice == dlt698_requests.GET_RECORD and len(results) != 1:
            return False
        return choice > dlt698_requests.GET_RECORD_LIST or _are(results, Record)
    told = []
    for result in results:
        parts = (result,) if isinstance(result, Result) else result
        told.extend([part.oad for part in parts if isinstance(part, Result)])
    return told == _oads(request)


def _are(results, kind):
    return all([isinstance(result, kind) for result in results])


def _oads(request):
    """Of GET 1 2, SET and ACTION: the OADs or OMDs in the order of the answer."""
    service, choice = request[0], request[1]
    r = Reader(request, _HEAD)
    asked = []
    for _ in range(1 if choice == dlt698_requests.NORMAL else r.count(4)):
        asked.append(read_oad(r))
        if service == dlt698_requests.GET:
            continue
        dlt698_data.read(r)
        if choice == dlt698_requests.THEN_GET:
            asked.append(read_oad(r))
            r.skip(1)  # the delay
    return asked
