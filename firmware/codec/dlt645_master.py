"""One request on a DL/T 645 bus and its answer, as a state machine without clock or port.

`begin` gives the bytes to send, `feed` takes what the line says, `take` judges it. Only a reply
whose address, function and data identifier are the request's is an answer; everything else is
counted and forgotten, so no meter is ever credited with another's words. A reply that announces
more (B1H) is completed with 12H and handed out as one Frame.
"""

from micropython import const

from firmware.codec import dlt645
from firmware.codec.dlt645 import Frame
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError

WAIT = const(0)  # bytes are missing
SEND = const(1)  # `request` holds the next request of the same exchange
DONE = const(2)  # `reply` holds the answer

_BUFFER = const(544)  # two frames of 267 bytes and a preamble
_MAX_REPLY = const(1024)  # data bytes of all frames of one answer


class Transaction:
    def __init__(self):
        self.framer = Framer(dlt645.measure, _BUFFER)
        self.request = b""
        self.reply = None
        self.alien = 0  # frames of another meter, or of another master
        self.late = 0  # frames of the meter asked, but for another question
        self.stale = 0  # frames that came when nothing was asked
        self._addr = ""  # whom we asked; "" when no question is open
        self._control = 0
        self._di = ""
        self._seq = 0  # of the follow-up asked last; 0 for the first frame
        self._data = b""  # of the frames before

    def begin(self, addr, request):
        """Open the exchange. `request` is a frame from dlt645's builders for meter `addr`;
        returns it with its preamble. A broadcast opens nothing: nobody answers it."""
        frame = dlt645.parse(request)
        self._addr = addr if addr != dlt645.BROADCAST else ""
        self._control = frame.control
        self._di = frame.di if dlt645.di_span(frame.control | dlt645.FROM_METER)[1] else ""
        self._seq = 0
        self._data = b""
        self.reply = None
        self.request = dlt645.PREAMBLE + request
        return self.request

    def close(self):
        """Give the exchange up; whatever still comes is stale."""
        self._addr = ""

    def feed(self, data):
        self.framer.feed(data)

    def silent(self):
        """The line fell silent: a frame that lacks bytes will not get them. Call `take` next."""
        self.framer.expire()

    def take(self):
        """WAIT, SEND or DONE. CodecError when the frames of one answer exceed the bound."""
        while True:
            raw = self.framer.next()
            if raw is None:
                return WAIT
            frame = dlt645.parse(raw)
            if self._is_answer(frame):
                return self._accept(frame)

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
