"""The DL/T 698.45 codec against the independent package `dlt698` (a C++ core): random data, every
request and answer, frames and fragments, made by either side and read by the other. Values are
drawn twice at once, in the codec's representation and in the package's, so that nothing passes
through one of them on its way to be compared."""

import json
import os
import random
import struct
import subprocess
import sys

import pytest
from conftest import ROOT
from dlt698 import _native as peer

from firmware.codec import dlt698, dlt698_address, dlt698_segment
from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_replies as replies
from firmware.codec import dlt698_requests as requests
from firmware.codec.dlt698_data import Tagged
from firmware.codec.framer import Framer

INTEGERS = (
    (data.INT8, "int8", -(2**7), 2**7),
    (data.INT16, "int16", -(2**15), 2**15),
    (data.INT32, "int32", -(2**31), 2**31),
    (data.INT64, "int64", -(2**63), 2**63),
    (data.UINT8, "uint8", 0, 2**8),
    (data.UINT16, "uint16", 0, 2**16),
    (data.UINT32, "uint32", 0, 2**32),
    (data.UINT64, "uint64", 0, 2**64),
    (data.ENUM, "enumeration", 0, 2**8),
)


class Draw:
    """Random things as pairs (ours, theirs)."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def many(self, draw, least=0, most=4):
        pairs = [draw() for _ in range(self.rng.randint(least, most))]
        return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]

    def raw(self, most=200):
        return self.rng.randbytes(self.rng.choice((0, 1, 5, self.rng.randint(0, most))))

    def oad(self):
        oi, attribute, index = self.rng.randrange(65536), self.rng.randrange(256), 0
        index = self.rng.randrange(256)
        text = f"{oi:04X}{attribute:02X}{index:02X}"
        return text, peer.Oad(oi=oi, attribute=attribute, index=index)

    def omd(self):
        oi, method = self.rng.randrange(65536), self.rng.randrange(256)
        return f"{oi:04X}{method:02X}00", peer.Omd(oi=oi, method=method, mode=0)

    def road(self):
        ours, theirs = self.oad()
        inner, their_inner = self.many(self.oad, 1)
        return (ours, tuple(inner)), peer.Road(attribute=theirs, associated=their_inner)

    def csd(self):
        return self.oad() if self.rng.random() < 0.7 else self.road()

    def rcsd(self):
        ours, theirs = self.many(self.csd)
        return tuple(ours), theirs

    def second(self):
        """date_time_s"""
        ours = (self.rng.randint(2000, 2099), *map(self.rng.randint, (1, 1), (12, 28)))
        ours += tuple(map(self.rng.randrange, (24, 60, 60)))
        return ours, list(struct.pack(">H5B", *ours))

    def moment(self):
        """date_time"""
        year, month, day, *rest = self.second()[0]
        ours = (year, month, day, self.rng.randrange(7), *rest, self.rng.randrange(1000))
        return ours, list(struct.pack(">H6BH", *ours))

    def ti(self):
        unit, number = self.rng.randrange(6), self.rng.randrange(65536)
        return (unit, number), peer.Ti(unit=unit, interval=number)

    def tsa(self):
        raw = self.rng.randbytes(self.rng.randint(1, 16))
        logical = self.rng.randrange(2)  # from 2 on another byte may follow the flag
        flag = logical << 4 | len(raw) - 1
        ours = dlt698_address.meter(raw.hex().upper(), logical)
        return ours, peer.Tsa(value=bytes([flag]) + raw)

    def tag(self):
        if self.rng.random() < 0.6:
            return None, None
        (sent, their_sent), (allowed, their_allowed) = self.second(), self.ti()
        their_sent = peer.DateTimeS(value=their_sent)
        return (sent, allowed), peer.TimeTag(sent_at=their_sent, allowed_delay=their_allowed)

    def integer(self):
        tag, name, low, high = self.rng.choice(INTEGERS)
        value = self.rng.choice((low, high - 1, self.rng.randrange(low, high)))
        return Tagged(tag, value), getattr(peer.Data, name)(value)

    def float(self):
        single = struct.unpack(">f", struct.pack(">f", self.rng.uniform(-1e9, 1e9)))[0]
        if self.rng.random() < 0.5:
            return Tagged(data.FLOAT32, single), peer.Data.float32(single)
        return Tagged(data.FLOAT64, single / 3), peer.Data.float64(single / 3)

    def time(self):
        moment, second = self.moment()[0], self.second()[0]
        day, clock = moment[:4], moment[4:7]
        return self.rng.choice(
            (
                (Tagged(data.DATE_TIME, moment), lambda: list(struct.pack(">H6BH", *moment))),
                (Tagged(data.DATE, day), lambda: list(struct.pack(">H3B", *day))),
                (Tagged(data.TIME, clock), lambda: list(clock)),
                (Tagged(data.DATE_TIME_S, second), lambda: list(struct.pack(">H5B", *second))),
            )
        )

    def region(self, end=None):
        end = end or self.integer
        (start, their_start), (end, their_end) = end(), end()
        unit = self.rng.randrange(4)
        theirs = peer.Region(boundary=unit, begin=their_start, end=their_end)
        return (unit, start, end), theirs

    # the package demands one type for the ends of each kind of range
    def types(self):
        value = self.rng.randrange(100)
        return self.region(lambda: (Tagged(data.UINT8, value), peer.Data.uint8(value)))

    def numbers(self):
        value = self.rng.randrange(65536)
        return self.region(lambda: (Tagged(data.UINT16, value), peer.Data.uint16(value)))

    def addresses(self):
        ours, theirs = self.tsa()
        return self.region(lambda: (Tagged(data.TSA, ours), peer.Data.tsa(theirs.value)))

    def meters(self):
        choice = self.rng.randrange(8)
        if choice < 2:
            return (choice,), peer.AllMeters() if choice else peer.NoMeters()
        if choice == 2:
            raw = self.rng.randbytes(self.rng.randint(1, 4))
            return (2, tuple(raw)), peer.MeterTypes(values=raw)
        if choice == 4:
            numbers = [self.rng.randrange(65536) for _ in range(3)]
            return (4, tuple(numbers)), peer.MeterNumbers(values=numbers)
        ours, theirs = self.many(
            {3: self.tsa, 5: self.types, 6: self.addresses, 7: self.numbers}[choice], 1
        )
        kinds = {
            3: peer.MeterAddresses,
            5: peer.MeterTypeRegions,
            6: peer.MeterAddressRegions,
            7: peer.MeterNumberRegions,
        }
        return (choice, tuple(ours)), kinds[choice](values=theirs)

    def span(self):
        oad, their_oad = self.oad()
        ours, theirs = zip(*[self.simple() for _ in range(3)], strict=True)
        names = ("begin", "end", "interval")
        theirs = peer.Selector2(attribute=their_oad, **dict(zip(names, theirs, strict=True)))
        return (oad, *ours), theirs

    def rows(self, selector=None):
        """RSD"""
        selector = self.rng.randrange(11) if selector is None else selector
        oad, their_oad = self.oad()
        second, their_second = self.second()
        their_second = peer.DateTimeS(value=their_second)
        meters, their_meters = self.meters()
        number = self.rng.randrange(1, 256)
        if selector == 0:
            return (0,), peer.SelectAll()
        if selector == 1:
            value, their_value = self.simple()
            return (1, oad, value), peer.Selector1(attribute=their_oad, value=their_value)
        if selector == 2:
            ours, theirs = self.span()
            return (2, *ours), theirs
        if selector == 3:
            ours, theirs = self.many(self.span, 1)
            return (3, tuple(ours)), peer.Selector3(ranges=theirs)
        if selector in (4, 5):
            kind = peer.Selector4 if selector == 4 else peer.Selector5
            return (selector, second, meters), kind(time=their_second, meters=their_meters)
        if selector == 9:
            return (9, number), peer.Selector9(previous=number)
        if selector == 10:
            return (10, number, meters), peer.Selector10(latest=number, meters=their_meters)
        kind = {6: peer.Selector6, 7: peer.Selector7, 8: peer.Selector8}[selector]
        end, their_end = self.second()
        (ti, their_ti), their_end = self.ti(), peer.DateTimeS(value=their_end)
        theirs = kind(begin=their_second, end=their_end, interval=their_ti, meters=their_meters)
        return (selector, second, end, ti, meters), theirs

    def simple(self):
        """Data that holds no Data."""
        rng = self.rng
        kind = rng.randrange(22)
        if kind < 6:
            return self.integer()
        if kind == 6:
            return None, peer.Data.null()
        if kind == 7:
            flag = rng.random() < 0.5
            return flag, peer.Data.boolean(flag)
        if kind == 8:
            raw = self.raw()
            return raw, peer.Data.octet_string(raw)
        if kind == 9:
            text = "".join(rng.choices("abc 019", k=rng.randint(0, 150)))
            return text, peer.Data.visible_string(text)
        if kind == 10:
            return Tagged(data.UTF8, "电表"), peer.Data.utf8_string("电表")
        if kind == 11:
            count = rng.randint(1, 300)
            raw = bytearray(rng.randbytes((count + 7) // 8))
            raw[-1] &= 0xFF << -count % 8 & 0xFF
            return Tagged(data.BITS, (count, bytes(raw))), peer.Data.bit_string(count, bytes(raw))
        if kind == 12:
            return self.float()
        if kind == 13:
            ours, theirs = self.time()
            names = ("date_time", "date", "time", "date_time_s")
            return ours, getattr(peer.Data, names[ours.tag - data.DATE_TIME])(theirs())
        if kind == 14:
            (oad, their_oad), (omd, their_omd) = self.oad(), self.omd()
            pairs = ((Tagged(data.OAD, oad), peer.Data.oad(their_oad)),)
            pairs += ((Tagged(data.OMD, omd), peer.Data.omd(their_omd)),)
            pairs += ((Tagged(data.OI, oad[:4]), peer.Data.oi(their_oad.oi)),)
            return rng.choice(pairs)
        if kind == 15:
            drawn = rng.choice(("road", "csd", "rcsd", "ti"))
            ours, theirs = getattr(self, drawn)()
            return Tagged(getattr(data, drawn.upper()), ours), getattr(peer.Data, drawn)(theirs)
        if kind == 16:
            ours, theirs = self.tsa()
            return Tagged(data.TSA, ours), peer.Data.tsa(theirs.value)
        if kind == 17:
            raw = self.raw(20)
            return rng.choice(
                (
                    (Tagged(data.MAC, raw), peer.Data.mac(raw)),
                    (Tagged(data.RN, raw), peer.Data.rn(raw)),
                )
            )
        if kind == 18:
            power, unit = rng.randrange(-128, 128), rng.randrange(256)
            theirs = peer.Data.scaler_unit(peer.ScalerUnit(scaler=power, unit=unit))
            return Tagged(data.SCALER_UNIT, (power, unit)), theirs
        if kind == 19:
            number, raw, mac = rng.randrange(2**32), self.raw(20), self.raw(20)
            sid = peer.Sid(identifier=number, additional=raw)
            return Tagged(data.SID, (number, raw)), peer.Data.sid(sid)
        if kind == 20:
            number, raw, mac = rng.randrange(2**32), self.raw(20), self.raw(20)
            sid = peer.Sid(identifier=number, additional=raw)
            theirs = peer.Data.sid_mac(peer.SidMac(sid=sid, mac=peer.Mac(value=mac)))
            return Tagged(data.SID_MAC, (number, raw, mac)), theirs
        port = self.port()
        return Tagged(data.COMDCB, port[0]), peer.Data.comdcb(port[1])

    def port(self):
        """COMDCB"""
        ours = tuple(map(self.rng.choice, (range(11), range(3), (5, 7, 8), (1, 2), range(3))))
        names = ("baud", "parity", "data_bits", "stop_bits", "flow_control")
        return ours, peer.Comdcb(**dict(zip(names, ours, strict=True)))

    def value(self, depth=4):
        """Any Data."""
        kind = self.rng.randrange(8)
        if kind < 2 and depth:
            ours, theirs = self.many(lambda: self.value(depth - 1))
            if kind:
                return ours, peer.Data.array(theirs)
            return tuple(ours), peer.Data.structure(theirs)
        if kind == 2 and depth:
            drawn = self.rng.choice(("region", "rsd", "ms"))
            ours, theirs = {"region": self.region, "rsd": self.rows, "ms": self.meters}[drawn]()
            return Tagged(getattr(data, drawn.upper()), ours), getattr(peer.Data, drawn)(theirs)
        return self.simple()

    def result(self):
        """An object and its Data or DAR."""
        oad, their_oad = self.oad()
        if self.rng.random() < 0.3:
            dar = self.rng.choice((1, 4, 33, 255))
            return (oad, dar, None), peer.AttributeResult(attribute=their_oad, result=dar)
        value, theirs = self.value(2)
        return (oad, 0, value), peer.AttributeResult(attribute=their_oad, result=theirs)

    def record(self):
        oad, their_oad = self.oad()
        columns, their_columns = self.many(self.csd, 1, 3)
        if self.rng.random() < 0.3:
            their = peer.RecordResult(attribute=their_oad, columns=their_columns, result=3)
            return (oad, 3, tuple(columns), ()), their
        width = len(columns)
        rows, their_rows = self.many(lambda: self.many(self.simple, width, width))
        their = peer.RecordResult(attribute=their_oad, columns=their_columns, result=their_rows)
        return (oad, 0, tuple(columns), tuple(map(tuple, rows))), their


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


def test_frames_of_the_package_under_micropython(micropython, tmp_path):
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
    done = subprocess.run(
        [sys.executable, "-m", "tools.vectors", str(tmp_path)],
        cwd=ROOT,
        env=dict(os.environ, MICROPYTHON=micropython[0]),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.splitlines()[-1] == "150 passed, 0 failed", done.stdout
