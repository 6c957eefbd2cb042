"""The content of an event report, 06H F5: who lost power, whom the network rejected, or a frame.

Which of its forms it is follows from the protocol byte, and where firmware is known to ignore
that byte, from the content itself. Reports repeat, are split over several frames and may be
wrong: whoever acts on one removes doubles by address and asks the meter.
"""

from collections import namedtuple

from micropython import const

from firmware.codec.dlt645 import hex_bytes, hex_text
from firmware.core.errors import CodecError

UNKNOWN = const(0)  # none of the forms below
OUTAGE = const(1)  # communication units whose power failed; the byte that is sent
RESTORED = const(2)  # and those whose power is back
FRAME = const(3)  # a meter's own event frame, of 645 or 698
REJECTED = const(4)  # nodes that may not join, with their device type
COLLECTED = const(5)  # a collector's meters, with 0: lost power, 1: has power

COLLECTOR = const(0)  # device types; 1 meter, 2 HPLC, 3 narrow band, 4 radio, 5, 6 dual units
_POWER = const(4)  # protocols; 2 and 3 are the meters', as everywhere
_REJECTED = const(5)

# nodes: addresses, or (address, type or state) of REJECTED and COLLECTED; frame: of FRAME, else
# what could not be read
Event = namedtuple("Event", ("kind", "nodes", "frame"))


def read(device, protocol, content):
    """The Event of a report; CodecError when a list of rejected nodes is not what it counts."""
    if protocol == _REJECTED:
        if not content or len(content) != 1 + 7 * content[0]:
            raise CodecError("a list of rejected nodes has not the length it says")
        return Event(REJECTED, _pairs(content, 1), b"")
    if protocol in (1, 2, 3) and _is_frame(content):
        return Event(FRAME, [], content)
    if device == COLLECTOR and protocol != _POWER and content and len(content) % 7 == 0:
        return Event(COLLECTED, _pairs(content, 0), b"")
    if len(content) > 6 and len(content) % 6 == 1 and content[0] in (OUTAGE, RESTORED):
        nodes = [hex_text(content, i, 6) for i in range(1, len(content), 6)]
        return Event(content[0], nodes, b"")
    return Event(UNKNOWN, [], content)


def write(event):
    """The content of a report; CodecError beyond 255 bytes, which are what its length counts."""
    out = bytearray()
    if event.kind in (OUTAGE, RESTORED):
        out.append(event.kind)
        for addr in event.nodes:
            out += hex_bytes(addr, 6, "an address")
    elif event.kind in (REJECTED, COLLECTED):
        if event.kind == REJECTED:
            out.append(len(event.nodes) & 255)
        for addr, state in event.nodes:
            out += hex_bytes(addr, 6, "an address")
            out.append(state)
    else:
        out += event.frame
    if len(out) > 255:
        raise CodecError("an event of %d bytes does not fit a report" % len(out))
    return bytes(out)


def _is_frame(content):
    # both meter protocols start with 68 behind any preamble, and end with 16
    at = 0
    while at < len(content) and content[at] == 0xFE:
        at += 1
    return len(content) - at >= 12 and content[at] == 0x68 and content[-1] == 0x16


def _pairs(content, at):
    return [(hex_text(content, i, 6), content[i + 6]) for i in range(at, len(content), 7)]
