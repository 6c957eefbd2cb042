"""Vectors of DL/T 698.45 frames against firmware/codec/dlt698, built again from what was read."""

from binascii import hexlify

from firmware.codec import dlt698, dlt698_segment
from firmware.codec.framer import Framer
from tools.vectors.adapters import dlt698_apdu

PROTOCOLS = ("dlt698.45",)

_KINDS = ("single", "wildcard", "group", "broadcast")
_FRAGMENTS = ("first", "last", "acknowledge", "middle")


def framer():
    return Framer(dlt698.measure, 2 * dlt698.MAX_FRAME)


def check(raw, decoded):
    """(problems, keys nothing is known about) of one frame."""
    frame = dlt698.parse(raw)
    if dlt698.build(*frame) != raw:
        return ["built again it is another frame"], ()
    if frame.control & dlt698.SEGMENT:
        kind, sequence = dlt698_segment.split_header(frame.data)
        facts = {"frag_type": _FRAGMENTS[kind], "seq": sequence, "data": frame.data[2:]}
    else:
        facts = dlt698_apdu.facts_of(frame.data)
        facts["apdu"] = hexlify(frame.data).decode()
    facts["control"] = frame.control
    facts["sa"] = frame.address.digits
    facts["sa_type"] = _KINDS[frame.address.kind]
    facts["ca"] = frame.client
    return dlt698_apdu.compare(facts, decoded)
