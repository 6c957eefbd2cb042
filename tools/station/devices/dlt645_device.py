"""A DL/T 645-2007 device: a MeterPeer (the package `dlt645`) with the face of the other kinds."""

from dlt645 import DLT645Protocol

from tools.station.devices.device import Device

_SPECIAL = (0xAA, 0x99)  # bytes of wildcards and of the broadcast address


class Dlt645Device(Device):
    protocol = "dlt645"
    parity = "E"
    ITEMS = {}  # name: identifier

    def __init__(self, address, peer, seed=0, baud=None, name=None):
        """`peer`: a MeterPeer."""
        self.peer = peer
        super().__init__(address, seed, baud, name)
        self.wire_address = peer.wire_address
        self.served = peer.served

    @staticmethod
    def parse(data):
        return DLT645Protocol.deserialize_with_remaining(data)[1]

    @staticmethod
    def target(request):
        if any(byte in _SPECIAL for byte in request.addr):
            return None
        return bytes(request.addr)[::-1].hex()

    def answer(self, request):
        before = self.peer.requests
        reply = self.peer.answer(request)
        self.requests += self.peer.requests - before
        return reply

    @property
    def model(self):
        return self.peer.model

    @property
    def blocks(self):
        """Whether FF identifiers are served."""
        return self.peer.blocks

    def registers(self):
        return self.model.registers()

    def truth(self):
        registers = self.registers()
        return {name: registers[di] for name, di in self.ITEMS.items()}

    def raise_alarm(self, on=True):
        self.model.raise_alarm(on)


def items(*rows):
    """{name: identifier} from rows of (names, identifiers)."""
    return {
        name: di
        for names, dis in rows
        for name, di in zip(names.split(), dis.split(), strict=True)
    }
