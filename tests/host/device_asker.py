"""A master made of the foreign client codecs, for the tests of the simulated devices: requests as
bytes on the line, answers as integers."""

from dlt645 import DLT645Protocol
from dlt698 import _native as core
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu import register_message as words

CLIENT = FramerRTU(DecodePDU(False))
PREAMBLE = b"\xfe" * 4
READS = {3: words.ReadHoldingRegistersRequest, 4: words.ReadInputRegistersRequest}


def modbus(unit, message):
    message.dev_id = unit
    return CLIENT.buildFrame(message)


def modbus_read(unit, function, register, count=1):
    return modbus(unit, READS[function](address=register, count=count))


def modbus_answer(unit, raw):
    """What pymodbus's client makes of an answer; None when it is none."""
    return CLIENT.handleFrame(raw, unit, 0)[1]


def dlt645(address, control, data):
    """`address` as twelve characters, AA and 99 included; `data` as hexadecimal text in the
    order of the line."""
    wire = bytes.fromhex(address)[::-1]
    return bytes(DLT645Protocol.build_frame(wire, control, bytes.fromhex(data)))


def dlt645_read(address, di):
    return dlt645(address, 0x11, bytes.fromhex(di)[::-1].hex())


def dlt645_answer(raw):
    """(address, control, data as hexadecimal text)"""
    frame = DLT645Protocol.deserialize(raw)
    return bytes(frame.addr)[::-1].hex(), frame.ctrl_code, bytes(frame.data).hex()


def bcd(raw, is_signed=False):
    """Packed BCD, low byte first, with the sign in the top bit."""
    digits = bytearray(raw[::-1])
    sign = -1 if is_signed and digits[0] & 0x80 else 1
    digits[0] &= 0x7F if is_signed else 0xFF
    return sign * int(digits.hex())


def oad(text):
    return core.Oad(oi=int(text[:4], 16), attribute=int(text[4:6], 16), index=int(text[6:], 16))


def dlt698(address, apdu, control=0x43, kind="single"):
    """`kind`: single, wildcard or broadcast."""
    server = core.ServerAddress(
        bytes=bytes.fromhex(address)[::-1], logical=0, type=getattr(core.AddressType, kind)
    )
    client = 0 if kind == "broadcast" else 0x10
    frame = core.Frame(control=control, client=client, payload=apdu, server=server)
    return PREAMBLE + core.encode_frame(frame)


def get(*oads):
    attributes = [oad(text) for text in oads]
    return core.encode_apdu(core.GetRequest(attributes=attributes, list=len(oads) > 1, piid=5))


def dlt698_frame(raw):
    return core.decode_frame(raw[raw.index(0x68) :])


def dlt698_answer(raw):
    """The answer's APDU as the package's class."""
    return core.decode_apdu(dlt698_frame(raw).payload)


def question(device):
    """Any request the device answers."""
    if device.protocol == "dlt645":
        return dlt645_read(device.address, "02010100")
    if device.protocol == "dlt698":
        return dlt698(device.address, get("20000200"))
    item = device.ITEMS[0]
    return modbus_read(int(device.address), item[1], item[2], item[3])
