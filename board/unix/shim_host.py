"""The way from the virtual board to the desk it stands on: host files, wiring, supervisor.

Shim modules only; the firmware never imports this. The host's file system stays reachable
here after `/` has become the board's flash. Environment: TTU_WIRING (JSON file that says which
socket or terminal each peripheral leads to), TTU_CTL_FD (pipe to the supervising process).
"""

import json
import os
import socket
import time

import vfs
from micropython import const

RETRY_MS = const(100)  # between attempts to reach who is not there

_host = vfs.VfsPosix("/")  # kept unmounted: invisible to `open`, still usable here


def open_host(path, mode):
    """Open a file of the host by absolute path; OSError as `open`."""
    return _host.open(path, mode)


def _read_wiring():
    path = os.getenv("TTU_WIRING")
    if not path:
        return {}
    try:
        file = _host.open(path, "r")
    except OSError:
        return {}  # a board without wiring is a board with nothing connected
    with file:
        return json.load(file)


def _open_control():
    number = os.getenv("TTU_CTL_FD")
    return open(int(number), "wb") if number else None


wiring = _read_wiring()
_control = _open_control()  # None when nobody supervises (plain scripts)


def tell(line):
    """Send one line of text to the supervisor; nothing happens without one."""
    if _control is not None:
        _control.write(line + "\n")


def ask_restart(line, status):
    """Have the supervisor end this process; does not return. Without one: SystemExit."""
    if _control is None:
        raise SystemExit(status)
    tell(line)
    while True:  # as on silicon no handler and no `finally` runs: the supervisor kills us
        time.sleep_ms(1000)


class Dialer:
    """The way to a server that may not be there (yet): tried at most every RETRY_MS."""

    def __init__(self, path):
        self._address = unix_address(path) if path else None
        self._retry_at = time.ticks_ms()

    def dial(self):
        """A non-blocking stream, or None."""
        now = time.ticks_ms()
        if self._address is None or time.ticks_diff(now, self._retry_at) < 0:
            return None
        self.rest()
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.setblocking(False)
        try:
            link.connect(self._address)
        except OSError:
            link.close()
            return None
        return link

    def rest(self, wait_ms=RETRY_MS):
        """Do not try before."""
        self._retry_at = time.ticks_add(time.ticks_ms(), wait_ms)


def unix_address(path):
    """`struct sockaddr_un` for a path; ValueError when it does not fit."""
    raw = path.encode()
    if len(raw) > 107:
        raise ValueError("socket path is longer than 107 bytes: " + path)
    return b"\x01\x00" + raw + b"\x00"
