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


def dial(address):
    """A non-blocking stream to the server at `address`, None when nobody listens there."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.setblocking(False)
    try:
        link.connect(address)
    except OSError:
        link.close()
        return None
    return link


def unix_address(path):
    """`struct sockaddr_un` for a path; ValueError when it does not fit."""
    raw = path.encode()
    if len(raw) > 107:
        raise ValueError("socket path is longer than 107 bytes: " + path)
    return b"\x01\x00" + raw + b"\x00"
