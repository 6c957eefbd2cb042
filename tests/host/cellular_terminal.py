"""A terminal that is an uplink over a cellular module, under MicroPython: the real session, slot
and driver on a UART. A line of JSON on stdin says what: host, port, mode, tls (folder, or none)
and events to deliver; or `refused`: (tls, host) of sessions that must fail twice, in turn.
Prints the log, then the counters as JSON."""

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


def make_session(clock, log, slot, options, tls_folder, host):
    return Session(
        clock,
        log,
        host,
        options["port"],
        b"st1",
        ssl=tls.Context(tls_folder) if tls_folder else None,
        limits=Limits(backoff_min_ms=20, backoff_max_ms=100),
        network=Carrier(lambda: [slot], log),
        explain=tls.explain,
    )


async def until(predicate, clock, session):
    while not predicate():
        await asyncio.sleep_ms(5)
        if clock.ms() > GIVE_UP_MS:
            raise RuntimeError("it never came: %s" % session.stats())


async def deliver(clock, session, count):
    """The counters once all events are delivered, eight in a window."""
    outbox = Outbox()
    task = asyncio.create_task(session.run(outbox))
    for number in range(count):
        outbox.put_event(b"ttu/st1/event", b'{"n":%d,"text":"%s"}' % (number, b"x" * 200))
        if number % 8 == 7:
            await until(lambda: not len(outbox), clock, session)
    await until(lambda: not len(outbox), clock, session)
    task.cancel()
    return session.stats()


async def refuse(clock, log, slot, options):
    """Connects of all sessions, which is 0 when each was refused."""
    connects = 0
    for number, (folder, host) in enumerate(options["refused"]):
        print("case %d" % number)
        session = make_session(clock, log, slot, options, folder, host)
        task = asyncio.create_task(session.run(Outbox()))
        await until(lambda s=session: s.failures >= 2 or s.engine.connects, clock, session)
        task.cancel()
        await asyncio.sleep_ms(10)
        connects += session.engine.connects
    return {"connects": connects}


async def main(options):
    clock = Clock(time.ticks_us, time.ticks_diff, lambda: int(time.time()) * 1000)
    log = Log(clock, print)
    wires = SlotWires(2, None, lambda: 0, lambda level: None, lambda level: None, make_uart)
    cfg = {"mode": options["mode"], "baud": 460800, "apn": "test"}
    points = Points(16)
    slot = Slot(2, "cellular", Driver, wires, cfg, points, clock, log, Listener())
    task = asyncio.create_task(slot.run())
    while slot.driver is None or slot.driver.modem.state != "context up":
        await asyncio.sleep_ms(10)
    if "refused" in options:
        found = await refuse(clock, log, slot, options)
    else:
        session = make_session(clock, log, slot, options, options["tls"], options["host"])
        found = await deliver(clock, session, options["events"])
    task.cancel()
    await asyncio.sleep_ms(50)
    print(json.dumps(found))


asyncio.run(main(json.loads(sys.stdin.readline())))
