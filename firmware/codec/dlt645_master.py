"""One request on a DL/T 645 bus and its answer, as a state machine without clock or port.

Only a reply whose address, function and data identifier are the request's is an answer. A reply
that announces more (B1H) is completed with 12H and handed out as one Frame.
"""

from micropython import const

from firmware.codec import dlt645
from firmware.codec.dlt645 import Frame
from firmware.codec.exchange import DONE, SEND, WAIT, Exchange
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError

_BUFFER = const(544)  # two frames of 267 bytes and a preamble
_MAX_REPLY = const(1024)  # data bytes of all frames of one answer


class Transaction(Exchange):
    def __init__(self):
        super().__init__(Framer(dlt645.measure, _BUFFER))
        self._addr = ""  # whom we asked; "" when no question is open
        self._control = 0
        self._di = ""
        self._seq = 0  # of the follow-up asked last; 0 for the first frame
        self._data = b""  # of the frames before

    def begin(self, addr, request):
        """Open the exchange. `request` is a frame from dlt645's builders for meter `addr`;
        returns it with its preamble. A broadcast opens nothing: nobody answers it."""
        frame = dlt645.parse(request)
        self._forget_line()
        self._addr = addr if addr != dlt645.BROADCAST else ""
        self._control = frame.control
        self._di = frame.di if dlt645.di_span(frame.control | dlt645.FROM_METER)[1] else ""
        self._seq = 0
        self._data = b""
        self.request = dlt645.PREAMBLE + request
        return self.request

    def close(self):
        self._addr = ""

    def _judge(self, raw):
        """CodecError when the frames of one answer exceed the bound."""
        frame = dlt645.parse(raw)
        return self._accept(frame) if self._is_answer(frame) else WAIT

    def _is_answer(self, frame):
        if not self._addr:
            self.stale += 1
            return False
        from_meter = frame.control & dlt645.FROM_METER
        if not from_meter or not dlt645.address_matches(self._addr, frame.addr):
            self.alien += 1
            return False
        if (frame.control ^ self._control) & 0x1F or not self._is_asked(frame):
            self.late += 1
            return False
        return True

    def _is_asked(self, frame):
        if frame.error >= 0:
            return True  # an abnormal reply carries no identifier
        if frame.di != self._di:
            return False
        return not self._seq or (len(frame.data) > 0 and frame.data[-1] == self._seq)

    def _accept(self, frame):
        data = frame.data if frame.error >= 0 or not self._seq else frame.data[:-1]
        whole = self._data + data
        more = frame.more and frame.error < 0 and len(self._di) == 8
        if len(whole) > _MAX_REPLY or (more and self._seq == 255):
            self.close()
            raise CodecError("the answer of %s is too long" % frame.addr)
        if not more:
            self.reply = Frame(frame.addr, frame.control, frame.di, whole, frame.error, frame.more)
            self.close()
            return DONE
        self._data = whole
        self._seq += 1
        self._addr = frame.addr  # a wildcard was answered: go on with that meter
        self._control = dlt645.FOLLOW
        follow = dlt645.follow_up(frame.addr, self._di, self._seq)
        self.request = dlt645.PREAMBLE + follow
        return SEND
