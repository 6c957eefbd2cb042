"""Levelled log to one sink, with a short ring for the console. Not for ISRs.

Text is built by the caller: on a hot path do not call it at all.
"""

from micropython import const

_KEEP = const(32)  # last lines kept for `ttu.log()`

LEVELS = ("debug", "info", "warn", "error")


class Log:
    def __init__(self, clock, sink=print, level="info"):
        self.clock = clock
        self.sink = sink
        self.lines = []  # newest last, at most _KEEP
        self.dropped = 0  # lines that left the ring
        self.set_level(level)

    def set_level(self, level):
        """One of LEVELS; ValueError otherwise."""
        if level not in LEVELS:
            raise ValueError("the log level is one of " + ", ".join(LEVELS))
        self.level = level
        self._floor = LEVELS.index(level)

    def _put(self, rank, source, text):
        if rank < self._floor:
            return
        ms = self.clock.ms()
        line = "%d.%03d %s %s: %s" % (ms // 1000, ms % 1000, LEVELS[rank], source, text)
        if len(self.lines) >= _KEEP:
            self.lines.pop(0)
            self.dropped += 1
        self.lines.append(line)
        self.sink(line)

    def debug(self, source, text):
        self._put(0, source, text)

    def info(self, source, text):
        self._put(1, source, text)

    def warn(self, source, text):
        self._put(2, source, text)

    def error(self, source, text):
        self._put(3, source, text)
