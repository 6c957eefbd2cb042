"""One line of typing, byte by byte: echo, backspace, a short history. No waiting, no port.

Feed it what the terminal program sends (VT100 keys, UTF-8); it answers with what the byte meant.
"""

from micropython import const

# What feed() says a byte meant.
MORE = const(0)
LINE = const(1)  # the line is complete: take() it
BREAK = const(2)  # Ctrl-C on an empty line
END = const(3)  # Ctrl-D on an empty line

_LIMIT = const(512)  # bytes of a line
_HISTORY = const(10)  # lines


class Line:
    def __init__(self, write):
        """write(bytes): the echo."""
        self.excess = 0  # bytes of this line that were dropped beyond the limit
        self._write = write
        self._prompt = b""
        self._text = bytearray()
        self._history = []  # newest last
        self._at = 0  # index of the history line shown; its length: the line being typed
        self._escape = 0  # 1: after ESC, 2: within ESC [
        self._was_cr = False  # a LF directly after a CR belongs to it

    def start(self, prompt):
        """Shows the prompt of a new line."""
        self._prompt = prompt
        self._clear()
        self._write(prompt)

    def interject(self, text):
        """Shows a line of text (bytes) above what is being typed."""
        self._write(b"\r\x1b[K" + text + b"\r\n" + self._prompt + self._text)

    def take(self):
        """The complete line's bytes, once; it goes to the history."""
        line = bytes(self._text)
        if line.strip() and line not in self._history[-1:]:
            self._history.append(line)
            self._history = self._history[-_HISTORY:]
        self._clear()
        return line

    def feed(self, byte):
        """One byte typed; returns MORE, LINE, BREAK or END."""
        follows_cr, self._was_cr = self._was_cr, byte == 13
        if self._escape:
            self._key(byte)
        elif byte == 13 or byte == 10:
            if byte == 10 and follows_cr:
                return MORE
            self._write(b"\r\n")
            return LINE
        elif byte == 3:
            return self._break()
        elif byte == 4:
            return MORE if self._text else END
        elif byte == 8 or byte == 127:
            self._erase()
        elif byte == 27:
            self._escape = 1
        elif byte >= 32 or byte == 9:
            self._add(byte)
        return MORE

    def _clear(self):
        self._text = bytearray()
        self._at = len(self._history)
        self.excess = 0

    def _break(self):
        self._write(b"\r\n")
        if not self._text:
            return BREAK
        self.start(self._prompt)
        return MORE

    def _add(self, byte):
        if len(self._text) >= _LIMIT:
            self.excess += 1
            return
        if byte == 9:
            byte = 32  # a tab would not be erased by one backspace
        self._text.append(byte)
        self._write(bytes((byte,)))

    def _erase(self):
        if not self._text:
            return
        kept = len(self._text) - 1
        while kept and self._text[kept] & 0xC0 == 0x80:  # within a UTF-8 character
            kept -= 1
        self._text = self._text[:kept]
        self._write(b"\b \b")

    def _key(self, byte):
        """Bytes of ESC [ ... letter: up and down walk the history, others do nothing."""
        if self._escape == 1:
            self._escape = 2 if byte == 0x5B else 0
            return
        if byte < 0x40 or byte > 0x7E:
            return
        self._escape = 0
        if byte == 0x41 and self._at > 0:
            self._show(self._at - 1)
        elif byte == 0x42 and self._at < len(self._history):
            self._show(self._at + 1)

    def _show(self, at):
        self._at = at
        self._text = bytearray(self._history[at] if at < len(self._history) else b"")
        self._write(b"\r" + self._prompt + self._text + b"\x1b[K")
