"""machine.SPI of the virtual board; which socket a bus leads to stands in the wiring file.

A bus the file does not name has nothing on it: MISO floats high.
"""

import shim_host
from micropython import const
from shim_wire import Wire

_RECORD_BYTES = const(0xFFFF)

_wires = {}  # SPI id: Wire
_selects = {}  # number of the /SS pin: Wire
for _id, _entry in shim_host.wiring.get("spi", {}).items():
    _wires[int(_id)] = Wire(_entry["path"])
    if "cs" in _entry:
        _selects[_entry["cs"]] = _wires[int(_id)]


def wire_of_select(pin_id):
    """The bus whose /SS is this machine pin, or None."""
    return _selects.get(pin_id)


class SPI:
    """SPI bus `id`; buffers are bytes, bytearray or a memoryview of one of them."""

    MSB = 0
    LSB = 1
    CONTROLLER = 0

    def __init__(self, id, baudrate=1000000, **kw):
        if id not in _wires:
            _wires[id] = Wire(None)  # nothing soldered on: MISO floats
        self._wire = _wires[id]
        self.init(baudrate, **kw)

    def init(
        self,
        baudrate=1000000,
        *,
        polarity=0,
        phase=0,
        bits=8,
        firstbit=MSB,
        sck=None,
        mosi=None,
        miso=None,
    ):
        """A socket has no clock: the settings are checked for sense and remembered."""
        if bits != 8:
            raise ValueError("this SPI moves 8-bit words only")
        self.baudrate = baudrate
        self.mode = polarity << 1 | phase

    def deinit(self):
        pass

    def write(self, buf):
        if len(buf) > _RECORD_BYTES:
            raise ValueError("at most 65535 bytes in one write")
        self._wire.write(buf)

    def readinto(self, buf, write=0):
        self._wire.readinto(buf, write)

    def read(self, nbytes, write=0):
        buf = bytearray(nbytes)
        self._wire.readinto(buf, write)
        return bytes(buf)

    def write_readinto(self, write_buf, read_buf):
        if len(write_buf) != len(read_buf) or len(read_buf) > _RECORD_BYTES:
            raise ValueError("buffers must be the same length, at most 65535 bytes")
        self._wire.exchange(write_buf, read_buf)
