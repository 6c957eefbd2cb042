"""Windows counted by their flags: each bit, any bit, in words, without the heap."""

import micropython

from firmware.core import flags
from firmware.metering.tally import Tally

tally = Tally()
assert tally.text() == "0"
windows = (0, flags.OVERRUN | flags.GAP, 0, flags.PHASE, flags.CLOCK | flags.GAP)


def take_all():
    micropython.heap_lock()
    for bits in windows:
        tally.take(bits)
    micropython.heap_unlock()


take_all()
assert tally.windows == 3
assert tally.counts == [1, 0, 0, 0, 0, 0, 1, 0, 2, 1]
assert tally.text() == "3: overrun 1, phase 1, gap 2, clock 1", tally.text()
# each kind of flag has its place, and there are no more
assert "good" not in [flags.text(1 << k) for k in range(len(tally.counts))]
assert flags.text(1 << len(tally.counts)) == "good"

print("OK")
