"""A terminal that is an uplink over a cellular module, under MicroPython: the real session, slot
and driver on a UART. A line of JSON on stdin says what: host, port, mode, tls (folder, or none),
events to deliver, failures to wait for. Prints the log, then the counters as JSON."""

import asyncio
import json
import sys
import time

from shim_uart import UART

from board.wires import SlotWires
from firmware.bay.carrier import Carrier
from firmware.bay.slot import Slot
from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.points.table import Points
from firmware.security import tls
from firmware.uplink.limits import Limits
from firmware.uplink.outbox import Outbox
from firmware.uplink.session import Session
from modules.cellular.driver import Driver

GIVE_UP_MS = 30000


class Listener:
    def slot_failed(self, number, text):
        print("slot failed:", text)

    def slot_event(self, name, who, text, stamp_ms, members):
        print("event", name, who, text)

    def device_changed(self, name, is_back):
        print("device", name, is_back)

    def state_changed(self, *what):
        print("state", what)


def make_uart(baud, parity):
    return UART(2, baud, bits=8, parity=parity, stop=1, timeout=0)


async def main(options):
    clock = Clock(time.ticks_us, time.ticks_diff, lambda: int(time.time()) * 1000)
    log = Log(clock, print)
    wires = SlotWires(2, None, lambda: 0, lambda level: None, lambda level: None, make_uart)
    cfg = {"mode": options["mode"], "baud": 115200, "apn": "test"}
    points = Points(16)
    slot = Slot(2, "cellular", Driver, wires, cfg, points, clock, log, Listener())
    tasks = [asyncio.create_task(slot.run())]
    while slot.driver is None or slot.driver.modem.state != "context up":
        await asyncio.sleep_ms(10)
    context = tls.Context(options["tls"]) if options.get("tls") else None
    session = Session(
        clock,
        log,
        options["host"],
        options["port"],
        b"st1",
        ssl=context,
        limits=Limits(backoff_min_ms=20, backoff_max_ms=100),
        network=Carrier(lambda: [slot]),
        explain=tls.explain,
    )
    outbox = Outbox()
    worst = 0
    tasks.append(asyncio.create_task(session.run(outbox)))
    for number in range(options.get("events", 0)):
        began = clock.ms()
        outbox.put_event(b"ttu/st1/event", b'{"n":%d,"text":"%s"}' % (number, b"x" * 200))
        while number % 8 == 7 and len(outbox) and clock.ms() < GIVE_UP_MS:
            await asyncio.sleep_ms(2)
        if number > 8:
            worst = max(worst, clock.ms() - began)
    while len(outbox) or session.failures < options.get("failures", 0):
        await asyncio.sleep_ms(10)
        if clock.ms() > GIVE_UP_MS:
            raise RuntimeError("it never came: %s" % session.stats())
    stats = session.stats()
    stats["window_ms"] = worst
    stats["points"] = [points.values[i] for i in range(6)]
    for task in tasks:
        task.cancel()
    await asyncio.sleep_ms(50)
    print(json.dumps(stats))


asyncio.run(main(json.loads(sys.stdin.readline())))
