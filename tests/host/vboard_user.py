"""A person at the board's terminal, and mpremote, for the virtual board's tests."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

PROMPT = b">>> "
MPREMOTE = Path(sys.executable).with_name("mpremote")


class Terminal:
    """An open terminal; `expect` fails with everything that was seen."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.seen = b""

    def type(self, data):
        os.write(self.fd, data)

    def expect(self, sign, timeout_s=5.0):
        """What came before `sign`; the rest waits for the next call."""
        end = time.monotonic() + timeout_s
        while sign not in self.seen:
            left = end - time.monotonic()
            assert left > 0, f"no {sign!r} in {self.seen!r}"
            if select.select([self.fd], [], [], left)[0]:
                self.seen += os.read(self.fd, 4096)
        before, _, self.seen = self.seen.partition(sign)
        return before

    def prompt(self):
        """Reach the friendly prompt from wherever the board is, with nothing left unread."""
        self.type(b"\x03")
        self.type(b"\x02")
        self.type(b"'sync'+'ed'\r")
        self.expect(b"'synced'\r\n" + PROMPT)

    def run(self, line):
        """Type one line at the prompt; what it printed."""
        self.type(line.encode() + b"\r")
        self.expect(line.encode() + b"\r\n")
        return self.expect(PROMPT).decode()

    def close(self):
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def mpremote(pty, *args, cwd=None, status=0):
    """stdout of one mpremote call, lines ended by LF alone."""
    done = subprocess.run(
        [str(MPREMOTE), "connect", pty, *args], cwd=cwd, capture_output=True, timeout=20
    )
    assert done.returncode == status, (args, done.stdout, done.stderr)
    return done.stdout.decode().replace("\r\n", "\n")


def children(pid):
    """Process ids below `pid`, at every depth."""
    direct = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in direct for found in (int(child), *children(int(child)))]
