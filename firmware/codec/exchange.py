"""What the masters of all buses share: one request and its answer, without clock or port.

`begin` (of each protocol) gives the bytes to send, `feed` takes what the line says, `take` judges
it. Only what answers the question is an answer; everything else is counted by kind and forgotten,
so no device is ever credited with another's words, or with an answer to an earlier question.
"""

from micropython import const

WAIT = const(0)  # bytes are missing
SEND = const(1)  # `request` holds the next frame of the same exchange
DONE = const(2)  # `reply` holds the answer


class Exchange:
    """A protocol adds `begin`, `close`, and `_judge(raw)`: WAIT, SEND or DONE for one whole
    frame, with `request` or `reply` set; CodecError, and the exchange closed, when the answer
    cannot be used."""

    def __init__(self, framer):
        self.framer = framer
        self.request = b""
        self.reply = None
        self.alien = 0  # frames of another device, or of another master
        self.late = 0  # frames of the device asked, but for another question
        self.stale = 0  # frames that came when nothing was asked

    def close(self):
        """Give the exchange up; whatever still comes is stale."""
        raise NotImplementedError

    def feed(self, data):
        self.framer.feed(data)

    def silent(self):
        """The line fell silent: a frame that lacks bytes will not get them. Call `take` next."""
        self.framer.expire()

    def take(self):
        """WAIT, SEND or DONE; CodecError when there is an answer, but none that can be used.
        Call it again until WAIT: the frames behind it are in the buffer still."""
        while True:
            raw = self.framer.next()
            if raw is None:
                return WAIT
            state = self._judge(raw)
            if state != WAIT:
                return state

    def _judge(self, raw):
        raise NotImplementedError

    def _forget_line(self):
        """What stood on the line before a request is an answer to nothing."""
        self.close()
        self.silent()
        self.take()
        self.reply = None
