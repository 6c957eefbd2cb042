"""What was typed and the interpreter has not taken yet; Ctrl-C becomes an interrupt here."""

_CTRL_C = b"\x03"
_LIMIT = 4096  # typed ahead; then the terminal's own buffer holds the rest


class Keys:
    def __init__(self, on_taken):
        """`on_taken(data)` is told what the interpreter got."""
        self._on_taken = on_taken
        self._waiting = bytearray()

    def pressed(self, data):
        self._waiting += data

    def unread(self, data):
        """Put in front: what comes before everything typed so far."""
        self._waiting[:0] = data

    def are_waiting(self):
        return bool(self._waiting)

    def have_room(self):
        return len(self._waiting) < _LIMIT

    def feed(self, child):
        """Give `child` what it takes, each Ctrl-C in its place."""
        while self._waiting:
            at = self._waiting.find(_CTRL_C)
            if at == 0 and child.interrupt():
                del self._waiting[:1]
                continue
            end = at if at > 0 else len(self._waiting) if at < 0 else 1
            part = bytes(self._waiting[:end])
            taken = child.write(part)
            if taken:
                self._on_taken(part[:taken])
                del self._waiting[:taken]
            elif at > 0 and child.interrupt():  # it overtakes what nobody reads
                del self._waiting[at]
            else:
                return
