"""What the meters are asked and what their answers mean, whatever carried them.

An *item* is one frame to a meter: a read of its profile, or a part of one that was refused as a
whole. A Question is the items of one request; its answer is judged frame by frame against them
by the codec's own transaction, opened again as it was when it was asked, so that one transaction
of each protocol serves all nodes. An answer that needs another exchange (follow-ups of DL/T 645,
blocks and fragments of DL/T 698.45) keeps a transaction of its own until it is whole.
"""

from micropython import const

from firmware.bay.contract import DATA
from firmware.codec import dlt645, dlt698
from firmware.codec.exchange import DONE, SEND, WAIT
from firmware.core.errors import CodecError, SlotError
from firmware.core.quality import IV
from firmware.devices import dialect_dlt645, dialect_dlt698
from firmware.devices import profile as kinds

WHOLE = const(255)  # part of an item that is no part

_DIALECTS = {"dlt645": dialect_dlt645, "dlt698": dialect_dlt698}
_NUMBERS = const(64)  # service numbers of DL/T 698.45
_ROUNDS = const(16)  # exchanges of one answer


class Question:
    """Items asked of one node in one request."""

    def __init__(self, node, items, number):
        self.node = node
        self.items = items  # read << 8 | part, those without an answer
        self.payload = b""
        self.asked = list(items)  # as they were numbered
        self.number = number  # service number of the first
        self.speaker = None  # the transaction that goes on ...
        self.current = 0  # ... with this item
        self.rounds = 0
        self.is_single = False  # it went as 13H F1
        self.is_before = False  # something was heard since that its answer does not know
        self.ask = None  # of the desk, while it is under way


class Meters:
    def __init__(self, log):
        self.refused = 0  # answers that say no
        self.unreadable = 0  # answers whose data do not have the item's layout
        self.strange = 0  # frames that answer nothing that was asked
        self.is_state = False  # what is handed out now are states, whose changes are events
        self._log = log
        self._free = {}  # protocol: [Dialect]
        self._number = 0

    def load(self, row):
        """(Profile, address) of a row of the archive; SlotError."""
        profile = kinds.load(row.profile, self._borrow_for_profile)
        if profile.protocol not in _DIALECTS:
            raise SlotError("a carrier module carries DL/T 645 and 698.45, not %s" % row.profile)
        address = self._borrow_for_profile(profile.protocol).address(row.address)
        if len(address) != 12 or not address.isdigit():
            raise SlotError("a node has an address of twelve digits, not %s" % row.address)
        return profile, address

    def settle(self):
        """All rows are loaded."""
        kinds.settle()

    def _borrow_for_profile(self, protocol):
        if protocol not in _DIALECTS:
            raise SlotError("a carrier module does not carry %s" % protocol)
        dialect = self._take(protocol)
        self._give(protocol, dialect)
        return dialect

    def _take(self, protocol):
        free = self._free.get(protocol)
        return free.pop() if free else _DIALECTS[protocol].Dialect()

    def _give(self, protocol, dialect):
        free = self._free.setdefault(protocol, [])
        if len(free) < 2:
            free.append(dialect)

    def items_of(self, profile, read, is_split):
        """The items that make up a read."""
        ask, points = profile.reads[read]
        if not is_split:
            return [read << 8 | WHOLE]
        parts = self._borrow_for_profile(profile.protocol).parts(ask, points)
        return [read << 8 | part for part in range(parts)]

    def ask(self, node, profile, address, items, room):
        """A Question whose payload has at most `room` bytes, if more than one item has to fit."""
        question = Question(node, items, self._number)
        dialect = self._take(profile.protocol)
        payload = b""
        fit = 0
        for item in items:
            frame = self._begin(dialect, profile, address, question, item)[0]
            if fit and len(payload) + len(frame) > room:
                break
            payload += frame
            fit += 1
        dialect.master.close()
        self._give(profile.protocol, dialect)
        question.items = items[:fit]
        question.asked = list(question.items)
        self._number = (self._number + fit) % _NUMBERS
        question.payload = payload
        return question

    def drop(self, profile, question):
        """Its answer will not be judged any more."""
        speaker, question.speaker = question.speaker, None
        if speaker:
            speaker.master.close()
            self._give(profile.protocol, speaker)

    def judge(self, profile, address, question, payload, out):
        """Take the answers in a payload: out(point, value, bits) for what they tell. Answered
        items leave question.items. The reads that were refused as a whole but have parts, as a
        sum of bits."""
        frames = split(payload)
        if question.speaker:
            return self._judge_all(profile, address, question, frames, out)
        # a refusal of DL/T 645 does not say what it refuses: it counts where all have answered
        denials = [frame for frame in frames if _is_denial(frame)]
        frames = [frame for frame in frames if not _is_denial(frame)]
        refused = self._judge_all(profile, address, question, frames, out)
        if len(denials) == len(question.items):
            refused |= self._judge_all(profile, address, question, denials, out)
        else:
            self.strange += len(denials)
        return refused

    def _judge_all(self, profile, address, question, frames, out):
        refused = 0
        for frame in frames:
            dialect = question.speaker
            if dialect:
                question.speaker = None
                state, item = self._feed(dialect, frame, address), question.current
                points = self._part(dialect, profile, item)[1]
            else:
                dialect = self._take(profile.protocol)
                state, item, points = self._find(dialect, profile, address, question, frame)
            if state == SEND and question.rounds < _ROUNDS:
                question.rounds += 1
                question.speaker = dialect
                question.current = item
                return refused  # what else is in there comes again when it is asked again
            if state == DONE:
                refused |= self._credit(dialect, profile, question, item, points, out)
            elif state == WAIT:
                self.strange += 1
            else:
                self._invalid(question, item, points, out)
            dialect.master.close()
            self._give(profile.protocol, dialect)
        return refused

    def _find(self, dialect, profile, address, question, frame):
        """(state, item, points) of the first item the frame answers."""
        for item in question.items:
            points = self._begin(dialect, profile, address, question, item)[1]
            state = self._feed(dialect, frame, address)
            if state != WAIT:
                return state, item, points
        return WAIT, 0, ()

    def _feed(self, dialect, frame, address):
        """WAIT, SEND, DONE, or -1: an answer that cannot be used."""
        dialect.master.feed(frame)
        try:
            return dialect.master.take()
        except CodecError as error:
            self.unreadable += 1
            self._log.warn("hplc", "%s: %s" % (address, error))
            return -1

    def _begin(self, dialect, profile, address, question, item):
        """(frame, points) of an item, as it was or will be sent."""
        ask, points = self._part(dialect, profile, item)
        number = question.number + question.asked.index(item)
        dialect.count_from(number % _NUMBERS)
        return dialect.begin(address, ask), points

    def _part(self, dialect, profile, item):
        ask, points = profile.reads[item >> 8]
        if item & 255 == WHOLE:
            return ask, points
        return dialect.part(ask, points, item & 255)

    def _credit(self, dialect, profile, question, item, points, out):
        self.is_state = item >> 8 < profile.ends[1]
        is_whole = item & 255 == WHOLE
        if dialect.refused():
            self.refused += 1
            ask, all_points = profile.reads[item >> 8]
            if is_whole and dialect.is_divisible() and dialect.parts(ask, all_points) > 1:
                question.items.remove(item)
                return 1 << (item >> 8)
            self._invalid(question, item, points, out)
            return 0
        try:
            dialect.values(points, out)
        except CodecError:
            self.unreadable += 1
            self._invalid(question, item, points, out)
            return 0
        question.items.remove(item)
        return 0

    def _invalid(self, question, item, points, out):
        for i in range(0, len(points), 2):
            out(points[i], 0, IV)
        question.items.remove(item)

    def find_read(self, profile, frame):
        """The read a DL/T 645 answer that nobody asked for belongs to, -1: none."""
        if profile.protocol != "dlt645":
            return -1
        try:
            said = dlt645.parse(frame.lstrip(b"\xfe"))
        except CodecError:
            return -1
        for read in range(len(profile.reads)):
            if profile.reads[read][0][0] == said.di:
                return read
        return -1


def _is_denial(frame):
    return frame[7] == 0x68 and frame[8] & 0xC0 == dlt645.FROM_METER | dlt645.ABNORMAL


def state_reads(profile):
    """Bits of the reads whose points are states."""
    return (1 << profile.ends[1]) - 1


def data_reads(profile):
    """Bits of the reads of data."""
    return (1 << profile.ends[2]) - 1 & ~state_reads(profile) if profile.duties & DATA else 0


def split(payload):
    """The frames in a payload, without their preambles; what is none is left out."""
    frames = []
    at, end = 0, len(payload)
    while at < end:
        if payload[at] == 0x68:
            for measure in (dlt645.measure, dlt698.measure):
                size = measure(payload, at, end)
                if size > 0:
                    frames.append(payload[at : at + size])
                    at += size - 1
                    break
        at += 1
    return frames
