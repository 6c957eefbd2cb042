"""Reads the nodes, several at a time, each in a *lane*: 13H F1 or F1H F1, and what comes of it.

A node that did not answer is asked again in the same round, each time a little later; who does
not answer for long is *lost* and asked ever more rarely. A refusal by the module itself (busy,
too many at once) is nobody's failure: less is asked of it then. Who is asked when is in due.py,
for what in wanted.py.
"""

from micropython import const

from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_down as down
from firmware.codec import gdw1376_2_up as up
from firmware.core.errors import CodecError
from modules.hplc import desk as desks
from modules.hplc import nodes as nodes_
from modules.hplc.due import Due
from modules.hplc.wanted import Wanted

FRAMES = const(13)  # of one request at most

_TRIES = const(8)  # requests in a row without an answer: the node is lost
_BACKOFF_S = b"\x01\x02\x04\x08\x0f\x14\x1e\x1e"  # after the first, second ..
_SUSPICIOUS = const(5)  # failures after which another read is tried
_ABSENT_S = const(10)  # a node that is not in the network is asked again
_LOST_S = const(30)  # ... and one that is lost, doubled so often:
_DOUBLINGS = const(4)
_OUT_S = const(20)  # a node without power is asked whether it is true
_BUSY_S = const(1)
_READING_S = const(3)
_PATIENCE = const(20)  # refusals in a row that are nobody's failure
_LEAST_MS = const(6000)  # wait for a node's answer, at least
_SINGLE_ROOM = const(200)  # payload bytes of 13H F1: its length is one byte

# denials (00H F2)
_BUSY, _UNSUPPORTED, _OUTSIDE = const(9), const(10), const(12)
_TOO_MANY, _TOO_LONG, _IS_READ = const(109), const(110), const(111)


class Reading:
    def __init__(self, nodes, meters, desk, cfg, clock, on_heard):
        """on_heard(node): it answered a question that was asked after all that is known."""
        self.nodes = nodes
        self.due = Due(nodes, cfg, clock)
        self.is_open = False  # may nodes be asked?
        self.has_work = False  # is somebody to be asked now?
        self.news = None
        self.lanes = cfg["lanes"]
        self.guests = 0  # lanes that others need
        self.frames = FRAMES if cfg["lanes"] > 1 else 1
        self.room = 470  # payload bytes of a request
        self.is_single = cfg["lanes"] == 1  # by 13H F1
        self.is_doubtful = False  # is the module there? Whoever finds out takes it back
        self.is_refused = False  # the module was busy with its route
        self.requests = 0
        self.failed = 0  # requests without an answer of the node
        self.mute = 0  # reads given up because only they were not answered
        self._wanted = Wanted(nodes, meters)
        self._meters = meters
        self._desk = desk
        self._clock = clock
        self._on_heard = on_heard
        self._most_ms = 1000 * cfg["reply_s"]
        self._asked = []  # Questions under way
        self._refusals = 0  # of the module, in a row
        self._slow_ms = 0  # what answers took, at worst and lately
        self._tick_s = -1
        self._node = 0  # whose answer is being judged

    def step(self, now):
        now_s = now // 1000
        if now_s != self._tick_s:
            self._tick_s = now_s
            self.due.step(now, now_s)
        self.has_work = False
        lanes = self.lanes - self.guests
        if len(self._asked) >= lanes:
            self.has_work = True
            return
        while len(self._asked) < lanes:
            node = self.due.pick(now_s, self._asked, self.lanes)
            if node < 0:
                break
            self.has_work = True
            if not self.is_open or not self._ask(node):
                break

    def stop(self):
        """Nothing that is under way counts any more: the module has forgotten it."""
        for question in self._asked:
            self._desk.cancel(question.ask)
            self._release(question)
        self._asked = []

    def is_out(self, node, now_s):
        """It was reported to have no power: answers to earlier questions prove nothing."""
        for question in self._asked:
            if question.node == node:
                question.is_before = True
        self.nodes.next_s[node] = now_s + _OUT_S

    def question(self, node, most):
        """A Question of at most `most` items that are wanted of a node, None: of none."""
        nodes = self.nodes
        self.due.take_along(node, self._tick_s)
        if nodes.failures[node] >= _SUSPICIOUS:
            items = self._wanted.another(node)  # does it answer to that?
        else:
            items = self._wanted.choose(node, 1 if nodes.is_doubtful(node) else most)
        if not items:
            return None
        room = _SINGLE_ROOM if self.is_single else self.room
        return self._meters.ask(node, nodes.profiles[node], nodes.addresses[node], items, room)

    def credit(self, question, payload):
        """Take what a payload says to a question; True when anything did."""
        nodes = self.nodes
        node = self._node = question.node
        before = list(question.items)
        rounds = question.rounds
        is_aside = nodes.failures[node] >= _SUSPICIOUS
        refused = self._meters.judge(
            nodes.profiles[node], nodes.addresses[node], question, payload, self._out
        )
        if len(before) == len(question.items) and question.rounds == rounds:
            return False
        if not question.is_before:
            self._heard(node)
        answered = [item for item in before if item not in question.items]
        self._wanted.note(node, answered, refused)
        if is_aside and nodes.pending[node]:
            self._suspect(node)
        return True

    def _ask(self, node):
        question = self.question(node, self.frames)
        if question is None:
            return False
        self.nodes.set(node, nodes_.BUSY)
        self._asked.append(question)
        if self._send(question, question.payload):
            return True
        self._end(question)
        return False

    def _send(self, question, payload):
        node = question.node
        values = {"protocol": self.nodes.protocol(node), "data": payload}
        if self.is_single:
            afn = gdw.ROUTE_FORWARD
            values["delay"], values["attached"] = 0, []
        else:
            afn = gdw.CONCURRENT
            values["reserved"] = 0
        question.is_single = self.is_single
        wait = max(_LEAST_MS, 3 * self._slow_ms) << min(self.nodes.failures[node], 2)
        question.ask = self._desk.ask(
            afn,
            1,
            down.encode(afn, 1, values),
            self.nodes.addresses[node],
            min(wait, self._most_ms),
            1,
            lambda frame: self._take(question, frame),
        )
        self.requests += question.ask is not None
        return question.ask is not None

    def _end(self, question):
        self._asked.remove(question)
        self._release(question)

    def _release(self, question):
        self._meters.drop(self.nodes.profiles[question.node], question)
        self.nodes.drop(question.node, nodes_.BUSY)

    # what came of it

    def _take(self, question, frame):
        error = desks.error(frame)
        if error == desks.ACCEPTED:
            self._refusals = 0
            took = self._clock.ms() - question.ask.sent_ms
            self._slow_ms = max(took, self._slow_ms - (self._slow_ms >> 4))
            if self._judge(question, _payload(frame)):
                return  # it goes on
        elif error == desks.NO_ANSWER and self._desk.heard_ms < question.ask.sent_ms:
            self.is_doubtful = True  # not a word of the module itself: nobody's failure
            self.nodes.next_s[question.node] = self._tick_s + _READING_S
        elif not self._is_refusal(question, error):
            if error == _OUTSIDE:
                self.nodes.drop(question.node, nodes_.JOINED)
            self._fail(question.node)
        self._end(question)

    def _is_refusal(self, question, error):
        """The module would not, and not for the node's sake."""
        wait_s = 0
        if error == _UNSUPPORTED and not question.is_single:
            self.is_single = True
            self.lanes = self.frames = 1
        elif error == _TOO_MANY:
            self.lanes = max(1, self.lanes - 1)
        elif error == _TOO_LONG and self.frames > 1:
            self.frames >>= 1
        elif error == _BUSY:
            self.is_open = False  # whoever opened it pauses the route first
            self.is_refused = True
            wait_s = _BUSY_S
        elif error == _IS_READ:
            wait_s = _READING_S
        else:
            return False
        self._refusals += 1
        self.nodes.next_s[question.node] = self._tick_s + wait_s
        return self._refusals < _PATIENCE

    def _judge(self, question, payload):
        """True when the answer goes on in another exchange."""
        if not payload or not self.credit(question, payload):
            self._fail(question.node)
            return False
        return question.speaker is not None and self._send(
            question, question.speaker.master.request
        )

    def _out(self, point, value, bits):
        self.news.put(self._node, point, value, bits, 0, self._meters.is_state)

    def _suspect(self, node):
        """It answers, but not to what is wanted of it. The second time that is given up: one
        frame a meter keeps silent to must not cost the others."""
        if self.nodes.has(node, nodes_.SUSPECT):
            self._wanted.give_up(node, self.news)
            self.mute += 1
        else:
            self.nodes.set(node, nodes_.SUSPECT)

    def _heard(self, node):
        nodes = self.nodes
        nodes.failures[node] = 0
        nodes.seen_s[node] = self._tick_s
        nodes.next_s[node] = self._tick_s
        nodes.set(node, nodes_.SEEN | nodes_.JOINED)
        if nodes.has(node, nodes_.LOST):
            nodes.drop(node, nodes_.LOST)
            self.due.hurry(node, self._tick_s)
        self.news.back(node)
        self._on_heard(node)

    def _fail(self, node):
        """It did not answer. Its power is another matter."""
        nodes = self.nodes
        self.failed += 1
        failures = nodes.failures[node] = min(nodes.failures[node] + 1, 250)
        if nodes.has(node, nodes_.OUT):
            wait = _OUT_S << min(failures, _DOUBLINGS)
        elif failures >= _TRIES:
            wait = _LOST_S << min(failures - _TRIES, _DOUBLINGS)
            if not nodes.has(node, nodes_.LOST):
                nodes.set(node, nodes_.LOST)
                self.news.lost(node)
        else:
            wait = _BACKOFF_S[failures - 1]
            if not nodes.has(node, nodes_.JOINED):
                wait = max(wait, _ABSENT_S)
        nodes.next_s[node] = self._tick_s + wait


def _payload(frame):
    """The meters' frames in an answer of 13H F1 or F1H F1; b"" when the node did not answer."""
    try:
        values = up.decode(frame.afn, frame.fn, frame.unit)
    except CodecError:
        return b""
    return values["data"] if values else b""
