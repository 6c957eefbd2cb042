"""A Modbus RTU slave made of `pymodbus`: its CRC, its requests and answers, our register map.

pymodbus's own server and its framer are not used: the framer hunts for frames inside noise, where
a slave judges a whole transmission between two silences.
"""

import struct

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as words

from tools.station.devices.device import Device

_DECODER = DecodePDU(True)
_FRAMER = FramerRTU(_DECODER)
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE, _FAILURE = 1, 2, 3, 4
_READS = {3: words.ReadHoldingRegistersResponse, 4: words.ReadInputRegistersResponse}
_KNOWN = (3, 4, 5, 6, 16)
_BROADCAST = 0


class Request:
    """`pdu` is pymodbus's, or None when it cannot be decoded."""

    def __init__(self, unit, function, pdu):
        self.unit = unit
        self.function = function
        self.pdu = pdu


class Refused(Exception):
    """Carries the exception code."""


class ModbusDevice(Device):
    protocol = "modbus"
    parity = "N"
    LOW_WORD_FIRST = False
    RANGES: tuple = ()  # (function, first, last) that can be read; anything between items reads 0
    ITEMS: tuple = ()  # (name, function, register, width in registers, is signed)
    WRITES: dict = {}  # item: (lowest, highest) that may be written

    def __init__(self, address, seed=0, baud=None, name=None):
        super().__init__(address, seed, baud, name)
        self.unit = int(address)
        self.wire_address = bytes([self.unit])
        self.values: dict[str, int] = {item[0]: 0 for item in self.ITEMS}
        self._written = {item[2]: item for item in self.ITEMS if item[0] in self.WRITES}
        self._images = {}  # function -> {register: word}
        for function, first, last in self.RANGES:
            image = self._images.setdefault(function, {})
            image.update(dict.fromkeys(range(first, last + 1), 0))

    def truth(self):
        return dict(self.values)

    def put(self, **values):
        """Set items; an integer beyond its width is a ValueError."""
        self.values.update(values)
        for name, function, register, width, is_signed in self.ITEMS:
            if name not in values:
                continue
            value = values[name]
            low = -(1 << 16 * width - 1) if is_signed else 0
            if not low <= value < low + (1 << 16 * width):
                raise ValueError(f"{name} of a {self.kind} does not hold {value}")
            image = self._images[function]
            for i in range(width):
                at = i if self.LOW_WORD_FIRST else width - 1 - i
                image[register + at] = value >> 16 * i & 0xFFFF

    @staticmethod
    def parse(data):
        if not 4 <= len(data) <= 256:
            return None
        if not FramerRTU.check_CRC(data[:-2], int.from_bytes(data[-2:], "big")):
            return None
        try:
            pdu = _DECODER.decode(data[1:-2])
        except (ModbusException, ValueError, IndexError, struct.error):
            pdu = None  # a real slave answers these with an exception
        return Request(data[0], data[1], pdu)

    @staticmethod
    def target(request):
        return None if request.unit == _BROADCAST else str(request.unit)

    def answer(self, request):
        if request.unit not in (self.unit, _BROADCAST):
            return None
        self.requests += 1
        try:
            reply = self._serve(request)
        except Refused as refusal:
            reply = ExceptionResponse(request.function & 0x7F, refusal.args[0])
        if request.unit == _BROADCAST:
            return None
        reply.dev_id = self.unit
        return _FRAMER.buildFrame(reply)

    def _serve(self, request):
        if request.function not in _KNOWN or not self._has(request.function):
            raise Refused(_ILLEGAL_FUNCTION)
        pdu = request.pdu
        if pdu is None:
            raise Refused(_ILLEGAL_VALUE)
        if request.function in _READS:
            return _READS[request.function](registers=self._read(request.function, pdu))
        if request.function == 5:
            self.write_coil(pdu.address, pdu.bits[0])
            return bits.WriteSingleCoilResponse(address=pdu.address, bits=pdu.bits[:1])
        self._write(pdu.address, pdu.registers)
        if request.function == 6:
            return words.WriteSingleRegisterResponse(
                address=pdu.address, registers=pdu.registers[:1]
            )
        return words.WriteMultipleRegistersResponse(address=pdu.address, count=len(pdu.registers))

    def _has(self, function):
        return function in self._images or function not in _READS

    def _read(self, function, pdu):
        image = self._images[function]
        try:
            return [image[at] for at in range(pdu.address, pdu.address + pdu.count)]
        except KeyError:
            raise Refused(_ILLEGAL_ADDRESS) from None

    def _write(self, address, values):
        for at, value in enumerate(values, address):
            self.check_register(at, value)
        for at, value in enumerate(values, address):
            self.write_register(at, value)

    def check_register(self, register, value):
        """Raise Refused when `value` may not be written to `register`."""
        if register not in self._written:
            raise Refused(_ILLEGAL_ADDRESS)
        name, _, _, _, is_signed = self._written[register]
        low, high = self.WRITES[name]
        if not low <= signed(value, is_signed) <= high:
            raise Refused(_ILLEGAL_VALUE)

    def write_register(self, register, value):
        name, _, _, _, is_signed = self._written[register]
        self.put(**{name: signed(value, is_signed)})

    def write_coil(self, coil, on):
        raise Refused(_ILLEGAL_FUNCTION)


def refuse_address():
    raise Refused(_ILLEGAL_ADDRESS)


def refuse_value():
    raise Refused(_ILLEGAL_VALUE)


def fail():
    """The device cannot do it now."""
    raise Refused(_FAILURE)


def signed(word, is_signed=True):
    return word - 0x10000 if is_signed and word & 0x8000 else word


def rows(function, register, names, width=1, is_signed=False):
    """Items of one shape one behind the other, for ITEMS."""
    return tuple(
        (name, function, register + i * width, width, is_signed)
        for i, name in enumerate(names.split())
    )
