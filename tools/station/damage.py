"""How an answer is damaged, by its protocol: one bit, another's address, a length that lies. Pure:
bytes in, bytes out. Checks that are not to fail are made right by the independent codecs."""

from dlt698 import _native as core
from pymodbus.framer import FramerRTU

_START = 0x68
_EXCEPTION = 0x80  # bit of the function code; such an answer has no length


def corrupt(protocol, reply, rng):
    """One bit of the data or the checksum turned over, the checksum left as it was."""
    out = bytearray(reply)
    first, last = {
        "dlt645": (10, 1),  # behind header and length; the end byte stays
        "dlt698": (12, 1),  # at the header check or behind it
        "modbus": (1, 0),  # anything but the address
    }[protocol]
    out[rng.randrange(_start(protocol, reply) + first, len(reply) - last)] ^= 1 << rng.randrange(8)
    return bytes(out)


def readdress(protocol, reply, alias):
    """The answer under the address `alias`, as it is sent, with right checks."""
    start = _start(protocol, reply)
    if protocol == "dlt698":
        frame = core.decode_frame(reply[start:])
        frame.server = core.ServerAddress(bytes=alias, logical=0, type=core.AddressType.single)
        return reply[:start] + core.encode_frame(frame)
    out = bytearray(reply)
    if protocol == "modbus":
        out[0:1] = alias
        return bytes(out[:-2]) + FramerRTU.compute_CRC(bytes(out[:-2])).to_bytes(2, "big")
    out[start + 1 : start + 7] = alias
    out[-2] = sum(out[start:-2]) & 0xFF
    return bytes(out)


def lengthen(protocol, reply, rng):
    """The length says more than follows; an answer without one stops short instead."""
    out = bytearray(reply)
    start = _start(protocol, reply)
    if protocol == "modbus":
        if out[1] & _EXCEPTION or out[1] not in (3, 4):
            return bytes(out[:-1])
        out[2] = min(0xFE, out[2] + 2 * rng.randrange(1, 60))
        return bytes(out)
    if protocol == "dlt698":
        size = out[start + 1] + rng.randrange(1, 400)
        out[start + 1 : start + 3] = (size + (out[start + 2] << 8)).to_bytes(2, "little")
        return bytes(out)
    at = start + 9
    out[at] = rng.randrange(min(out[at] + 1, 255), 256)
    return bytes(out)


def _start(protocol, reply):
    return 0 if protocol == "modbus" else reply.index(_START)
