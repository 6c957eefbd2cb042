"""What runs on the emulated Cortex-M3: every case, counted; one line of JSON a case.

`counts` are ticks (1.6 an instruction), a value a repeat. Garbage collection is off while
counting, so allocation is counted but collecting is not; heap figures are bytes of this port.
"""

import gc
import json

import bench_c

from tools.bench.device import cases, counter, plain, signal

_REPEATS = 3
_LONG, _SHORT = cases.BURST, cases.BURST // 2
_WINDOWS = 2  # a repeat
_WARM_UP = 4  # windows until shifts and block lengths have settled


def say(name, **figures):
    figures["case"] = name
    print(json.dumps(figures))


def slope(run, long, short):
    """Ticks that run(long) takes more than run(short), once a repeat; the first is thrown away."""
    found = []
    for _ in range(_REPEATS + 1):
        gc.collect()
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


def kernel(raw):
    case = cases.Kernel(_filled(raw))
    counts = slope(case.run, _LONG, _SHORT)
    call = counter.of(case.run, _LONG) - counter.of(counter.nothing, _LONG)
    heap = allocated(case.run, _LONG)
    say("kernel", counts=counts, units=_LONG - _SHORT, call=call, heap=heap)


def pipeline(raw):
    case = cases.Pipeline(cases.Feed(raw))
    price = counter.of(counter.nothing, 0)
    counts = []
    worst = heap = 0
    for repeat in range(-_WARM_UP // _WINDOWS, _REPEATS):
        gc.collect()
        before = gc.mem_alloc()
        total = 0
        for _ in range(_WINDOWS * signal.SETS // cases.BURST):
            took = counter.of(case.run, case.feed.next()) - price
            total += took
            if repeat >= 0 and took > worst:
                worst = took
        if repeat >= 0:
            counts.append(total)
            heap = max(heap, (gc.mem_alloc() - before) // _WINDOWS)
    if case.windows < (_WARM_UP + _REPEATS * _WINDOWS - 1):
        raise ValueError("only %d windows were published" % case.windows)
    say("pipeline", counts=counts, units=_WINDOWS * signal.SETS, worst=worst, heap=heap)


def _filled(raw):
    feed = cases.Feed(raw)
    feed.next()
    feed.next()
    return feed


def main():
    raw = signal.window()
    gc.disable()
    check()
    exact(raw)
    kernel(raw)
    pipeline(raw)
