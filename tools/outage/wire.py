"""TCP between a virtual terminal and a broker, as far as it can go wrong: rate, latency, silence,
an end at any byte. Both ends live on the time of tools/virtual.
"""

BUFFER = 2048  # bytes the terminal's system takes before it says that it is full
MSS = 512
GOOD = (6250, 0.05)  # bytes/s and s one way: 50 kbit/s, 100 ms there and back


class Pipe:
    """One direction: pieces arrive in order, none before its time."""

    def __init__(self, wire, arrive, sent=lambda count: None):
        self._wire = wire
        self._arrive = arrive
        self._sent = sent
        self._free = 0.0  # when the line is free, s
        self._last = 0.0  # when the last piece arrives
        self.cut_at = None  # bytes after which the connection is reset
        self.bytes = 0

    def put(self, data):
        wire = self._wire
        if self.cut_at is not None and self.bytes + len(data) >= self.cut_at:
            data = data[: self.cut_at - self.bytes]
            self._carry(data)
            wire.time.later(self._last - wire.time.now() + 1e-4, wire.reset)
            self.cut_at = None
            wire.is_cut = True
            return
        if not wire.is_cut:
            self._carry(data)

    def _carry(self, data):
        now = self._wire.time.now()
        rate, latency = self._wire.quality()
        step = max(1, min(MSS, round(rate * 0.1)))
        for at in range(0, len(data), step):
            piece = data[at : at + step]
            self.bytes += len(piece)
            self._free = max(now, self._free) + len(piece) / rate
            self._last = max(self._last, self._free + latency)
            self._wire.time.later(self._last - now, lambda piece=piece: self._here(piece))

    def _here(self, piece):
        if self._wire.is_open and not self._wire.is_silent:
            self._sent(len(piece))
            self._arrive(piece)


class Wire:
    """One connection. tell(word): to the terminal's end."""

    def __init__(self, time, quality, tell, make_peer):
        """quality() -> (bytes/s, s one way) now; make_peer(wire) -> the broker's end, with
        feed(data) and gone()."""
        self.time = time
        self.quality = quality
        self.is_open = True
        self.is_silent = False  # what is sent vanishes, and nobody says so
        self.is_cut = False  # about to be reset: nothing more goes in
        self._tell = tell
        self.waiting_since = None  # since when the terminal waits for any word, s
        self.peer = make_peer(self)
        self.up = Pipe(self, self.peer.feed, lambda count: tell(f"a{count}"))
        self.down = Pipe(self, self._down)

    def _down(self, piece):
        self.waiting_since = None
        self._tell("d" + piece.hex())

    def written(self, data):
        """The terminal wrote."""
        if self.waiting_since is None:
            self.waiting_since = self.time.now()
        self.up.put(data)

    def send(self, data):
        """The broker wrote."""
        if self.is_open:
            self.down.put(data)

    def close(self):
        """The broker closes, or its system does for it."""
        self._end("x")

    def reset(self):
        self._end("r")

    def _end(self, word):
        if self.is_open and not self.is_silent:
            self._tell(word)
        self.hang_up()

    def hang_up(self):
        """The terminal closed: how long it had waited for a word, s."""
        waited = 0.0
        if self.is_open and self.waiting_since is not None:
            waited = self.time.now() - self.waiting_since
        if self.is_open:
            self.is_open = False
            self.peer.gone()
        return waited
