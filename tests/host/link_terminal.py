"""Runs under MicroPython: the link alone, telling what it hears as JSON lines on stdout.

argv: chip, seconds at most, the checksum that the IC's configuration should have, 0 for none.
Orders on stdin, [verb, argument] as JSON: `stall` (ms without service), `calibrate` (rows), `now`
(nothing, but each is told), `end`. The last line sums up.
"""

import asyncio
import json
import select
import sys
import time

import machine

from board.unix import board
from firmware.core.clock import Clock
from firmware.link import chip, dual

SETS = 64


class Cfg:
    u_full_scale_mv = 500000
    i_full_scale_ma = 400000
    nominal_v = 230
    nominal_hz = 50
    pulse_constant = 1000
    burst_crc = True
    timeout_ms = 200


def tell(what, *values):
    print(json.dumps([clock.ms(), what] + list(values)))


class Sink:
    def __init__(self):
        self.next = None  # sample that is due
        self.sums = {"sets": 0, "missing": 0, "readings": 0}
        self.energy = [0] * 12
        self.last = None

    def feed(self, buf, at, sets, sample):
        if self.next is not None and sample != self.next:
            tell("broken", self.next, sample)
        self.next = sample + sets
        self.sums["sets"] += sets

    def note(self, bits):
        tell("note", bits)

    def gap(self, sets, bits):
        self.next += sets
        self.sums["missing"] += sets
        tell("gap", sets, bits)

    def restart(self, is_resumed):
        self.next = None
        tell("restart", is_resumed)

    def registers(self, wh, varh, sample):
        if sample != self.next:
            tell("broken", self.next, sample)
        tell("registers", wh, varh, sample)

    def readings(self, values, energy, bits):
        self.sums["readings"] += 1
        for k in range(12):
            self.energy[k] += energy[k]
        tell("readings", values, energy, bits)

    def configuration(self, crc, is_same, text):
        tell("configuration", crc, is_same, text)

    def pulses(self, count, is_only):
        self.sums["pulses"] = self.sums.get("pulses", 0) + count

    def mode(self, new, old):
        tell("mode", new, old)

    def trouble(self, text):
        tell("trouble", text)

    def beat(self):
        pass


def ordered():
    """The next order, or None."""
    return json.loads(sys.stdin.readline()) if orders.poll(0) else None


async def main(name, seconds, crc):
    wires = board.metrology()
    ic = chip.make(name, wires, clock, Cfg, Cfg, 41, expected_crc=crc or None)
    sink = Sink()
    link = dual.Link(ic, wires, clock, sink, Cfg, asyncio.ThreadSafeFlag())
    wires.attach(link.pulses)
    tasks = [asyncio.create_task(coroutine()) for _, coroutine in board.background()]
    tasks += [asyncio.create_task(link.run()), asyncio.create_task(link.watch())]
    tell("ratios", ic.register_ratio, ic.pulse_ratio)
    while clock.ms() < seconds * 1000:
        order = ordered()
        if order:
            verb, argument = order
            if verb == "end":
                break
            tell(verb, argument)
            if verb == "stall":
                time.sleep_ms(argument)
            elif verb == "calibrate":
                link.set_calibration(argument)
        await asyncio.sleep_ms(20)
    sink.sums["rate_ppm"] = link.timebase.rate_ppm()
    sink.sums["uncertainty_us"] = link.timebase.uncertainty_us
    sink.sums["energy"] = sink.energy
    if not ic.has_samples:
        sink.sums["count_mwh"] = ic.scale.count_mwh
    for text, value in link.rows():
        sink.sums[text] = value
    tell("end", sink.sums)
    for task in tasks:
        task.cancel()


clock = Clock(machine.ticks_us, time.ticks_diff, lambda: 0)
orders = select.poll()
orders.register(sys.stdin, select.POLLIN)
asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
