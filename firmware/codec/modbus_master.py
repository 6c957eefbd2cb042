"""One request on a Modbus RTU bus and its answer, as a state machine without clock or port.

What was on the line before a request is not an answer to it; what comes after must match it in
unit, function, byte count and echo (modbus.is_answer says what cannot be told apart). A port that
hears its own words must drop them: the answer to a write of one value looks the same.
"""

from micropython import const

from firmware.codec import modbus
from firmware.codec.exchange import DONE, WAIT, Exchange
from firmware.codec.framer import Framer

_BUFFER = const(512)  # two frames


class Transaction(Exchange):
    def __init__(self):
        super().__init__(Framer(modbus.measure, _BUFFER, -1))
        self._request = b""  # "" when no question is open

    def begin(self, request):
        """Open the exchange with a frame of modbus's builders and return it. A broadcast opens
        nothing: nobody answers it."""
        self._forget_line()
        self.request = request
        self._request = request if modbus.reply_size(request) else b""
        return request

    def close(self):
        self._request = b""

    def _judge(self, raw):
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
        return WAIT
