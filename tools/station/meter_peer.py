"""One DL/T 645-2007 meter: the independent PyPI package `dlt645` behind a real meter's manners.

The package encodes and decodes every number and frame. Mended here, because a real meter differs
(station-simulator notes on dlt645 3.2.0): the low address byte goes first; frames for others
meet silence; a wildcard is answered with the own address; broadcast time is ss mm hh DD MM YY;
20 000 items are not copied for each meter. Blocks (FF) the package does not know: where a meter
serves them they are put together from its own single answers.
"""

import copy
from typing import Any

from dlt645 import DLT645Protocol, RtuServer
from dlt645.model.data.define import DIMap
from dlt645.service.serversvc import server_service

_ANY = 0xAA
_BROADCAST = bytes([0x99] * 6)
_READ = 0x11
_TIME = 0x08
_ABNORMAL = 0x40

# Power of ten of what `registers` hold, by the first bytes of the identifier. The package takes
# parameters (04) and events (03) as digits; status words are hexadecimal ones
_POWERS = {"0001": -2, "0201": -1, "0202": -3, "0203": -4, "0290": -3}
_POWERS |= {"02800002": -2, "02800007": -1}
_DIGITS = {"0400": "04X", "0390": "06d", "0490": "04d"}
# Blocks a meter may serve, and their members
BLOCKS = {
    "0001FF00": tuple(f"0001{k:02X}00" for k in range(5)),
    "0201FF00": tuple(f"0201{k:02X}00" for k in (1, 2, 3)),
    "0202FF00": tuple(f"0202{k:02X}00" for k in (1, 2, 3)),
    "0203FF00": tuple(f"0203{k:02X}00" for k in range(4)),
    "040005FF": tuple(f"040005{k:02X}" for k in range(1, 8)),
}


class MeterPeer:
    def __init__(self, address, model, blocks=False, extra=()):
        """`address`: twelve digits. `model`: has registers(). `blocks`: FF identifiers are
        served. `extra`: items of the package's classes that its own list does not have."""
        self.address = address
        self.wire_address = bytes.fromhex(address)[::-1]
        self.model = model
        self.blocks = blocks
        self.requests = 0  # frames that were for this meter
        self.served = {}  # identifier -> register as it was answered last
        self._peer = _service(self.wire_address, model.registers(), dict(extra))

    def answer(self, frame):
        """The reply to a frame of the package's Frame class, or None: silence."""
        addr = bytes(frame.addr)
        if not self._is_meant(addr):
            return None
        self.requests += 1
        frame = copy.copy(frame)  # others hear it too
        if addr == _BROADCAST:
            return self._obey(frame)
        frame.addr = bytearray(self.wire_address)
        if frame.ctrl_code != _READ or len(frame.data) != 4:
            reply = self._peer.handle_request(frame)
            return bytes(reply) if reply else None
        registers = self.model.registers()
        asked = _text(frame.data)
        members = BLOCKS.get(asked) if self.blocks else None
        if members and members[0] in registers:
            return bytes(self._read_block(frame, members, registers))
        return bytes(self._read(frame, asked, registers))

    def _is_meant(self, addr):
        if addr in (_BROADCAST, self.wire_address):
            return True
        pairs = zip(addr, self.wire_address, strict=True)
        return all(wanted in (_ANY, own) for wanted, own in pairs)

    def _obey(self, frame):
        if frame.ctrl_code == _TIME:
            frame.data = frame.data[::-1]
        self._peer.handle_request(frame)

    def _load(self, di, value):
        """Give the package what it is about to be asked."""
        number, form = int(di, 16), _DIGITS.get(di[:4])
        shown: Any = f"{value:{form}}" if form else value * 10.0 ** _power(di)
        if di.startswith("03"):  # set_03 wants events of its own list
            record: Any = self._peer.data_map[number]
            record[0].value.event = shown
        elif not self._peer.set_02(number, shown):  # set_00 and set_04 do the same
            raise ValueError(f"the peer does not take {shown} for {di}")

    def _read(self, frame, di, registers):
        if di in registers:
            self._load(di, registers[di])
        reply = self._peer.handle_request(frame)
        if not reply[_start(reply) + 8] & _ABNORMAL:
            self.served[di] = registers.get(di)
        return reply

    def _read_block(self, frame, members, registers):
        asked = bytes(frame.data)
        values = b""
        single = copy.copy(frame)
        for di in members:
            single.data = bytearray.fromhex(di)[::-1]
            reply = self._read(single, di, registers)
            start = _start(reply) + 10
            values += DLT645Protocol.decode_data(bytes(reply[start + 4 : -2]))
        return DLT645Protocol.build_frame(self.wire_address, _READ | 0x80, asked + values)


def _service(wire_address, registers, extra):
    """The package's meter with a data map of the items in use only."""
    used = {
        di: copy.copy(DIMap[di]) for di in (int(text, 16) for text in registers) if di in DIMap
    }
    used.update(extra)
    original = server_service.clone_data_map
    # the service wants a transport; this one is never started, frames come through the bus
    server_service.clone_data_map = lambda: used
    try:
        return server_service.MeterServerService(RtuServer("none"), wire_address)
    finally:
        server_service.clone_data_map = original


def _power(di):
    return _POWERS[di if di in _POWERS else di[:4]]


def _text(data):
    return bytes(data)[::-1].hex().upper()


def _start(reply):
    return bytes(reply).index(0x68)
