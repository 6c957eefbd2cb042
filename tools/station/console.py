"""A person's hands at the board's terminal: types on the PTY and reads what comes back."""

import os
import select
import time
import tty


class ConsoleError(Exception):
    """The board did not say what was waited for; the text says what it said last."""


class Console:
    """One opener of the PTY; use as a context manager."""

    def __init__(self, pty):
        self._fd = os.open(pty, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._fd)
        self.said = ""  # everything read so far

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._fd)

    def type(self, text):
        os.write(self._fd, text.encode())

    def until(self, wanted, timeout_s=10):
        """Read until `wanted` appears; the text up to and with it, which is then used up."""
        deadline = time.monotonic() + timeout_s
        while wanted not in self.said:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([self._fd], [], [], left)[0]
            if not ready:
                raise ConsoleError(f"waited for {wanted!r}, the board said {self.said[-200:]!r}")
            self.said += os.read(self._fd, 4096).decode(errors="replace")
        end = self.said.index(wanted) + len(wanted)
        text, self.said = self.said[:end], self.said[end:]
        return text
