"""One request on a Modbus RTU bus and its answer, as a state machine without clock or port.

`begin` gives the bytes to send, `feed` takes what the line says, `take` judges it. What was on
the line before a request is not an answer to it; what comes after must match it in unit,
function, byte count and echo (modbus.is_answer says what cannot be told apart). A port that
hears its own words must drop them: the answer to a write of one value looks the same.
"""

from micropython import const

from firmware.codec import modbus
from firmware.codec.framer import Framer

WAIT = const(0)  # bytes are missing
DONE = const(2)  # `reply` holds the answer; as in dlt645_master

_BUFFER = const(512)  # two frames


class Transaction:
    def __init__(self):
        self.framer = Framer(modbus.measure, _BUFFER, -1)
        self.reply = None
        self.alien = 0  # frames of another unit
        self.late = 0  # frames of the unit asked, but for another question
        self.stale = 0  # frames that came when nothing was asked
        self._request = b""  # "" when no question is open

    def begin(self, request):
        """Open the exchange with a frame of modbus's builders and return it. A broadcast opens
        nothing: nobody answers it."""
        self.close()
        self.silent()
        self.take()
        self.reply = None
        self._request = request if modbus.reply_size(request) else b""
        return request

    def close(self):
        """Give the exchange up; whatever still comes is stale."""
        self._request = b""

    def feed(self, data):
        self.framer.feed(data)

    def silent(self):
        """The line fell silent: a frame that lacks bytes will not get them. Call `take` next."""
        self.framer.expire()

    def take(self):
        """WAIT or DONE."""
        while True:
            raw = self.framer.next()
            if raw is None:
                return WAIT
            reply = modbus.parse(raw)
            if not self._request:
                self.stale += 1
            elif reply.unit != self._request[0]:
                self.alien += 1
            elif not modbus.is_answer(reply, self._request):
                self.late += 1
            else:
                self.reply = reply
                self.close()
                return DONE
