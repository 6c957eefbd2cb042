"""Runs under MicroPython: the sampling kernels over raw sets against the big-integer twin, bit for
bit. A helper of test_kernels_recorded.

The sets (28 bytes each, as the chip sends them) are in the file of the first argument, or in DATA,
base64, when the test put it before this text. Prints OK with the sets and the shifts raised.
"""

import binascii
import sys
from array import array

import micropython

if "DATA" not in globals():
    sys.path.insert(0, "tests/device")  # on the Cortex-M3 they are frozen into the image
import kernel_twin
from kernel_twin import SIZE

from firmware.metering import kernels, layout, sum_kernels

BLOCK = layout.BLOCK
HISTORY = layout.DELAY_MAX + 1


class Bench:
    """Kernel and twin side by side."""

    def __init__(self, way):
        self.way = way
        self.at = SIZE * HISTORY
        self.buf = bytearray(self.at + SIZE * BLOCK)
        self.m = array("i", bytes(4 * layout.WORDS))
        self.twin = kernel_twin.Twin((0, 0, 0, 0))
        self.totals = [0] * 20
        self.raised = 0
        self.twin.volts(kernel_twin.sets_of(self.buf, 0, HISTORY))
        self.take(0, HISTORY)
        self.m[layout.LATE] = layout.DELAY * SIZE

    def take(self, at, sets):
        self.m[layout.AT] = at
        self.m[layout.AT + 1] = sets
        return self.way.sums(self.buf, 1, self.m)

    def block(self, data):
        self.buf[self.at :] = data
        words = kernel_twin.sets_of(self.buf, self.at, BLOCK)
        self.twin.volts(words)
        micropython.heap_lock()
        bad = self.take(self.at, BLOCK)
        micropython.heap_unlock()
        wanted = self.twin.block(words, layout.DELAY)
        assert (bad != 0) == (wanted is None)
        if bad:
            self.raise_shifts(words)
            assert self.way.sums(self.buf, 0, self.m) == 0
            wanted = self.twin.block(words, layout.DELAY)
        m = list(self.m)
        assert m[layout.SUMS : layout.SUMS + 20] == wanted, (m[layout.SUMS :][:20], wanted)
        assert m[:7] == self.twin.volt_rest + self.twin.amp_rest
        sum_kernels.fold(self.m, 0, layout.SUMS, 1)
        added = kernel_twin.totals_of(wanted, self.twin.shifts)
        self.totals = [a + b for a, b in zip(self.totals, added)]
        assert kernel_twin.joined(list(self.m)[layout.TOTALS :]) == self.totals
        self.buf[: self.at] = self.buf[-self.at :]

    def raise_shifts(self, words):
        for c in range(4):
            most = max([abs(row[2 * c]) for row in words])
            while most >> self.twin.shifts[c] >= 4095:
                self.twin.shifts[c] += 1
                self.raised += 1
            self.m[layout.SHIFTS + c] = self.twin.shifts[c]


def blocks():
    """Raw blocks, one after the other; a rest that is none is dropped."""
    if "DATA" in globals():
        data = binascii.a2b_base64(globals()["DATA"])
        for at in range(0, len(data) - SIZE * BLOCK + 1, SIZE * BLOCK):
            yield data[at : at + SIZE * BLOCK]
        return
    with open(sys.argv[1], "rb") as file:
        data = file.read(SIZE * BLOCK)
        while len(data) == SIZE * BLOCK:
            yield data
            data = file.read(SIZE * BLOCK)


def ways():
    yield kernels
    if 3 <= sys.implementation._mpy >> 10 & 15 <= 8:  # armv6 .. armv7emdp
        from board import thumb

        yield thumb


for way in ways():
    bench = Bench(way)
    count = 0
    for data in blocks():
        bench.block(data)
        count += BLOCK
    assert count
print("%d sets, %d shifts raised" % (count, bench.raised))
print("OK")
