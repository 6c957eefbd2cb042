"""One request to a DL/T 698.45 server and its answer, as a state machine without clock or port.

An answer comes from the address asked, answers a client (C3), and has the service, choice,
service number and OADs of the request. Its fragments are acknowledged and joined, its blocks
fetched and joined; a request that does not fit a frame goes out in fragments. What servers say
of their own accord meanwhile is kept for the caller.

Bytes: longest + 130 of frames always; while an answer comes in pieces up to 2 * `most` (joining
copies), and what is read from it. A whole Transaction(512) takes 1.9 KB on 64 bits.
"""

from micropython import const

from firmware.codec import dlt698, dlt698_match, dlt698_replies, dlt698_requests, framer
from firmware.codec import dlt698_segment as segment
from firmware.codec.dlt698_address import EVERYBODY, GROUP, matches
from firmware.codec.dlt698_blocks import Blocks
from firmware.codec.exchange import DONE, SEND, WAIT, Exchange
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError

# Beside the longest frame: a preamble, a read of the port that goes on behind the frame, and a
# false start. Not a second frame: a header is judged by its own checksum, so a false start never
# holds more bytes than a header has (26).
_BESIDE = const(128)
_UNASKED = const(4)  # frames kept for the caller

_ASKS = (
    dlt698_requests.CONNECT,
    dlt698_requests.RELEASE,
    dlt698_requests.GET,
    dlt698_requests.SET,
    dlt698_requests.ACTION,
    dlt698_requests.PROXY,
    dlt698_requests.SECURITY,
)
# what a server begins, whatever the control byte says of it
_BEGINS = (dlt698_replies.LINK, dlt698_replies.REPORT, dlt698_replies.RELEASE_NOTICE)


class Transaction(Exchange):
    def __init__(self, longest=512, most=2048, client=0):
        """`longest` frame taken, and sent unless `begin` says less, as CONNECT tells it: what L
        counts, all but two bytes. `most` bytes of an answer in fragments or blocks. `client`:
        our CA."""
        super().__init__(Framer(self._measure, longest + 2 + _BESIDE))
        self.address = None  # whose answer `reply` is: tells who a wildcard found
        self.unasked = []  # Frames of reports and LINK requests: take them out, answer them
        self.dropped = 0  # such frames that found no place, or came in fragments
        self._longest = longest + 2  # bytes of a frame
        self._client = client
        self.number = 0  # of the next request, 0 to 63
        self._whom = EVERYBODY
        self._question = b""  # "" when none is open
        self._asked = b""  # the question, or the GET next that was sent last
        self._splitter = None
        self._joiner = segment.Joiner(most)
        self._blocks = Blocks(most)
        self._oversized = 0  # length of an answer that does not fit the buffer

    def begin(self, address, apdu, room=0):
        """Open the exchange and return the first frame with its preamble. `apdu` is made by
        dlt698_requests; its service number is put in here (0 to 63, then again from 0), the
        priority bit stays. `room`: bytes
        of user data the server takes in a frame; 0 = what `longest` allows. A broadcast or group
        opens nothing: nobody answers it. CodecError for what is not a question."""
        if apdu[0] not in _ASKS:
            raise CodecError("nobody answers %02XH: send it with dlt698.build" % apdu[0])
        self._forget_line()
        apdu = self._numbered(apdu)
        self._whom = address
        control = dlt698.REQUEST
        room = room or dlt698.room(address, self._longest)
        data = apdu
        if len(apdu) > room:
            if address.kind >= GROUP:
                raise CodecError("%d bytes for all do not fit one frame" % len(apdu))
            self._splitter = segment.Splitter(apdu, room)
            control |= dlt698.SEGMENT
            data = self._splitter.fragment()
        self._send(control, data)
        if address.kind < GROUP:
            self._question = self._asked = apdu
        return self.request

    def close(self):
        self._question = self._asked = b""
        self._splitter = None
        self._joiner.reset()
        self._blocks.reset()
        self._oversized = 0

    def take(self):
        """As of every Exchange. The CodecError may also say that the answer is longer than the
        buffer, or than `most`."""
        state = super().take()
        if state == WAIT and self._oversized:
            size = self._oversized
            self.close()
            raise CodecError("an answer of %d bytes, at most %d fit" % (size, self._longest))
        return state

    def _measure(self, buf, at, end):
        """dlt698.measure; a frame longer than the buffer takes is not waited for."""
        size = dlt698.announced(buf, at, end)
        if size <= self._longest:
            return dlt698.checked(buf, at, end, size)
        is_answer = self._question and buf[at + 3] & dlt698.FROM_SERVER
        if is_answer and matches(self._whom, dlt698.read_address(buf, at)[0]):
            self._oversized = size
        return framer.LENGTH

    def _numbered(self, apdu):
        if apdu[0] == dlt698_requests.SECURITY:
            return apdu  # its PIID is inside, under a checksum of the ESAM
        out = bytearray(apdu)
        at = dlt698_match.piid_at(apdu[0])
        out[at] = out[at] & dlt698_match.PRIORITY | self.number
        self.number = self.number + 1 & dlt698_match.NUMBER
        return bytes(out)

    def _send(self, control, data):
        frame = dlt698.build(control, self._whom, self._client, data)
        self.request = dlt698.PREAMBLE + frame
        return SEND

    def _judge(self, raw):
        frame = dlt698.parse(raw)
        if not frame.control & dlt698.FROM_SERVER:
            self.alien += 1
        elif _is_begun_by_server(frame):
            self._keep(frame)
        elif not self._question:
            self.stale += 1
        elif not matches(self._whom, frame.address):
            self.alien += 1
        else:
            try:
                return self._judge_answer(frame)
            except CodecError:
                self.close()  # it is the answer, and of no use
                raise
        return WAIT

    def _keep(self, frame):
        if frame in self.unasked:
            return  # a report is repeated until it is answered
        if frame.control & dlt698.SEGMENT or len(self.unasked) >= _UNASKED:
            self.dropped += 1
        else:
            self.unasked.append(frame)

    def _judge_answer(self, frame):
        if not frame.control & dlt698.SEGMENT:
            return self._accept(frame.address, frame.data)
        data = frame.data
        if len(data) < 2:
            return self._count_late()
        kind = segment.split_header(data)[0]
        splitter = self._splitter
        if kind == segment.ACKNOWLEDGE:
            if splitter is not None and splitter.take(data):
                return self._send(dlt698.REQUEST | dlt698.SEGMENT, splitter.fragment())
            return self._count_late()
        if kind == segment.FIRST:
            is_ours = dlt698_match.is_answer(data[2:5], self._asked)
        else:
            is_ours = self._joiner.is_begun()
        if not is_ours:
            return self._count_late()  # not acknowledged: the new request has ended that answer
        whole = self._joiner.take(data)
        self._whom = frame.address  # a wildcard was answered: go on with that server
        if whole is not None:
            return self._accept(frame.address, whole)
        return self._send(dlt698.REQUEST | dlt698.SEGMENT, self._joiner.acknowledge)

    def _count_late(self):
        self.late += 1
        return WAIT

    def _accept(self, address, apdu):
        question = self._question
        if not dlt698_match.is_answer(apdu, self._asked):
            return self._count_late()
        reply = dlt698_replies.parse(apdu)
        if reply.service == dlt698_replies.GET and reply.choice != question[1]:
            if self._blocks.has(reply):
                return self._count_late()
            if not self._blocks.take(reply, len(apdu)):
                return self._fetch(address)
            reply = self._blocks.whole(reply, question[1])
            if not dlt698_match.is_told(reply, question):
                raise CodecError("the blocks hold other results than those asked for")
        elif not dlt698_match.is_told(reply, question):
            return self._count_late()
        self.reply = reply
        self.address = address
        self.close()
        return DONE

    def _fetch(self, address):
        """Ask for the block behind the one taken last. With the PIID of the question: a server
        may know by it which answer is meant."""
        self._whom = address
        self._asked = dlt698_requests.get_next(self._question[2], self._blocks.number)
        return self._send(dlt698.REQUEST, self._asked)


def _is_begun_by_server(frame):
    if not frame.control & dlt698.CLIENT_BEGAN:
        return True
    data = frame.data
    return not frame.control & dlt698.SEGMENT and len(data) > 0 and data[0] in _BEGINS
