"""What an emulated module has of its slot: the UART to the board, the interrupt line, time.

Bytes take the time that the board's speed gives them, both ways. The same in real and in virtual
time: `timers` are tools.emulator.timers or tools.virtual.time.
"""

_BITS = 10  # of a byte on the line, where nobody knows about parity
_PIECE_S = 0.008  # bytes that come within are handed on together


class Port:
    def __init__(self, loop, timers, baud, hand, interrupt, bits=lambda: _BITS, piece_s=None):
        """baud(), bits(): of the board now; hand(data): to the board; interrupt(level)."""
        self.loop = loop  # of `select`, for sockets; None in virtual time
        self.now = timers.now  # s
        self.later = timers.later  # later(s, call), whose result has cancel()
        self.baud = baud
        self._bits = bits
        self._piece_s = piece_s or _PIECE_S
        self._hand = hand
        self._interrupt = interrupt
        self._down_free = 0.0  # when the line to the board is idle again
        self._up_free = 0.0
        self._is_open = True

    def send(self, data):
        """To the board."""
        size = max(1, int(self._piece_s * self.baud() / self._bits()))
        for at in range(0, len(data), size):
            piece = bytes(data[at : at + size])
            self._down_free = self._end(self._down_free, piece)
            self.later(self._down_free - self.now(), lambda piece=piece: self._arrive(piece))

    def interrupt(self, level):
        """The interrupt line: 1 idle, 0 asks for attention."""
        if self._is_open:
            self._interrupt(level)

    def carry(self, data, feed):
        """feed(data) when what the board sent has come over the line."""
        self._up_free = self._end(self._up_free, data)
        self.later(self._up_free - self.now(), lambda: self._is_open and feed(data))

    def close(self):
        self._is_open = False

    def _arrive(self, piece):
        if self._is_open:
            self._hand(piece)

    def _end(self, free, data):
        return max(free, self.now()) + self._bits() * len(data) / self.baud()
