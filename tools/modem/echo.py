"""The far side of the bench: a virtual network with one peer, which checks what it hears byte by
byte and answers each with the byte at that place of the other series."""

from tools.modem import content


class Echo:
    """A network as the emulated modem takes one (tools/emulator/cellular/far.py)."""

    def __init__(self):
        self.corrupted = 0  # bytes that are not what was sent
        self.bytes = 0
        self.connections = 0

    def dial(self, host, port, listener):
        self.connections += 1
        peer = _Peer(self, listener)
        listener.opened()
        return peer


class _Peer:
    def __init__(self, echo, listener):
        self._echo = echo
        self._listener = listener
        self._head = b""
        self._who = None
        self._at = 0

    def send(self, data):
        if self._who is None:
            self._head += data
            if len(self._head) < content.GREETING:
                return
            self._who = content.who(self._head)
            data = self._head[content.GREETING :]
            if self._who is None:
                self._echo.corrupted += content.GREETING
                self._who = (0, 0)
        number, turn = self._who
        wanted = content.piece(number, turn, self._at, len(data), False)
        self._echo.corrupted += sum(a != b for a, b in zip(data, wanted, strict=True))
        back = content.piece(number, turn, self._at, len(data), True)
        self._at += len(data)
        self._echo.bytes += len(data)
        if back:
            self._listener.received(back)

    def pause(self, is_paused):
        """It sends no more than it hears, which is bounded."""

    def close(self):
        """It keeps nothing."""
