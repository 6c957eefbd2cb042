"""Instruction counts from the emulated Cortex-M3: boots it, runs the cases, keeps the figures."""

import json

from tools.qemu import image
from tools.qemu.machine import COUNTING, Machine
from tools.qemu.need import QemuError

TICKS = 1.6  # of the 25 MHz timer an instruction, at 64 ns an instruction
_SCRIPT = "from tools.bench.device import target; target.main()"


class Case:
    """One case over several boots: `counts` are instructions a unit, one for each repeat."""

    def __init__(self, name):
        self.name = name
        self.counts = []
        self.more = {}  # what else was measured: heap bytes, ticks of a whole call

    def add(self, line):
        self.counts += [ticks / TICKS / line["units"] for ticks in line["counts"]]
        self.more |= line

    @property
    def value(self):
        """The median."""
        return sorted(self.counts)[len(self.counts) // 2]

    @property
    def spread(self):
        """Greatest over least of all repeats, less one."""
        return max(self.counts) / min(self.counts) - 1

    def instructions(self, name):
        """Of a figure that came in ticks."""
        return self.more[name] / TICKS


def measure(boots=2):
    """{name: Case}. Each boot is a new machine. QemuError."""
    elf = image.build()
    found = {}
    for _ in range(boots):
        for line in _run(elf):
            name = line.pop("case")
            found.setdefault(name, Case(name)).add(line)
    return found


def _run(elf):
    with Machine(elf, shift=COUNTING) as board:
        code, said = board.mpremote("exec", _SCRIPT)
    if code:
        raise QemuError(f"a case failed on the board:\n{said.strip()}")
    return [json.loads(line) for line in said.splitlines()]
