"""A paced half-duplex RS-485 line on a PTY: the wire itself, without anybody on it.

A PTY has no speed, so the wire reckons it: a character is 11 bits (start, 8 data, even parity,
stop), and every byte has an absolute due time, so that errors of the scheduler never add up.
Mode `frame` delivers a transmission whole at the time its last byte is due (right throughput on
a busy machine), mode `byte` each byte when it is due (partial reads). Times are seconds of one
monotonic clock.

With `baud` None the speed is the one the master has set on the PTY at the moment. Parity cannot
be judged there: the kernel drops it. A character has 11 bits all the same, because without parity
Modbus has a second stop bit.
"""

import heapq
import os
import termios
import tty

MODES = ("frame", "byte")
_READ = 4096
_SPEEDS = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[0] == "B" and name[1:].isdigit()
}
_OUT_SPEED = 5  # index in what tcgetattr gives
_LOWEST_BAUD = 300  # a master that hung up says 0


class Wire:
    def __init__(self, baud, mode="frame", bits=11):
        if mode not in MODES:
            raise ValueError(f"a wire delivers by {' or '.join(MODES)}, not {mode}")
        self._fixed = baud
        self._bits = bits
        self.mode = mode
        self._fd, self._slave = os.openpty()
        tty.setraw(self._fd)
        tty.setraw(self._slave)  # kept open: the line stays up while the master reboots
        os.set_blocking(self._fd, False)
        self.path = os.ttyname(self._slave)
        self._due = []  # heap of (time, sequence, bytes) towards the master
        self._sent = 0  # sequence: keeps equal times in order
        self._up_free = 0.0  # when the master's last byte has crossed
        self._down_free = 0.0  # ... and the meters'
        self.bytes_up = 0  # from the master
        self.bytes_down = 0
        self.busy_s = 0.0  # time on the wire, by the model
        self.collisions = 0  # both directions at once
        self.lost = 0  # bytes the master left unread until the line was full

    @property
    def is_fixed(self):
        """True when the line has a speed of its own, whatever the master sets."""
        return bool(self._fixed)

    @property
    def baud(self):
        """Bits a second of the line now."""
        if self._fixed:
            return self._fixed
        speed = termios.tcgetattr(self._slave)[_OUT_SPEED]
        return max(_LOWEST_BAUD, _SPEEDS.get(speed, 0))

    @property
    def char_s(self):
        """Time of a character."""
        return self._bits / self.baud

    def fileno(self):
        return self._fd

    def receive(self, now):
        """(bytes the master sent, time the last of them has crossed); b"" when there are none."""
        try:
            data = os.read(self._fd, _READ)
        except BlockingIOError:
            return b"", now
        took = len(data) * self.char_s
        start = max(now, self._up_free)
        self._up_free = start + took
        self.bytes_up += len(data)
        self.busy_s += took
        self.collisions += start < self._down_free
        return data, self._up_free

    def send(self, data, at):
        """Put bytes on the line towards the master, not before `at`."""
        char_s = self.char_s
        start = max(at, self._down_free)
        self._down_free = start + len(data) * char_s
        self.bytes_down += len(data)
        self.busy_s += len(data) * char_s
        self.collisions += start < self._up_free
        if self.mode == "frame":
            self._schedule(self._down_free, data)
            return
        for i in range(len(data)):
            self._schedule(start + (i + 1) * char_s, data[i : i + 1])

    def _schedule(self, due, data):
        self._sent += 1
        heapq.heappush(self._due, (due, self._sent, bytes(data)))

    def next_due(self):
        """When something is to be delivered next, or None."""
        return self._due[0][0] if self._due else None

    def deliver(self, now):
        """Hand over everything that is due."""
        while self._due and self._due[0][0] <= now:
            data = heapq.heappop(self._due)[2]
            try:
                done = os.write(self._fd, data)
            except BlockingIOError:
                done = 0
            self.lost += len(data) - done

    def close(self):
        os.close(self._fd)
        os.close(self._slave)
