"""What runs on the emulated Cortex-M3: a case a boot, counted; its figures in a line of JSON.

`counts` are ticks (1.6 an instruction), a value a repeat. Garbage collection is off while
counting, so allocation is counted but collecting is not; heap figures are bytes of this port.
"""

import gc
import json
from array import array

import bench_c

from board import thumb
from firmware.metering import kernels
from tools.bench.device import cases, counter, plain, signal

_REPEATS = 3
_LONG, _SHORT = cases.BURST, cases.BURST // 2
_WINDOWS = 15  # a repeat: one aggregate of 150 cycles, and what is done once a second
_WARM_UP = 16  # windows until shifts, block lengths and the holes in the heap have settled


def say(name, **figures):
    figures["case"] = name
    print(json.dumps(figures))


def slope(run, long, short):
    """Ticks that run(long) takes more than run(short), once a repeat; the first is thrown away.
    A call before each pair, so that both find the interpreter's caches filled alike."""
    gc.disable()
    found = []
    for _ in range(_REPEATS + 1):
        gc.collect()
        counter.of(run, short)
        few = counter.of(run, short)
        found.append(counter.of(run, long) - few)
    return found[1:]


def allocated(run, n):
    """Heap bytes one call leaves behind."""
    run(n)
    gc.collect()
    before = gc.mem_alloc()
    run(n)
    return gc.mem_alloc() - before


def check():
    """The method itself: a loop of known length, and the price of asking."""
    say("loop", counts=slope(counter.loop, 202000, 101000), units=2 * 101000)


def exact(raw):
    """C and byte code must find the same sums, or one of them does other work."""
    compiled = cases.Compiled(_filled(raw), bench_c.sums)
    interpreted = cases.Plain(compiled.feed, plain.sums)
    compiled.run(_LONG)
    interpreted.run(_LONG)
    if compiled.results() != interpreted.out:
        raise ValueError("C and Python disagree: %s %s" % (compiled.results(), interpreted.out))
    units = _LONG - _SHORT
    say("c", counts=slope(compiled.run, _LONG, _SHORT), units=units)
    say("bytecode", counts=slope(interpreted.run, _LONG, _SHORT), units=units)


def kernel(name, raw, code):
    case = cases.Kernel(_filled(raw), code)
    counts = slope(case.run, _LONG, _SHORT)
    call = counter.of(case.run, _LONG) - counter.of(counter.nothing, _LONG)
    heap = allocated(case.run, _LONG)
    say(name, counts=counts, units=_LONG - _SHORT, call=call, heap=heap)


def windows(name, case, n):
    """Bursts of `n` windows a repeat; heap bytes of the greediest window and of all."""
    meter = Meter()
    counts = _kept()
    window(meter, case, _WARM_UP)
    meter.worst = meter.heap = 0
    most = 0
    for repeat in range(_REPEATS):
        meter.total = 0
        for _ in range(n):
            before = meter.heap
            window(meter, case, 1)
            most = max(most, meter.heap - before)
        counts[repeat] = meter.total
    if case.windows < _REPEATS * n:
        raise ValueError("only %d windows were published" % case.windows)
    units = n * signal.WINDOW_SETS
    mean = meter.heap // (_REPEATS * n)
    say(name, counts=list(counts), units=units, worst=meter.worst, heap=most, mean=mean)


def window(meter, case, n):
    for _ in range(n * signal.WINDOW_SETS // cases.BURST):
        if case.feed.sample % signal.WINDOW_SETS == 0:
            gc.collect()
        meter.add(case.run, case.feed.next())


def harmonics(raw):
    case = cases.Harmonics(cases.Feed(raw))
    meter = Meter()
    counts = _kept()
    for repeat in range(-_WARM_UP, _REPEATS):
        gc.collect()
        meter.total = meter.heap = 0
        # no two windows in a row are of the same length: all gains are made anew
        for more in (1, 0):
            meter.add(case.begin, more)
            case.done = False
            while not case.done:
                meter.add(case.run, 0)
        if repeat >= 0:
            counts[repeat] = meter.total
    case.check()
    say("harmonics", counts=list(counts), units=2, worst=meter.worst, heap=meter.heap // 2)


def _kept():
    """A place for the counts that does not move: the price of allocating is a search for a hole,
    and the holes must be where they were a repeat ago."""
    return array("i", bytes(4 * _REPEATS))


class Meter:
    """Sums what many calls cost: ticks, the dearest of them, and heap bytes."""

    def __init__(self):
        gc.disable()
        self._price = counter.of(counter.nothing, 0)
        self.total = self.heap = self.worst = 0

    def add(self, run, n):
        before = gc.mem_alloc()
        took = counter.of(run, n) - self._price
        self.heap += gc.mem_alloc() - before
        self.total += took
        if took > self.worst:
            self.worst = took


def _filled(raw):
    feed = cases.Feed(raw)
    feed.next()
    feed.next()
    return feed


def main(name):
    raw = signal.make()
    if name == "loop":
        check()
    elif name == "exact":
        exact(raw)
    elif name == "kernel":
        kernel(name, raw, kernels)
    elif name == "thumb":
        kernel(name, raw, thumb)
    elif name == "pipeline":
        windows(name, cases.Pipeline(cases.Feed(raw), None), _WINDOWS)
    elif name == "pipeline_thumb":
        windows(name, cases.Pipeline(cases.Feed(raw), thumb), _WINDOWS)
    elif name == "whole":
        windows(name, cases.Whole(cases.Feed(raw), None), _WINDOWS)
    elif name == "whole_thumb":
        windows(name, cases.Whole(cases.Feed(raw), thumb), _WINDOWS)
    elif name == "harmonics":
        harmonics(raw)
