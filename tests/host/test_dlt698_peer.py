"""The DL/T 698.45 codec against the independent package `dlt698` (a C++ core): random data, every
request and answer, frames and fragments, made by either side and read by the other."""

import json
import random

import pytest
from dlt698 import _native as peer
from dlt698_draw import Draw

from firmware.codec import dlt698, dlt698_address, dlt698_segment
from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_replies as replies
from firmware.codec import dlt698_requests as requests
from firmware.codec.dlt698_data import Tagged
from firmware.codec.framer import Framer


@pytest.mark.parametrize("seed", range(4))
def test_data(seed):
    """Each writes the same bytes, and reads the same in them."""
    draw = Draw(seed)
    tags = set()
    for _ in range(500):
        ours, theirs = draw.value()
        raw = peer.encode_data(theirs)
        tags.add(raw[0])
        assert data.encode(ours) == raw
        assert data.decode(raw, True) == ours
        assert peer.decode_data(data.encode(ours)) == theirs
    assert len(tags) >= 35


@pytest.mark.parametrize("count", [127, 128, 255, 256, 1000])
def test_many_elements(count):
    theirs = peer.Data.array([peer.Data.uint8(k % 256) for k in range(count)])
    raw = peer.encode_data(theirs)
    assert data.encode([Tagged(data.UINT8, k % 256) for k in range(count)]) == raw
    assert data.decode(raw) == [k % 256 for k in range(count)]
    oads = [peer.Oad(oi=k, attribute=2, index=0) for k in range(count)]
    ours = requests.get_list(5, [f"{k:04X}0200" for k in range(count)])
    same(ours, peer.GetRequest, attributes=oads, list=True, piid=5)


def same(ours, kind, **fields):
    """Our request is the package's, byte for byte, and the package reads it."""
    theirs = peer.encode_apdu(kind(**fields))
    assert ours == theirs
    assert isinstance(peer.decode_apdu(ours), kind)


@pytest.mark.parametrize("seed", range(30))
def test_get_requests(seed):
    draw = Draw(seed)
    (tag, their_tag), piid = draw.tag(), draw.rng.choice((0, 1, 63, 0x85))
    common = {"piid": piid, "time_tag": their_tag}
    (oad, their_oad), (oads, their_oads) = draw.oad(), draw.many(draw.oad, 1)
    same(requests.get(piid, oad, tag), peer.GetRequest, attributes=[their_oad], **common)
    ours = requests.get_list(piid, oads, tag)
    same(ours, peer.GetRequest, attributes=their_oads, list=True, **common)
    ours = requests.get_next(piid, seed * 257, tag)
    same(ours, peer.GetNextRequest, block=seed * 257, **common)

    def query():
        (oad, their_oad), (columns, their_columns) = draw.oad(), draw.rcsd()
        rows, their_rows = draw.rows(draw.rng.choice((seed % 11, None)))
        theirs = peer.GetRecord(attribute=their_oad, rows=their_rows, columns=their_columns)
        return (oad, rows, columns), theirs

    ours, theirs = query()
    same(requests.get_record(piid, *ours, tag), peer.GetRecordRequest, records=[theirs], **common)
    ours, theirs = draw.many(query, 1)
    ours = requests.get_record_list(piid, ours, tag)
    same(ours, peer.GetRecordRequest, records=theirs, list=True, **common)


@pytest.mark.parametrize("seed", range(30))
def test_write_requests(seed):
    draw = Draw(seed)
    tag, their_tag = draw.tag()
    common = {"piid": 7, "time_tag": their_tag}

    def write():
        (oad, their_oad), (value, their_value) = draw.oad(), draw.value(3)
        return (oad, value), peer.SetAttribute(attribute=their_oad, value=their_value)

    def call():
        (omd, their_omd), (value, their_value) = draw.omd(), draw.value(3)
        return (omd, value), peer.ActionMethod(method=their_omd, parameter=their_value)

    def write_then_get():
        (ours, theirs), (oad, their_oad), delay = write(), draw.oad(), draw.rng.randrange(256)
        return (*ours, oad, delay), peer.SetThenGet(
            set=theirs, read=their_oad, delay_seconds=delay
        )

    def call_then_get():
        (ours, theirs), (oad, their_oad), delay = call(), draw.oad(), draw.rng.randrange(256)
        theirs = peer.ActionThenGet(action=theirs, read=their_oad, delay_seconds=delay)
        return (*ours, oad, delay), theirs

    ours, theirs = write()
    same(requests.set_one(7, *ours, tag), peer.SetRequest, attributes=[theirs], **common)
    ours, theirs = draw.many(write, 1)
    ours = requests.set_list(7, ours, tag)
    same(ours, peer.SetRequest, attributes=theirs, list=True, **common)
    ours, theirs = draw.many(write_then_get, 1)
    same(requests.set_then_get(7, ours, tag), peer.SetThenGetRequest, items=theirs, **common)
    ours, theirs = call()
    same(requests.action(7, *ours, tag), peer.ActionRequest, methods=[theirs], **common)
    ours, theirs = draw.many(call, 1)
    ours = requests.action_list(7, ours, tag)
    same(ours, peer.ActionRequest, methods=theirs, list=True, **common)
    ours, theirs = draw.many(call_then_get, 1)
    same(requests.action_then_get(7, ours, tag), peer.ActionThenGetRequest, items=theirs, **common)


@pytest.mark.parametrize("seed", range(10))
def test_other_requests(seed):
    draw = Draw(seed)
    tag, their_tag = draw.tag()
    common = {"piid": 9, "time_tag": their_tag}
    same(requests.release(9, tag), peer.ReleaseRequest, **common)
    oads, their_oads = draw.many(draw.oad, 1)
    for choice in (1, 2):
        ours = requests.report_received(0x49, choice, oads, tag)
        same(ours, peer.ReportResponse, choice=choice, attributes=their_oads, **common)
    same(requests.report_forwarded(0x49, tag), peer.ReportResponse, choice=3, **common)

    def target():
        (tsa, their_tsa), (oads, their_oads) = draw.tsa(), draw.many(draw.oad, 1)
        theirs = peer.ProxyGetTarget(server=their_tsa, timeout_seconds=300, items=their_oads)
        return (tsa, 300, oads), theirs

    ours, theirs = draw.many(target, 1)
    ours = requests.proxy_get(9, 700, ours, tag)
    same(ours, peer.ProxyRequest, payload=theirs, timeout_seconds=700, **common)
    (port, their_port), (comdcb, their_comdcb), command = draw.oad(), draw.port(), draw.raw()
    theirs = peer.ProxyTransRequest(
        port=their_port,
        communication=their_comdcb,
        response_timeout_seconds=10,
        byte_timeout_milliseconds=500,
        command=command,
    )
    ours = requests.proxy_transparent(9, port, comdcb, 10, 500, command, tag)
    same(ours, peer.ProxyRequest, payload=theirs, **common)


def association(terms):
    return peer.AssociationParameters(
        version=terms.version,
        protocol=list(terms.protocol),
        function=list(terms.function),
        send_frame_bytes=terms.send,
        receive_frame_bytes=terms.receive,
        receive_window=terms.window,
        apdu_bytes=terms.apdu,
        timeout_seconds=terms.seconds,
    )


TERMS = requests.Terms(22, bytes(range(8)), bytes(range(16)), 1000, 2000, 2, 3000, 70000)


@pytest.mark.parametrize("seed", range(5))
def test_link_and_association(seed):
    draw = Draw(seed)
    tag, their_tag = draw.tag()
    common = {"piid": 9, "time_tag": their_tag, "parameters": association(TERMS)}
    same(requests.connect(9, TERMS, None, tag), peer.ConnectRequest, **common)
    same(
        requests.connect(9, TERMS, "secret", tag),
        peer.ConnectRequest,
        mechanism=peer.PasswordSecurity(password="secret"),
        **common,
    )
    same(
        requests.connect_secured(9, 2, b"cipher", b"sign", TERMS, tag),
        peer.ConnectRequest,
        mechanism=peer.SymmetrySecurity(ciphertext=b"cipher", signature=b"sign"),
        **common,
    )
    times, theirs = draw.many(draw.moment, 3, 3)
    names = ("requested_at", "received_at", "responded_at")
    theirs = {n: peer.DateTime(value=v) for n, v in zip(names, theirs, strict=True)}
    same(requests.link_response(9, 0x80, *times), peer.LinkResponse, piid=9, result=0x80, **theirs)


def test_secured_requests():
    sid = peer.Sid(identifier=77, additional=b"add")
    mac, number = peer.Mac(value=b"4mac"), peer.Rn(value=b"random")
    for kind, parts, verification in (
        (requests.SID_MAC, (77, b"add", b"4mac"), peer.SidMac(sid=sid, mac=mac)),
        (requests.RN, (b"random",), number),
        (requests.RN_MAC, (b"random", b"4mac"), peer.RnMac(random=number, mac=mac)),
        (requests.SID, (77, b"add"), sid),
    ):
        apdu = requests.get(3, "20000200")
        for is_cipher in (False, True):
            theirs = peer.SecurityRequest(
                application=apdu, encrypted=is_cipher, verification=verification
            )
            raw = requests.secured(apdu, kind, parts, is_cipher)
            assert raw == peer.encode_security(theirs)


def answer(kind, **fields):
    """The package's answer, read by us; (Reply, results)."""
    reply = replies.parse(peer.encode_apdu(kind(**fields)), True)
    return reply, reply.results


@pytest.mark.parametrize("seed", range(40))
def test_answers(seed):
    draw = Draw(seed)
    tag, their_tag = draw.tag()
    follow, their_follow = draw.many(draw.rng.choice((draw.result, draw.record)), 1)
    common = {"piid_acd": 0x45, "time_tag": their_tag}
    if draw.rng.random() < 0.5:
        common["follow_report"] = their_follow
    else:
        follow = []

    def check(kind, ours, **fields):
        reply, results = answer(kind, **common, **fields)
        assert (reply.piid, reply.acd, reply.tag) == (5, True, tag)
        assert reply.follow == tuple(follow)
        assert results == ours

    ours, theirs = draw.many(draw.result, 1)
    check(peer.GetResponse, tuple(ours), attributes=theirs, list=True)
    check(peer.GetResponse, tuple(ours[:1]), attributes=theirs[:1])
    check(peer.GetNextResponse, (True, 3, 0, tuple(ours)), last=True, block=3, result=theirs)
    check(peer.ReportNotification, tuple(ours), payload=theirs)
    records, their_records = draw.many(draw.record, 1)
    check(peer.GetRecordResponse, tuple(records), records=their_records, list=True)
    check(peer.GetRecordResponse, tuple(records[:1]), records=their_records[:1])
    check(peer.GetNextResponse, (False, 9, 0, tuple(records)), block=9, result=their_records)
    check(peer.GetNextResponse, (True, 9, 14, ()), last=True, block=9, result=14)
    check(peer.ReportNotification, tuple(records), payload=their_records)

    def written():
        (oad, theirs), dar = draw.oad(), draw.rng.choice((0, 3))
        return (oad, dar, None), peer.SetResult(attribute=theirs, dar=dar)

    def called():
        omd, their_omd = draw.omd()
        value, theirs = draw.value(2)
        if value is None or draw.rng.random() < 0.3:
            return (omd, 3, None), peer.ActionResult(method=their_omd, dar=3)
        return (omd, 0, value), peer.ActionResult(method=their_omd, dar=0, data=theirs)

    ours, theirs = draw.many(written, 1)
    check(peer.SetResponse, tuple(ours), attributes=theirs, list=True)
    check(peer.SetResponse, tuple(ours[:1]), attributes=theirs[:1])
    ours, theirs = draw.many(called, 1)
    check(peer.ActionResponse, tuple(ours), methods=theirs, list=True)
    check(peer.ActionResponse, tuple(ours[:1]), methods=theirs[:1])
    for first, result, pair, name in (
        (written, peer.SetThenGetResult, peer.SetThenGetResponse, "set"),
        (called, peer.ActionThenGetResult, peer.ActionThenGetResponse, "action"),
    ):
        (ours, theirs), (read, their_read) = first(), draw.result()
        check(pair, ((ours, read),), items=[result(**{name: theirs, "read": their_read})])
    (tsa, their_tsa), (ours, theirs) = draw.tsa(), draw.many(draw.result, 1)
    theirs = peer.ProxyGetResultTarget(server=their_tsa, items=theirs)
    check(peer.ProxyResponse, ((tsa, tuple(ours)),), payload=[theirs])
    (oad, their_oad), raw = draw.oad(), draw.raw()
    theirs = peer.ProxyTransResponse(port=their_oad, result=raw)
    check(peer.ProxyResponse, (oad, 0, raw), payload=theirs)
    theirs = peer.ProxyTransResponse(port=their_oad, result=33)
    check(peer.ProxyResponse, (oad, 33, None), payload=theirs)
    theirs = peer.TransData(port=their_oad, data=[raw, b"ab"])
    check(peer.ReportNotification, (oad, (raw, b"ab")), payload=theirs)
    check(peer.ReleaseResponse, (0,))
    security = peer.SecurityData(random=b"rn", signature=b"sign")
    factory = peer.FactoryVersion(manufacturer=list(b"OTTU"), hardware_version=list(b"hw01"))
    reply, results = answer(
        peer.ConnectResponse,
        **common,
        factory=factory,
        parameters=association(TERMS),
        result=1,
        security=security,
    )
    assert (results.terms, results.result, results.security) == (TERMS, 1, (b"rn", b"sign"))
    assert (results.factory[0], results.factory[3], reply.tag) == (b"OTTU", b"hw01", tag)


def test_other_answers():
    draw = Draw(1)
    (moment, theirs), kind = draw.moment(), peer.LinkRequestType
    theirs = peer.LinkRequest(
        requested_at=peer.DateTime(value=theirs),
        heartbeat_seconds=300,
        type=kind(1),
        piid_acd=0x42,
    )
    reply = replies.parse(peer.encode_apdu(theirs))
    assert reply.results == (replies.HEARTBEAT, 300, moment) and (reply.piid, reply.acd) == (2, 1)
    reply, results = answer(peer.ErrorResponse, server=True, piid=3, type=2)
    assert (reply.service, reply.piid, results) == (replies.ERROR, 3, (2,))
    reply, results = answer(peer.ReleaseNotification, piid_acd=3)
    assert reply.service == replies.RELEASE_NOTICE and isinstance(results, bytes)
    for body, choice in ((b"plain", 0), (b"cipher", 1), (3, 2)):
        encrypted = choice == 1
        mac = peer.Mac(value=b"mac!") if choice != 2 else None
        secured = peer.SecurityResponse(application=body, encrypted=encrypted, verification=mac)
        reply = replies.parse(peer.encode_security(secured))
        assert reply.results[:2] == (choice, body)


def pairs_of_frames(draw, count):
    kinds = ("single", "wildcard", "group", "broadcast")
    for _ in range(count):
        raw = draw.rng.randbytes(draw.rng.randint(1, 16))
        kind, logical = draw.rng.randrange(4), draw.rng.randrange(2)
        control = draw.rng.choice((0x43, 0xC3, 0x81, 0x01, 0x83, 0x03, 0x4B, 0xCB))
        client, payload = draw.rng.randrange(256), draw.rng.randbytes(draw.rng.randint(1, 400))
        if kind == dlt698_address.BROADCAST:  # the package knows one, from no client
            raw, logical, client = b"\xaa", 0, 0
        address = dlt698_address.Address(kind, logical, raw.hex().upper())
        theirs = peer.Frame(
            control=control,
            client=client,
            payload=payload,
            server=peer.ServerAddress(
                bytes=raw[::-1], logical=logical, type=getattr(peer.AddressType, kinds[kind])
            ),
        )
        yield dlt698.Frame(control, address, client, payload), theirs


def test_frames():
    draw = Draw(698)
    stream = Framer(dlt698.measure, 2 * dlt698.MAX_FRAME)
    for ours, theirs in pairs_of_frames(draw, 500):
        raw = peer.encode_frame(theirs)
        assert dlt698.build(*ours) == raw
        stream.feed(draw.rng.randbytes(3).replace(b"\x68", b"") + raw)
        found = stream.next()
        assert found == raw and dlt698.parse(found) == ours
        read = peer.decode_frame(dlt698.build(*ours))
        assert (read.control, read.payload) == (theirs.control, theirs.payload)


@pytest.mark.parametrize("size", [30, 41, 500, 3000])
def test_fragments(size):
    """Ours joined by the package, the package's joined by us; each acknowledged by the other."""
    apdu = random.Random(size).randbytes(size)
    ours, theirs = dlt698_segment.Splitter(apdu, 22), peer.LinkReassembler(9000)
    while True:
        taken = theirs.accept(peer.decode_fragment(ours.fragment()))
        if taken.apdu is not None:
            break
        ack = peer.Fragment(sequence=taken.acknowledge, type=peer.FragmentType(2), data=b"")
        assert ours.take(peer.encode_fragment(ack))
    assert taken.apdu == apdu and ours.is_last()
    theirs, ours = peer.LinkFragmenter(apdu, 20, 9000), dlt698_segment.Joiner(9000)
    while True:
        whole = ours.take(peer.encode_fragment(theirs.current()))
        if whole is not None:
            break
        ack = peer.decode_fragment(ours.acknowledge)
        assert ack.type == peer.FragmentType(2)
        theirs.acknowledge(ack.sequence)
    assert whole == apdu


def test_frames_of_the_package_under_micropython(replay, tmp_path):
    """The same answers once more, through the replay, as a board reads them."""
    draw = Draw(45)
    vectors = []
    for frame, theirs in pairs_of_frames(draw, 150):
        (oad, dar, _), result = draw.result()
        theirs.payload = peer.encode_apdu(peer.GetResponse(attributes=[result], piid_acd=1))
        said = {"sa": frame.address.digits, "ca": frame.client, "oad": oad, "dar": dar}
        raw = peer.encode_frame(theirs).hex()
        said["apdu"] = theirs.payload.hex()
        vectors.append({"protocol": "dlt698.45", "hex": raw, "decoded": said})
    (tmp_path / "peer.json").write_text(json.dumps(vectors))
    done = replay(tmp_path)
    assert done.stdout.splitlines()[-1] == "150 passed, 0 failed", done.stdout
