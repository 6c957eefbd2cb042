"""One DL/T 645-2007 meter: the independent PyPI package `dlt645` behind a real meter's manners.

The package encodes and decodes every number and frame. Mended here, because a real meter differs
(station-simulator notes on dlt645 3.2.0): the low address byte goes first; frames for others
meet silence; a wildcard is answered with the own address; broadcast time is ss mm hh DD MM YY;
20 000 items are not copied for each meter. Blocks (FF) the package does not know: where a meter
serves them they are put together from its own single answers.
"""

import copy

from dlt645 import DLT645Protocol, RtuServer
from dlt645.model.data.define import DIMap
from dlt645.service.serversvc import server_service

_ANY = 0xAA
_BROADCAST = bytes([0x99] * 6)
_READ = 0x11
_TIME = 0x08
_ABNORMAL = 0x40

# Power of ten of what `registers` hold, by the first two identifier bytes
_POWERS = {"0001": -2, "0201": -1, "0202": -3, "0203": -4, "0280": -2}
# Blocks a meter may serve: identifier bytes as DI0..DI3 without DI1, and the range of DI1
_BLOCKS = {
    (0x00, 0x01, 0x00): range(5),
    (0x00, 0x01, 0x02): range(1, 4),
    (0x00, 0x02, 0x02): range(1, 4),
    (0x00, 0x03, 0x02): range(4),
}


class MeterPeer:
    def __init__(self, address, model, blocks=False):
        """`address`: twelve digits. `blocks`: FF identifiers are served."""
        self.address = address
        self.wire_address = bytes.fromhex(address)[::-1]
        self.model = model
        self.blocks = blocks
        self.requests = 0  # frames that were for this meter
        self.served = {}  # identifier -> register as it was answered last
        self._peer = _service(self.wire_address, model.registers())

    def answer(self, frame):
        """The reply to a frame of the package's Frame class, or None: silence."""
        if not self._is_meant(bytes(frame.addr)):
            return None
        self.requests += 1
        if bytes(frame.addr) == _BROADCAST:
            return self._obey(frame)
        frame.addr = bytearray(self.wire_address)
        self._load()
        block = self._block(frame)
        reply = self._read_block(frame, block) if block else self._ask(frame)
        return bytes(reply)

    def _is_meant(self, addr):
        if addr == _BROADCAST:
            return True
        pairs = zip(addr, self.wire_address, strict=True)
        return all(wanted in (_ANY, own) for wanted, own in pairs)

    def _obey(self, frame):
        if frame.ctrl_code == _TIME:
            frame.data = frame.data[::-1]
        self._peer.handle_request(frame)

    def _load(self):
        for di, value in self.model.registers().items():
            shown = value * 10.0 ** _POWERS[di[:4]]
            store = self._peer.set_00 if di.startswith("00") else self._peer.set_02
            if not store(int(di, 16), shown):
                raise ValueError(f"the peer does not take {shown} for {di}")

    def _block(self, frame):
        data = bytes(frame.data)
        if not self.blocks or frame.ctrl_code != _READ or len(data) != 4 or data[1] != 0xFF:
            return None
        return _BLOCKS.get((data[0], data[2], data[3]))

    def _ask(self, frame):
        reply = self._peer.handle_request(frame)
        data = bytes(frame.data)
        if (
            frame.ctrl_code == _READ
            and len(data) == 4
            and not reply[_start(reply) + 8] & _ABNORMAL
        ):
            di = data[::-1].hex().upper()
            self.served[di] = self.model.registers().get(di)
        return reply

    def _read_block(self, frame, members):
        asked = bytes(frame.data)
        values = b""
        for di1 in members:
            single = copy.copy(frame)
            single.data = bytearray((asked[0], di1, asked[2], asked[3]))
            reply = DLT645Protocol.deserialize(bytes(self._ask(single)))
            if reply is None:
                raise ValueError("the peer's own answer is no frame")
            values += bytes(reply.data)[4:]
        return DLT645Protocol.build_frame(self.wire_address, _READ | 0x80, asked + values)


def _service(wire_address, registers):
    """The package's meter with a data map of the items in use only."""
    used = {di: copy.copy(DIMap[di]) for di in (int(text, 16) for text in registers)}
    original = server_service.clone_data_map
    # the service wants a transport; this one is never started, frames come through the bus
    server_service.clone_data_map = lambda: used
    try:
        return server_service.MeterServerService(RtuServer("none"), wire_address)
    finally:
        server_service.clone_data_map = original


def _start(reply):
    return bytes(reply).index(0x68)
