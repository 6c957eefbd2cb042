"""The module's side of the port: takes frames in, sends answers, repeats its own reports until
they are confirmed, and spoils what it is told to spoil."""

from tools.emulator.hplc import wire

_CONFIRM, _DENY = (0x00, 1), (0x00, 2)
_REPEAT_S = 1.5  # until a report is sent again
_REPEATS = 4
_KEPT = 200  # frames kept of each direction


class Report:
    """What the module began and waits for an answer to."""

    def __init__(self, frame, sequence, answered, given_up):
        self.frame = frame
        self.sequence = sequence
        self.answered = answered  # called with the answering Frame
        self.given_up = given_up
        self.left = _REPEATS
        self.timer = None


class Link:
    def __init__(self, port, later, rng, serve):
        """later(seconds, call) -> handle; serve(frame): a request of the terminal."""
        self.loss = 0.0  # share of frames that are spoilt, each way
        self.requests = 0
        self.reports = 0  # sent, repetitions among them
        self.unconfirmed = 0  # reports given up
        self.spoilt = 0
        self.main = bytes(6)
        self._port = port
        self._later = later
        self._rng = rng
        self._serve = serve
        self._reader = wire.Reader()
        self._waiting = {}  # sequence: Report
        self._sequence = 0

    @property
    def bad(self):
        return self._reader.bad

    def reset(self):
        self._reader = wire.Reader()
        self._waiting = {}

    def feed(self, data):
        for frame in self._reader.feed(data, self._port.now()):
            if frame.control & wire.UP or (self.loss and self._rng.random() < self.loss):
                self.spoilt += 1  # an echo, or noise on the way down
            elif frame.control & wire.PRIMARY:
                self.requests += 1
                self._serve(frame)
            else:
                self._take_answer(frame)

    def answer(self, request, afn, fn, unit=b"", node=None):
        """Answer a request; `node`: whom the answer is about."""
        info = bytearray(6)
        info[5] = request.info[5]
        addresses = ()
        if request.addresses:
            addresses = (request.addresses[-1], self.main)
        if node is not None:
            info[2], info[3] = node.phase, node.quality | node.quality << 4
        control = wire.UP | request.control & 0x3F
        self._send(wire.build(control, info, afn, fn, unit, addresses))

    def confirm(self, request):
        self.answer(request, *_CONFIRM, b"\xff\xff\xff\xff\0\0")

    def deny(self, request, error):
        self.answer(request, *_DENY, bytes([error]))

    def report(self, afn, fn, unit=b"", node=None, answered=None, given_up=None):
        """Begin something, and go on until it is answered."""
        self._sequence = self._sequence + 1 & 0xFF
        info = bytearray(6)
        info[5] = self._sequence
        info[4] = 1 if (afn, fn) == (0x06, 5) else 0
        addresses = ()
        if node is not None:
            addresses = (node.address, self.main)
            info[2], info[3] = node.phase, node.quality | node.quality << 4
        control = wire.UP | wire.PRIMARY | wire.HPLC
        frame = wire.build(control, info, afn, fn, unit, addresses)
        report = Report(frame, self._sequence, answered, given_up)
        self._waiting[self._sequence] = report
        self._say(report)

    def _say(self, report):
        if self._waiting.get(report.sequence) is not report:
            return
        if not report.left:
            del self._waiting[report.sequence]
            self.unconfirmed += 1
            if report.given_up:
                report.given_up()
            return
        report.left -= 1
        self.reports += 1
        self._send(report.frame)
        report.timer = self._later(_REPEAT_S, lambda: self._say(report))

    def _take_answer(self, frame):
        report = self._waiting.pop(frame.info[5], None)
        if report is None:
            return
        if report.timer:
            report.timer.cancel()
        if report.answered:
            report.answered(frame)

    def _send(self, data):
        if self.loss and self._rng.random() < self.loss:
            self.spoilt += 1
            data = self._spoil(bytearray(data))
        if data:
            self._port.send(data)

    def _spoil(self, data):
        at = self._rng.randrange(len(data))
        how = self._rng.randrange(4)
        if how == 0:
            return b""
        if how == 1:
            return bytes(data[:at])  # cut off
        if how == 2:
            del data[at]
        else:
            data[at] ^= 1 << self._rng.randrange(8)
        return bytes(data)
