"""The far side of the bench: a virtual network with one peer, which checks what it hears byte by
byte and answers each with the byte at that place of the other series."""

from tools.modem import content


class Echo:
    """A network as the emulated modem takes one (tools/emulator/cellular/far.py)."""

    def __init__(self, on_wrong):
        """on_wrong(text): bytes came that are not what was sent."""
        self.on_wrong = on_wrong
        self.corrupted = 0  # such bytes
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
        if data != wanted:
            wrong = [i for i, byte in enumerate(data) if byte != wanted[i]]
            self._echo.corrupted += len(wrong)
            first = wrong[0]
            self._echo.on_wrong(
                f"peer of {self._who}: {len(wrong)} wrong bytes from {self._at + first} on: "
                f"{data[first : first + 24]!r}, not {wanted[first : first + 24]!r}"
            )
        back = content.piece(number, turn, self._at, len(data), True)
        self._at += len(data)
        self._echo.bytes += len(data)
        if back:
            self._listener.received(back)

    def pause(self, is_paused):
        """It sends no more than it hears, which is bounded."""

    def close(self):
        """It keeps nothing."""
