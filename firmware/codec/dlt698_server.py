"""The server's end of one DL/T 698.45 connection: bytes in, LINK answers and frames to send out.
Sans-I/O and bounded: frames and joined fragments up to dlt698_serve.LONGEST.

A frame counts when it is the client's, its check sums are right, and it is meant for us: our
address, a wildcard that fits, or a broadcast, which is obeyed and not answered. A group is of
others: nobody tells us which ones we are in.
"""

from micropython import const

from firmware.codec import dlt698, dlt698_serve
from firmware.codec.dlt698_address import BROADCAST, GROUP, matches, meter
from firmware.codec.dlt698_segment import Joiner
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError

_KIND = const(0xC7)  # DIR, PRM and function of a control byte


class Server:
    def __init__(self, digits, objects):
        """`digits`: our address as printed; `objects`: as in dlt698_serve."""
        self._own = meter(digits)
        self._objects = objects
        self._framer = Framer(dlt698.measure, 2 * dlt698_serve.LONGEST)
        self._joiner = Joiner(dlt698_serve.LONGEST)
        self._before = 0  # bytes of garbage before this connection
        self.answer = None  # LinkAnswer, of the frame that `next` took last
        self.strays = 0  # frames that are not for us, or say what nobody can read
        self.served = 0  # requests of a client

    def reset(self):
        """Another connection."""
        self._framer.expire()
        while self._framer.next() is not None:
            pass
        self._joiner.reset()
        self._before = self._framer.garbage

    @property
    def garbage(self):
        """Bytes of this connection outside every frame."""
        return self._framer.garbage - self._before

    @property
    def dropped(self):
        """Bytes that found no room."""
        return self._framer.dropped

    def pending(self):
        """Bytes held for a frame that is not complete."""
        return self._framer.pending()

    def feed(self, data):
        self._framer.feed(data)

    def expire(self):
        """The line fell silent: what is pending is no frame."""
        self._framer.expire()

    def question(self, piid, kind, heartbeat_s, moment):
        """A LINK request, see dlt698_serve.link_request."""
        apdu = dlt698_serve.link_request(piid, kind, heartbeat_s, moment)
        return dlt698.build(dlt698.LINK_REQUEST, self._own, 0, apdu)

    def next(self):
        """None: no frame is there. Else one was taken: the frame to send back, perhaps b"", and
        `answer` is set when it was an answer to a LINK request."""
        self.answer = None
        raw = self._framer.next()
        if raw is None:
            return None
        try:
            return self._take(dlt698.parse(raw))
        except CodecError:
            self.strays += 1
            return b""

    def _take(self, frame):
        if self._is_ours(frame.address):
            kind = frame.control & _KIND
            if kind == dlt698.LINK_REPLY and not frame.control & dlt698.SEGMENT:
                self.answer = dlt698_serve.read_link_answer(frame.data)
                return b""
            if kind == dlt698.REQUEST:
                return self._serve(frame)
        self.strays += 1
        return b""

    def _is_ours(self, address):
        if address.kind == BROADCAST:
            return True
        return address.kind < GROUP and matches(address, self._own)

    def _serve(self, frame):
        control, apdu = dlt698.answer_control(frame.control), frame.data
        if frame.control & dlt698.SEGMENT:
            apdu = self._joiner.take(apdu)
            if apdu is None:
                control, apdu = control | dlt698.SEGMENT, self._joiner.acknowledge
                return self._back(frame, control, apdu)
        self.served += 1
        return self._back(frame, control, dlt698_serve.serve(apdu, self._objects))

    def _back(self, frame, control, data):
        if not data or frame.address.kind == BROADCAST:
            return b""
        return dlt698.build(control, self._own, frame.client, data)
