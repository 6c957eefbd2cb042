"""Every item layout of the codec that the independent package `dlt645` knows too: the package
encodes random values, the codec reads them under MicroPython through tools.vectors."""

import copy
import datetime
import json
import random

from dlt645 import Demand, DLT645Protocol, RtuServer
from dlt645.model.data.define import DIMap
from dlt645.service.serversvc import server_service

METER = "123456789012"
# Left out: passwords, which no meter tells; display lists, whose length is not certain; and
# texts, which the package handles as digits
PASSWORDS, DISPLAYS, VERSIONS = 0x04000C, 0x0404, 0x0480
TEXTS = (*range(0x04000403, 0x04000409), 0x0400040B, 0x0400040C, 0x0400040D)
SIGNED_KINDS = (0, 3, 4)  # energies: combined active, combined reactive 1 and 2
SIGNED_VARIABLES = (0x0202, 0x0203, 0x0204, 0x0206)
SIGNED_SINGLES = (0x02800001, 0x02800003, 0x02800004, 0x02800005, 0x02800007)


def is_signed(di):
    if di >> 24 == 0:
        return di >> 16 < 0x80 and (di >> 16) % 0x14 in SIGNED_KINDS
    return di >> 16 in SIGNED_VARIABLES or di in SIGNED_SINGLES


def number(rng, di, item):
    places = len(item.data_format.partition(".")[2])
    low = -item.max_value if is_signed(di) else 0
    value = round(rng.uniform(low, item.max_value), places)
    return value, {"value": f"{value:.{places}f}"}


def demand(rng, di, item):
    when = datetime.datetime(2026, 1, 1) + datetime.timedelta(minutes=rng.randrange(500000))
    value = round(rng.uniform(0, 79.9), 4)
    said = {"value": f"{value:.4f}", "time": when.strftime("%Y-%m-%d %H:%M")}
    return Demand(value, when), said | {"unit": item.unit.strip()}


def parameter(rng, di, item):
    digits = "".join(rng.choice("123456789") for _ in item.data_format.replace(".", ""))
    places = len(item.data_format.partition(".")[2])
    if places:
        return digits, {"value": f"{int(digits[:-places])}.{digits[-places:]}"}
    return digits, {"value": digits}


def vectors(rng, dis):
    """One reply of the package for each identifier, as a vector."""
    meter = server_service.MeterServerService(RtuServer("none"), bytes.fromhex(METER)[::-1])
    meter.data_map = {di: copy.copy(DIMap[di]) for di in dis}
    for di, item in meter.data_map.items():
        make = {0: number, 1: demand, 2: number, 4: parameter}[di >> 24]
        item.value, said = make(rng, di, item)
        raw = DLT645Protocol.build_frame(meter.address, 0x11, di.to_bytes(4, "little"))
        reply = meter.handle_request(DLT645Protocol.deserialize(bytes(raw)))
        said |= {"addr": METER, "c": "0x91", "di": f"{di:08X}"}
        yield {"protocol": "dlt645-2007", "hex": bytes(reply).hex(), "decoded": said}


def is_compared(di):
    if di >> 24 != 4:
        return di >> 24 in (0, 1, 2)
    left_out = di in TEXTS or di >> 8 == PASSWORDS or di >> 16 in (DISPLAYS, VERSIONS)
    return not left_out and not isinstance(DIMap[di], list)


def test_codec_reads_what_the_package_writes(replay, tmp_path):
    rng = random.Random(645)
    known = [di for di in DIMap if is_compared(di)]
    dis = [di for di in known if di >> 24 in (2, 4)]
    for group in (0, 1):  # thousands of them by rule
        dis += rng.sample([di for di in known if di >> 24 == group], 150)
    (tmp_path / "peer.json").write_text(json.dumps(list(vectors(rng, dis))))
    done = replay(tmp_path)
    assert done.stdout.splitlines()[-1] == f"{len(dis)} passed, 0 failed", done.stdout
    assert len(dis) > 750
