"""Where requests begin and end in the bytes of a line that carries three protocols.

A PTY has no silence to speak of (a busy machine makes gaps of its own), so a frame is cut out as
soon as it is whole by its own length and check; what is left over is for the caller to forget
after a silence.
"""

from dlt645 import DLT645Protocol
from dlt698 import Dlt698Error
from dlt698 import _native as core
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

_START, _END, _PREAMBLE = 0x68, 0x16, 0xFE
_DECODER = DecodePDU(True)  # lengths of requests
_MAX = 1024  # bytes of noise that are worth searching


def split(data):
    """(frames, rest): whole requests with their preambles, and what may be the beginning of
    one. Bytes in front of a frame are dropped."""
    frames = []
    done = at = 0
    data = bytes(data[-_MAX:])
    while at < len(data):
        size = measure(data, at)
        if size:
            frames.append(data[_preamble(data, done, at) : at + size])
            done = at = at + size
        else:
            at += 1
    return frames, data[done:]


def measure(data, at):
    """Length of the whole and sound request that begins at `at`, or 0."""
    return _dlt645(data, at) or _dlt698(data, at) or _modbus(data, at)


def _preamble(data, least, at):
    while at > least and data[at - 1] == _PREAMBLE:
        at -= 1
    return at


def _dlt645(data, at):
    if data[at] != _START or len(data) < at + 12 or data[at + 7] != _START:
        return 0
    size = data[at + 9] + 12
    frame = data[at : at + size]
    if len(frame) < size or frame[-1] != _END:
        return 0
    return size if DLT645Protocol.calculate_checksum(frame[:-2]) == frame[-2] else 0


def _dlt698(data, at):
    if data[at] != _START or len(data) < at + 12:
        return 0
    size = ((data[at + 1] | data[at + 2] << 8) & 0x3FFF) + 2
    frame = data[at : at + size]
    if len(frame) < size or frame[-1] != _END:
        return 0
    try:
        core.decode_frame(frame)
    except Dlt698Error:
        return 0
    return size


def _modbus(data, at):
    if len(data) < at + 8 or data[at] > 247:  # the shortest request served here has 8 bytes
        return 0
    kind = _DECODER.lookupPduClass(data[at:])
    size = kind.calculateRtuFrameSize(data[at:]) if kind else 8
    frame = data[at : at + size]
    if size < 4 or len(frame) < size:
        return 0
    check = int.from_bytes(frame[-2:], "big")
    return size if FramerRTU.check_CRC(frame[:-2], check) else 0
