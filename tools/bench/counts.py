"""Instruction counts from the emulated Cortex-M3: boots it, runs the cases, keeps the figures."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

from tools.qemu import image
from tools.qemu.machine import COUNTING, Machine
from tools.qemu.need import QemuError

TICKS = 1.6  # of the 25 MHz timer an instruction, at 64 ns an instruction
CASES = (
    "loop",
    "exact",
    "kernel",
    "thumb",
    "pipeline",
    "pipeline_thumb",
    "whole",
    "whole_thumb",
    "harmonics",
)
_SCRIPT = "from tools.bench.device import target; target.main('%s')"


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


def measure(names=CASES, boots=2):
    """{name: Case}, each counted in several boots of its own. QemuError."""
    elf = image.build()
    found = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for lines in pool.map(lambda name: _run(elf, name), [*names] * boots):
            for line in lines:
                name = line.pop("case")
                found.setdefault(name, Case(name)).add(line)
    return found


def _run(elf, name):
    with Machine(elf, shift=COUNTING) as board:
        code, said = board.mpremote("exec", _SCRIPT % name)
    if code:
        raise QemuError(f"the case '{name}' failed on the board:\n{said.strip()}")
    return [json.loads(line) for line in said.splitlines()]
