"""The terminal a person (or mpremote) opens: the board's serial port.

Bounded on its way out, as a USB serial port is: nobody there, or somebody who does not read for
half a second, and the output is dropped, so that the board never waits for a reader.
"""

import os
import pty
import select
import time
import tty
from pathlib import Path

_LIMIT = 64 * 1024
_STALL_S = 0.5


class SerialPort:
    def __init__(self, link=None):
        self.fd, slave = pty.openpty()
        tty.setraw(slave)
        self.name = os.ttyname(slave)
        # Opened and closed once: from now on the kernel tells us when nobody is there.
        os.close(slave)
        os.set_blocking(self.fd, False)
        self._poll = select.poll()
        self._poll.register(self.fd, 0)
        self._out = bytearray()
        self._moved = 0.0  # when the reader last took something
        self._muted = False  # the reader stalled; drop until it reads again
        self.dropped = 0
        self._link = Path(link).absolute() if link else None
        if self._link:
            self._point(self._link)

    def _point(self, link):
        """Make the link, or turn it from a board of the past to this one."""
        link.parent.mkdir(parents=True, exist_ok=True)
        fresh = link.with_name(f"{link.name}.{os.getpid()}")
        fresh.symlink_to(self.name)
        fresh.replace(link)

    def is_open(self):
        """Does anybody have the terminal open?"""
        return not any(events & select.POLLHUP for _, events in self._poll.poll(0))

    def read(self):
        """What was typed; None when the last opener has gone."""
        try:
            return os.read(self.fd, 4096)
        except BlockingIOError:
            return b""
        except OSError:  # EIO
            return None

    def write(self, data):
        """Queue for the reader, or drop."""
        if not self.is_open():
            self._drop(len(data))
        elif self._muted:
            self.dropped += len(data)
        else:
            if not self._out:
                self._moved = time.monotonic()
            self._out += data
            self.flush()

    def flush(self):
        """Give the reader what it takes now."""
        if self._muted:
            self._muted = False
            return
        try:
            count = os.write(self.fd, self._out)
        except BlockingIOError:
            return
        del self._out[:count]
        self._moved = time.monotonic()

    def waits(self):
        """Is there reason to wait until the terminal can be written?"""
        return bool(self._out) or self._muted

    def is_full(self):
        """May the board print on? Drops everything for a reader that has stalled."""
        if len(self._out) < _LIMIT:
            return False
        if time.monotonic() - self._moved < _STALL_S:
            return True
        self._drop(0)
        self._muted = True
        return False

    def _drop(self, more):
        self.dropped += len(self._out) + more
        self._out.clear()
        self._muted = False

    def close(self):
        if self._link and self._link.is_symlink() and os.readlink(self._link) == self.name:
            self._link.unlink()
        os.close(self.fd)
