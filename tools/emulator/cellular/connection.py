"""One socket of the modem: opening, sending, and data on their way to the board.

In push mode data go out as frames as they come; in buffer mode they are kept until they are asked
for, and one URC says that there are some.
"""

OPENING, CONNECTED, CLOSING = 1, 2, 4  # as +QISTATE has them
_HEADER = 40  # bytes of TCP/IP in front of each piece
_SEND_BYTES = 32768  # under way at most, then SEND FAIL
_KEPT_BYTES = 16384  # unread, then the far side has to wait
FRAME = 1460


class Connection:
    def __init__(self, modem, number, host, port, is_push):
        self.number = number
        self.host = host
        self.port = port
        self.is_push = is_push
        self.state = OPENING
        self.sent = 0
        self.arrived = 0  # ... of what was sent, at the far side
        self.total = 0  # from the far side
        self.handed = 0  # ... and handed to the board
        self._kept = bytearray()
        self._modem = modem
        self._far = None
        self._is_told = False  # the URC about unread data is out
        self._radio = modem.radio
        self._radio.up.carry(_HEADER, self._dial)

    def _alive(self):
        return self._modem.connections.get(self.number) is self

    def _dial(self):
        if self._alive():
            self._far = self._modem.network.dial(self.host, self.port, self)

    # the far side

    def opened(self):
        self._radio.down.carry(_HEADER, self._is_open)

    def _is_open(self):
        if self._alive() and self.state == OPENING:
            self.state = CONNECTED
            self._modem.urc(f"+QIOPEN: {self.number},0")

    def refused(self, code):
        self._radio.down.carry(_HEADER, lambda: self._refuse(code))

    def _refuse(self, code):
        if self._alive():
            del self._modem.connections[self.number]
            self._modem.urc(f"+QIOPEN: {self.number},{code}")

    def received(self, data):
        for at in range(0, len(data), FRAME):
            piece = bytes(data[at : at + FRAME])
            self._radio.down.carry(len(piece) + _HEADER, lambda piece=piece: self._arrive(piece))
        self._flow()

    def _arrive(self, data):
        if not self._alive():
            return
        self.total += len(data)
        if self.is_push:
            self.handed += len(data)
            self._modem.frame(f'+QIURC: "recv",{self.number},{len(data)}', data)
        else:
            self._kept += data
            self._tell()
        self._flow()

    def closed(self):
        self._far = None
        self._radio.down.carry(_HEADER, self._end)

    def _end(self):
        if self._alive() and self.state != CLOSING:
            self.state = CLOSING
            self._modem.urc(f'+QIURC: "closed",{self.number}')

    def _tell(self):
        if self._kept and not self._is_told:
            self._is_told = True
            self._modem.urc(f'+QIURC: "recv",{self.number}')

    def _flow(self):
        """The far side waits while too much is on its way to the board."""
        if self._far:
            behind = self._modem.behind() if self.is_push else len(self._kept)
            is_full = self._radio.down.waiting + behind > _KEPT_BYTES
            self._far.pause(is_full)
            if is_full and self.is_push:
                self._modem.port.later(0.05, self._flow)

    # the board

    def can_send(self):
        return self.sent - self.arrived < _SEND_BYTES

    def send(self, data):
        self.sent += len(data)
        far = self._far

        def leave():
            self.arrived += len(data)
            if far:
                far.send(data)

        self._radio.up.carry(len(data) + _HEADER, leave)

    def take(self, count):
        """Unread data, at most so many."""
        data = bytes(self._kept[:count])
        del self._kept[:count]
        self.handed += len(data)
        if not self._kept:
            self._is_told = False
        self._flow()
        return data

    def close(self):
        """The far side sees it once what was sent before is through."""
        far, self._far = self._far, None
        if far:
            self._radio.up.carry(_HEADER, far.close)

    def drop(self):
        """Power or network is gone: nothing more arrives."""
        far, self._far = self._far, None
        if far:
            far.close()
