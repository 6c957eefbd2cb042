"""The side of `tools.fuzz` that runs under MicroPython: argv = codec, job, cases, plant.

The job is one record a case: mode (F frames, T exchange, A APDU, D data), number of parts; a part
is size (2, big endian), number of cuts (2), the cuts (2 each), the bytes; FFFF cuts: at every
byte, FFFE: none, in one go. Silence follows every part. One line is printed a case: what the
target tells, each item closed by ; the last one is `E type: text` for an exception that is no
CodecError. The last lines are
`heap BYTES`, the most that was held behind the first eighth of the cases more than then, and
`worst US CASE`.
"""

import gc
import sys

from tools.fuzz.device.targets import EVERY_BYTE, EXCHANGES, FRAMES

_CHECKS = 8  # times that the heap is looked at


def number(job):
    raw = job.read(2)
    return raw[0] << 8 | raw[1]


def read_part(job):
    size = number(job)
    count = number(job)
    if count == 0xFFFF:
        cuts = EVERY_BYTE
    elif count == 0xFFFE:
        cuts = None
    else:
        cuts = tuple([number(job) for _ in range(count)])
    return job.read(size), cuts


def tell(text):
    print(text, end=";")


class Run:
    def __init__(self, codec):
        self.codec = codec
        self.worst = (0, 0)
        self.renew()

    def renew(self):
        """Targets as after a start: an exception may have left them anyhow."""
        self.frames = FRAMES[self.codec]()
        self.exchange = EXCHANGES[self.codec]() if self.codec in EXCHANGES else self.frames

    def case(self, mode, parts):
        if mode == "T":
            self.exchange.case(parts, tell)
        elif mode == "A":
            self.frames.apdu(parts, tell)
        elif mode == "D":
            self.frames.data(parts, tell)
        else:
            self.frames.case(parts, tell)

    def one(self, job, i):
        head = job.read(2)
        parts = [read_part(job) for _ in range(head[1])]
        try:
            self.case(chr(head[0]), parts)
        except Exception as error:  # whatever comes is what is looked for
            tell("E %s: %s" % (type(error).__name__, " ".join(str(error).split())))
            self.renew()
        print()
        for target in (self.frames, self.exchange):
            if target.us > self.worst[0]:
                self.worst = (target.us, i)
            target.us = 0


def held():
    gc.collect()
    return gc.mem_alloc()


def main(codec, path, cases, plant):
    if plant:
        from tools.fuzz.device import plants

        plants.plant(plant)
    run = Run(codec)
    base = most = held()
    step = max(1, cases // _CHECKS)
    with open(path, "rb") as job:
        for i in range(cases):
            run.one(job, i)
            if i + 1 == step:
                base = most = held()
            elif (i + 1) % step == 0:
                most = max(most, held())
    print("heap %d" % (most - base))
    print("worst %d %d" % run.worst)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
