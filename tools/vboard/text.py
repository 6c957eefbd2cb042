"""What passes between a MicroPython REPL and its user, seen from the wire in between.

`LineEnds` makes the output what a board sends (CR LF). `ReplMode` knows whether the REPL is the
friendly or the raw one, which a soft reset keeps.
"""

import re

RAW_KEY = 0x01  # Ctrl-A
FRIENDLY_KEY = 0x02  # Ctrl-B
_BARE_LF = re.compile(rb"(?<!\r)\n")
_RAW_SIGN = b"raw REPL; CTRL-B to exit"
_FRIENDLY_SIGN = b'Type "help()" for more information.'
_MOUNT_REQUEST = b"\x18"  # first byte of a request of `mpremote mount`; binary from there on


class LineEnds:
    def __init__(self):
        self._ended_in_cr = False
        self._binary = False

    def to_user(self, data, is_deaf):
        """Output as a board sends it. `is_deaf()`: has the code switched Ctrl-C off? Then what
        follows a mount request is binary and passes as it is."""
        if _MOUNT_REQUEST in data:
            self._binary = True
        if self._binary and is_deaf():
            return data
        self._binary = False
        cooked = _BARE_LF.sub(b"\r\n", data)
        if self._ended_in_cr and data[:1] == b"\n":
            cooked = cooked[1:]
        self._ended_in_cr = data[-1:] == b"\r"
        return cooked

    def from_user(self, data):
        """The far end answered: its request is over (the first byte only acknowledges it)."""
        if data != _MOUNT_REQUEST:
            self._binary = False


class ReplMode:
    """Follows the key that asks for a mode and believes it when the REPL announces the mode."""

    def __init__(self):
        self.raw = False
        self._asked = None
        self._tail = b""

    def typed(self, data):
        for key in data:
            if key in (RAW_KEY, FRIENDLY_KEY):
                self._asked = key

    def printed(self, data):
        seen = self._tail + data
        if self._asked == RAW_KEY and _RAW_SIGN in seen:
            self.raw = True
        elif self._asked == FRIENDLY_KEY and _FRIENDLY_SIGN in seen:
            self.raw = False
        else:
            self._tail = seen[-40:]
            return
        self._asked = None
        self._tail = b""
