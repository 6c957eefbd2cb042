"""Seeds that others made: the independent packages dlt645, dlt698 and pymodbus, and the published
frames in ../shared/reference/vectors where that folder is present."""

import json
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "reference" / "vectors"
_PROTOCOLS = {"dlt645-2007": "dlt645", "dlt645-1997": "dlt645", "dlt698.45": "dlt698"}
_PROTOCOLS["gdw1376.2"] = "gdw1376_2"


def published(codec):
    """Frames of the shared vectors that the oracle finds good."""
    found = []
    for path in sorted(VECTORS.glob("*.json")):
        for vector in json.loads(path.read_text("utf-8")):
            if _PROTOCOLS.get(vector.get("protocol")) != codec.NAME:
                continue
            raw = bytes.fromhex(vector["hex"]).lstrip(b"\xfe")
            if raw and codec.probe(raw, 0)[0] == len(raw):
                found.append(raw)
    return found


def foreign(codec, rng):
    """(frames, Data of DL/T 698.45) by another's code."""
    if codec.NAME == "dlt698":
        return codec.foreign(rng)
    makers = {"dlt645": _dlt645, "modbus": _modbus}
    return (makers[codec.NAME](rng) if codec.NAME in makers else []), []


def _dlt645(rng):
    from dlt645 import DLT645Protocol

    frames = []
    for control in (0x11, 0x91, 0x91, 0xB1, 0x12, 0xD1, 0x94, 0x08):
        data = bytes.fromhex("00000100") + rng.randbytes(rng.choice((0, 4, 20)))
        raw = DLT645Protocol.build_frame(rng.randbytes(6), control, data)
        frames.append(bytes(raw).lstrip(b"\xfe"))
    return frames


def _modbus(rng):
    from pymodbus.framer import FramerRTU
    from pymodbus.pdu import DecodePDU, ExceptionResponse
    from pymodbus.pdu import bit_message as bits
    from pymodbus.pdu import register_message as registers

    words = [rng.randrange(65536) for _ in range(20)]
    pdus = [
        registers.ReadHoldingRegistersResponse(registers=words),
        registers.ReadInputRegistersResponse(registers=words[:2]),
        bits.ReadCoilsResponse(bits=[True, False] * 9),
        bits.ReadDiscreteInputsResponse(bits=[True] * 8),
        registers.WriteSingleRegisterResponse(address=5, registers=[77]),
        registers.WriteMultipleRegistersResponse(address=5, count=3),
        ExceptionResponse(3, 2),
    ]
    server = FramerRTU(DecodePDU(True))
    for pdu in pdus:
        pdu.dev_id = rng.randint(1, 247)
    return [server.buildFrame(pdu) for pdu in pdus]
