"""A DL/T 698.45 device made of `dlt698` (its C++ core): frames, APDUs, data, fragments and blocks
are the package's; which object holds what, and a server's manners, are here.

The package's own server is not used: it wants threads and a transport.
"""

import datetime

from dlt698 import Dlt698Error
from dlt698 import _native as core

from tools.station.devices.device import Device

_START, _END, _PREAMBLE = 0x68, 0x16, b"\xfe\xfe\xfe\xfe"
_ANSWER, _SEGMENT, _SCRAMBLE, _FUNCTION = 0xC3, 0x20, 0x08, 0x07
_USER_DATA = 3  # function of a control byte
_FROM_SERVER = 0x80
_MAX_APDU = 4000
_REFUSED, _UNDEFINED, _NO_BLOCK, _NOT_CUT, _BAD_BLOCK = 3, 4, 9, 11, 14  # DAR
_OTHER_TYPE, _OUT_OF_RANGE = 7, 8
_DATE_TIME_S = 0x1C  # tag
_UNSUPPORTED = 2  # type of an ERROR-Response
_CLOCK = (0x4000, 127)  # the method that sets the time
_SINGLE = core.AddressType.single
_WILDCARD = core.AddressType.wildcard
_BROADCAST = core.AddressType.broadcast
_ACK = core.FragmentType.acknowledgement


def bits16(word):
    """A status word as bit-string(16): the first bit on the line is bit 0."""
    return core.Data.bit_string(16, int(f"{word:016b}"[::-1], 2).to_bytes(2, "big"))


class Dlt698Device(Device):
    protocol = "dlt698"
    parity = "E"
    APDU_BYTES = 512  # a longer answer comes in blocks or fragments
    FRAGMENT_BYTES = 200
    OBJECTS: tuple = ()  # (OAD as hexadecimal text, maker of a Data, item or tuple of items)

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self.wire_address = bytes.fromhex(address)[::-1]
        self.clock = datetime.datetime(2026, 1, 1)
        self._own = core.ServerAddress(bytes=self.wire_address, logical=0, type=_SINGLE)
        self._objects = {int(oad[:6], 16): (make, items) for oad, make, items in self.OBJECTS}
        self._sending = None  # fragmenter of the answer under way
        self._hearing = core.LinkReassembler(_MAX_APDU)
        self._blocks = []  # blocks of the answer under way

    def values(self):
        """{item: integer} now."""
        raise NotImplementedError

    def truth(self):
        return self.values()

    def step(self, seconds=1):
        self.clock += datetime.timedelta(seconds=seconds)

    @staticmethod
    def parse(data):
        at = data.find(_START)
        while at >= 0 and len(data) >= at + 3:
            size = (data[at + 1] | data[at + 2] << 8) & 0x3FFF
            frame = data[at : at + size + 2]
            if len(frame) == size + 2 and frame[-1] == _END:
                try:
                    return core.decode_frame(frame)
                except Dlt698Error:
                    pass
            at = data.find(_START, at + 1)
        return None

    @staticmethod
    def target(request):
        server = request.server
        return server.bytes[::-1].hex() if server.type == _SINGLE else None

    def answer(self, request):
        if request.control & (_FROM_SERVER | _FUNCTION) != _USER_DATA:
            return None
        if not self._is_meant(request.server):
            return None
        self.requests += 1
        reply = self._serve(request)
        if request.server.type == _BROADCAST or reply is None:
            return None
        payload, segment = reply
        control = _ANSWER | segment | request.control & _SCRAMBLE
        frame = core.Frame(
            control=control, server=self._own, client=request.client, payload=payload
        )
        return _PREAMBLE + core.encode_frame(frame)

    def _is_meant(self, server):
        if server.type == _BROADCAST:
            return True
        asked = server.bytes
        if server.logical or len(asked) != len(self.wire_address):
            return False
        if server.type == _WILDCARD:  # a digit A stands for any
            pairs = zip(asked.hex(), self.wire_address.hex(), strict=True)
            return all(wanted in ("a", own) for wanted, own in pairs)
        return server.type == _SINGLE and asked == self.wire_address

    def _serve(self, request):
        """(payload, segment bit) or None."""
        if not request.control & _SEGMENT:
            return self._serve_apdu(request.payload)
        try:
            return self._serve_fragment(core.decode_fragment(request.payload))
        except Dlt698Error:  # no fragment, or not the one that is waited for
            return None

    def _serve_fragment(self, fragment):
        if fragment.type == _ACK:
            if self._sending is None:
                return None
            self._sending.acknowledge(fragment.sequence)
            return core.encode_fragment(self._sending.current()), _SEGMENT
        taken = self._hearing.accept(fragment)
        if taken.apdu is not None:
            return self._serve_apdu(taken.apdu)
        ack = core.Fragment(sequence=taken.acknowledge or 0, type=_ACK, data=b"")
        return core.encode_fragment(ack), _SEGMENT

    def _serve_apdu(self, payload):
        self._sending = None
        try:
            apdu = self._reply(core.decode_apdu(payload), payload)
        except Dlt698Error:
            apdu = core.ErrorResponse(server=True, piid=_piid(payload), type=1)
        raw = core.encode_apdu(apdu)
        if len(raw) <= self.APDU_BYTES:
            return raw, 0
        self._sending = core.LinkFragmenter(raw, self.FRAGMENT_BYTES, _MAX_APDU)
        return core.encode_fragment(self._sending.current()), _SEGMENT

    def _reply(self, apdu, raw):
        if isinstance(apdu, core.GetRequest):
            return self._get(apdu)
        if isinstance(apdu, core.GetNextRequest):
            return self._next(apdu)
        if isinstance(apdu, core.SetRequest):
            results = [
                core.SetResult(attribute=one.attribute, dar=_REFUSED) for one in apdu.attributes
            ]
            return core.SetResponse(attributes=results, list=apdu.list, piid_acd=apdu.piid)
        if isinstance(apdu, core.ActionRequest):
            results = [self._act(one) for one in apdu.methods]
            return core.ActionResponse(methods=results, list=apdu.list, piid_acd=apdu.piid)
        if isinstance(apdu, core.ConnectRequest):
            return core.ConnectResponse(parameters=apdu.parameters, result=0, piid_acd=apdu.piid)
        if isinstance(apdu, core.ReleaseRequest):
            return core.ReleaseResponse(piid_acd=apdu.piid)
        return core.ErrorResponse(server=True, piid=_piid(raw), type=_UNSUPPORTED)

    def _get(self, apdu):
        values = self.values()
        results = [
            core.AttributeResult(attribute=oad, result=self._object(oad, values))
            for oad in apdu.attributes
        ]
        whole = core.GetResponse(attributes=results, list=apdu.list, piid_acd=apdu.piid)
        self._blocks = []
        if not apdu.list or len(core.encode_apdu(whole)) <= self.APDU_BYTES:
            return whole
        try:
            self._blocks = core.GetBlockTransfer.split(whole, self.APDU_BYTES)
        except Dlt698Error:  # one result alone is longer than a block
            return whole
        return self._blocks[0]

    def _next(self, apdu):
        """The block behind the one that was received."""
        dar = _NOT_CUT if not self._blocks else _BAD_BLOCK
        if 0 <= apdu.block < len(self._blocks) - 1:  # the package counts blocks from 0
            block = self._blocks[apdu.block + 1]
            block.piid_acd = apdu.piid
            return block
        return core.GetNextResponse(last=True, block=apdu.block, result=dar, piid_acd=apdu.piid)

    def _object(self, oad, values):
        """A Data, or a DAR."""
        if (oad.oi, oad.attribute) == (0x4000, 2) and not oad.index:
            return core.Data.date_time_s(_date_time_s(self.clock))
        if (oad.oi, oad.attribute) == (0x4001, 2) and not oad.index:
            return core.Data.octet_string(bytes.fromhex(self.address))
        make, items = self._objects.get(oad.oi << 8 | oad.attribute, (None, ()))
        if make is None:
            return _UNDEFINED
        if isinstance(items, str):
            return _NO_BLOCK if oad.index else make(values[items])
        if oad.index > len(items):
            return _NO_BLOCK
        if oad.index:
            return make(values[items[oad.index - 1]])
        return core.Data.array([make(values[item]) for item in items])

    def _act(self, method):
        called = method.method
        dar = _REFUSED
        if (called.oi, called.method) == _CLOCK:
            dar = self._set_clock(core.encode_data(method.parameter))
        return core.ActionResult(method=called, dar=dar)

    def _set_clock(self, raw):
        """Obey a date_time_s as encoded; the DAR."""
        if raw[0] != _DATE_TIME_S:
            return _OTHER_TYPE
        try:
            self.clock = datetime.datetime(raw[1] << 8 | raw[2], *raw[3:])
        except ValueError:
            return _OUT_OF_RANGE
        return 0


def _date_time_s(moment):
    day = (moment.year >> 8, moment.year & 0xFF, moment.month, moment.day)
    return (*day, moment.hour, moment.minute, moment.second)


def _piid(payload):
    return payload[2] & 0x3F if len(payload) > 2 else 0
