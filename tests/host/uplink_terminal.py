"""A terminal that is nothing but an uplink, for the tests: runs under MicroPython.

One line of JSON on stdin, see OPTIONS. It says what happens line by line, holds the session to
its stated bounds, and prints the counters as JSON last.
"""

import asyncio
import json
import sys
import time

from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.uplink import json_face
from firmware.uplink.limits import Limits
from firmware.uplink.outbox import Outbox
from firmware.uplink.session import Session

OPTIONS = {
    "port": 0,
    "host": "127.0.0.1",
    "station": "st1",
    "keepalive_s": 30,
    "limits": {},
    "outbox": {},
    "first_pid": 0,  # last packet id taken as used
    "events": 0,  # put before the connection is up
    "devices": [],  # one live message each
    "big": 0,  # bytes of text in one more event
    "calm": True,  # False: put all that only after `trouble`
    "trouble": {},  # counters that must be reached on the way: name -> at least
    "rounds": 0,  # live rounds and events put after the trouble
    "commands": 0,  # messages expected on ttu/<station>/cmd/#
    "spoilt": False,  # a message MQTT cannot carry lies in the middle
}

STAMP_MS = 1_795_392_000_000
GIVE_UP_MS = 30_000  # of the whole script; only a hang gets here


class Terminal:
    def __init__(self, options):
        self.options = options
        self.clock = Clock(time.ticks_us, time.ticks_diff, lambda: STAMP_MS)
        self.beats = 0  # turns another task of the same loop got
        self.seq = 0
        self.outbox = Outbox(**options["outbox"])
        station = options["station"]
        status = json_face.status_topic(station)
        self.session = Session(
            self.clock,
            Log(self.clock, self.say, "info"),
            options["host"],
            options["port"],
            station.encode(),
            keepalive_s=options["keepalive_s"],
            will=(status, json_face.OFFLINE, True, 1),
            birth=(status, json_face.ONLINE, True, 1),
            limits=Limits(**options["limits"]),
        )
        self.session.engine.codec.last_pid = options["first_pid"]

    def say(self, line):
        sys.stdout.write(line + "\n")

    def put_event(self, text):
        self.seq += 1
        body = json_face.event(7, None, STAMP_MS, 1, self.seq, text)
        self.outbox.put_event(json_face.event_topic(self.options["station"]), body)

    def put_live(self, number):
        names = ("ua", "ia", "ep")
        for device in self.options["devices"]:
            body = json_face.message(
                device, STAMP_MS, number, names, (-1, -3, 2), (2305 + number, -5, 7), (0, 0, 64)
            )
            topic = json_face.data_topic(self.options["station"], device)
            self.outbox.put_live(device, topic, body)

    def put_first(self):
        for index in range(self.options["events"]):
            if index == 3 and self.options["spoilt"]:
                self.outbox.put_event(b"not/a+topic", b"?")
            self.put_event("event %d" % index)
        if self.options["big"]:
            self.put_event("\u00fc" * (self.options["big"] // 2))
        self.put_live(1)

    async def beat(self):
        while True:
            await asyncio.sleep_ms(10)
            self.beats += 1

    async def until(self, predicate, what):
        while not predicate():
            if self.clock.ms() > GIVE_UP_MS:
                raise RuntimeError("%s never came: %s" % (what, self.session.stats()))
            await asyncio.sleep_ms(10)

    def has_reached(self, counters):
        stats = self.session.stats()
        return all([stats[name] >= least for name, least in counters.items()])

    async def run(self):
        options = self.options
        session = self.session
        if options["commands"]:
            session.subscribe(b"ttu/+/cmd/#", lambda t, p: self.say("got " + p.decode()))
        tasks = [
            asyncio.create_task(session.run(self.outbox)),
            asyncio.create_task(self.beat()),
        ]
        if options["calm"]:
            self.put_first()
        if options["trouble"]:
            await self.until(lambda: self.has_reached(options["trouble"]), "the trouble")
            self.say("trouble after %d beats" % self.beats)
        if not options["calm"]:
            self.put_first()
        for number in range(options["rounds"]):
            self.put_live(2 + number)
            self.put_event("round %d" % number)
        if options["rounds"]:
            self.say("rounds are put")
        await self.until(lambda: session.engine.is_up, "a session")
        await self.until(lambda: session.engine.received >= options["commands"], "commands")
        await self.until(lambda: not len(self.outbox), "delivery")
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(0)
        stats = session.stats()
        bound = session.stall_bound_ms
        if stats["worst_stall_ms"] > bound:
            raise RuntimeError("%d ms waited, %d stated" % (stats["worst_stall_ms"], bound))
        stats["outbox"] = self.outbox.stats()
        stats["beats"] = self.beats
        self.say(json.dumps(stats))


options = dict(OPTIONS)
for key, value in json.loads(sys.stdin.readline()).items():
    if key not in options:
        raise KeyError(key)
    options[key] = value
asyncio.run(Terminal(options).run())
