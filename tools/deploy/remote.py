"""Talks to a board through the real mpremote, one process a call."""

import json
import subprocess
import sys
from pathlib import Path

_SURVEY_S = 20  # to answer at all, and to digest the files that are there
_TIMEOUT_S = 180  # a whole tree over a slow UART; the virtual board takes a few seconds

_SURVEY = """
import sys, os, json, hashlib, binascii
def walk(path, out):
    for entry in os.ilistdir(path):
        name = path.rstrip('/') + '/' + entry[0]
        if entry[1] & 0x4000:
            walk(name, out)
        else:
            h = hashlib.sha256()
            with open(name, 'rb') as f:
                while True:
                    b = f.read(512)
                    if not b:
                        break
                    h.update(b)
            out[name] = binascii.hexlify(h.digest()).decode()
found = {}
for top in ('/lib',):
    try:
        walk(top, found)
    except OSError:
        pass
for name in ('/main.py',):
    try:
        os.stat(name)
        h = hashlib.sha256(open(name, 'rb').read())
        found[name] = binascii.hexlify(h.digest()).decode()
    except OSError:
        pass
try:
    import firmware.core.errors as tree
    frozen = not tree.__file__.startswith('/lib')
except ImportError:
    frozen = False
print(json.dumps([sys.platform, sys.implementation._mpy, frozen, found]))
"""

# sys.implementation._mpy >> 10: index of the native architecture (py/persistentcode.h)
_ARCH = ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp",
         "xtensa", "xtensawin", "rv32imc", "rv64imc")  # fmt: skip


class RemoteError(Exception):
    """One sentence about what the board or mpremote said."""


def mpremote(port, *words, timeout=_TIMEOUT_S):
    """Run `mpremote connect PORT words...`; its standard output. RemoteError."""
    command = [str(Path(sys.executable).with_name("mpremote")), "connect", port, *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired as late:
        raise RemoteError(f"the board at {port} did not answer within {timeout} s") from late
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise RemoteError(f"mpremote on {port}: {said}")
    return done.stdout


def survey(port):
    """(sys.platform, mpy-cross architecture, {path on the board: sha256}) of a board."""
    text = mpremote(port, "exec", _SURVEY, timeout=_SURVEY_S).strip().splitlines()
    platform, mpy, is_frozen, files = json.loads(text[-1])
    if is_frozen:
        raise RemoteError(
            "the firmware is frozen into this board's image and would hide what is copied: "
            "flash an image without it first"
        )
    return platform, _ARCH[mpy >> 10 & 15], files
