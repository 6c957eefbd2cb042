"""A meter's clock through a carrier network: the way takes seconds, which is what its time may be
off by; what is no answer is none."""

import asyncio

from rs485_world import Meter

from firmware.codec import dlt698
from firmware.codec import dlt698_address as address698
from firmware.core import civil
from firmware.core.errors import SlotError
from modules.hplc import clock

UTC = civil.utc_ms(civil.parse("2026-11-30 04:00:00"))


class World:
    def __init__(self, way_ms, answer):
        self.ms = UTC
        self.way_ms = way_ms
        self.meter = answer
        self.asked = 0

    def utc_ms(self):
        return self.ms

    async def transfer(self, address, protocol, frame, wait_ms):
        self.asked += 1
        self.ms += self.way_ms
        answer = self.meter(frame)
        self.ms += self.way_ms
        if answer is None:
            raise SlotError("the meter did not answer")
        return answer

    def read(self, address, protocol):
        return asyncio.run(clock.read(self.transfer, address, protocol, self, 480, 30000))


def old(items):
    return Meter("000000000042", items).answer


def new(data):
    """11:59:00 by local time, answered by hand."""
    frame = dlt698.parse(data.lstrip(b"\xfe"))
    body = (
        bytes([0x85, 1, frame.data[2]]) + frame.data[3:7] + b"\x01\x1c\x07\xea\x0b\x1e\x0b\x3b\0"
    )
    return dlt698.build(dlt698.REPLY, address698.meter("000000000042"), 0, body + b"\0\0")


w = World(2000, old({"04000102": "130012", "04000101": "01301126"}))  # 12:00:13
assert w.read("000000000042", "dlt645") == (11500, 2500)
assert w.asked == 2
w = World(2000, new)
assert w.read("000000000042", "dlt698") == (-61500, 2500)
for items in ({}, {"04000102": "130012"}, {"04000102": "ff0012", "04000101": "01301126"},
              {"04000102": "130012", "04000101": "01311126"}, {"04000102": "13"}):  # fmt: skip
    assert World(10, old(items)).read("000000000042", "dlt645") is None, items
assert World(10, lambda frame: None).read("000000000042", "dlt645") is None
assert World(10, lambda frame: b"noise").read("000000000042", "dlt645") is None
print("OK")
