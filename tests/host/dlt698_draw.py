"""Random things of DL/T 698.45 for test_dlt698_peer, drawn twice at once: in the codec's
representation and in that of the package `dlt698`, so that nothing passes through one of them on
its way to be compared."""

import random
import struct

from dlt698 import _native as peer

from firmware.codec import dlt698_address
from firmware.codec import dlt698_data as data
from firmware.codec.dlt698_data import Tagged

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
