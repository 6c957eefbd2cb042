"""Which node is asked for what, and when: rounds of data at multiples of their period in UTC,
status words by each node's own clock, several nodes at a time.

What is most overdue goes first. A node that did not answer is asked again in the same round,
each time a little later, and then in half of the lanes only; who does not answer for long is
*lost* and asked ever more rarely, in one lane, so that nobody waits for it. What one answer left
out is asked for again; what it told is kept. A refusal by the module itself (busy, too many at
once) is nobody's failure: less is asked of it then.
"""

from micropython import const

from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_down as down
from firmware.codec import gdw1376_2_up as up
from firmware.core.errors import CodecError
from firmware.core.quality import IV
from modules.hplc import desk as desks
from modules.hplc import meters as meters_
from modules.hplc import nodes as nodes_

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
_ROUTED = const(8)  # questions the running route has taken along
_SINGLE_ROOM = const(200)  # payload bytes of 13H F1: its length is one byte

# denials (00H F2)
_BUSY, _UNSUPPORTED, _OUTSIDE = const(9), const(10), const(12)
_TOO_MANY, _TOO_LONG, _IS_READ = const(109), const(110), const(111)


class Reading:
    def __init__(self, nodes, meters, desk, cfg, clock, on_heard):
        """on_heard(node): it answered a question that was asked after all that is known."""
        self.nodes = nodes
        self.is_open = False  # may nodes be asked?
        self.has_work = False  # is somebody to be asked now?
        self.news = None
        self.lanes = cfg["lanes"]
        self.frames = FRAMES
        self.room = 470  # payload bytes of a request
        self.is_single = cfg["lanes"] == 1  # by 13H F1
        self.is_refused = False  # the module was busy with its route
        self.requests = 0
        self.failed = 0  # requests without an answer of the node
        self.mute = 0  # reads given up because only they were not answered
        self.round_s = -1  # what the last whole round took, -1: none yet
        self.round_left = 0  # nodes that are not lost and lack data of this round
        self._meters = meters
        self._desk = desk
        self._clock = clock
        self._on_heard = on_heard
        self._most_ms = 1000 * cfg["reply_s"]
        self._alarm_s = cfg["alarm_s"]
        self._data_ms = 1000 * cfg["data_s"]
        self._asked = []  # Questions under way
        self._routed = []  # Questions the running route has taken along, the newest last
        self._refusals = 0  # of the module, in a row
        self._slow_ms = 0  # what answers took, at worst and lately
        self._tick_s = -1
        self._alarm_next_s = 0  # no status words are due before
        self._round = -1
        self._round_began_ms = 0
        self._is_counting = False  # the round's end is waited for
        self._node = 0  # whose answer is being judged

    def step(self, now):
        now_s = now // 1000
        if now_s != self._tick_s:
            self._tick_s = now_s
            self._release(now, now_s)
        self.has_work = False
        if len(self._asked) >= self.lanes:
            self.has_work = True
            return
        while len(self._asked) < self.lanes:
            node = self._pick(now_s)
            if node < 0:
                break
            self.has_work = True
            if not self.is_open or not self._ask(node):
                break

    def is_idle(self):
        return not self._asked

    def stop(self):
        """Nothing that is under way counts any more: the module has forgotten it."""
        for question in self._asked:
            self._desk.cancel(question.ask)
            self._release_node(question)
        self._asked = []
        self._routed = []

    def is_out(self, node, now_s):
        """It was reported to have no power: answers to earlier questions prove nothing."""
        for question in self._asked:
            if question.node == node:
                question.is_before = True
        self.nodes.next_s[node] = now_s + _OUT_S

    def hurry(self, node, now_s):
        """It may answer now: all of it is wanted at once."""
        nodes = self.nodes
        nodes.failures[node] = 0
        nodes.next_s[node] = now_s
        profile = nodes.profiles[node]
        nodes.pending[node] |= meters_.state_reads(profile) | meters_.data_reads(profile)
        nodes.alarm_s[node] = now_s + self._alarm_s

    # who is due

    def _release(self, now, now_s):
        nodes = self.nodes
        number = self._clock.utc_ms() // self._data_ms
        if number != self._round:
            self._round = number
            self._round_began_ms = now
            self._is_counting = True
            for node in range(len(nodes)):
                nodes.pending[node] |= meters_.data_reads(nodes.profiles[node])
        if now_s >= self._alarm_next_s:
            soonest = now_s + self._alarm_s
            for node in range(len(nodes)):
                if nodes.alarm_s[node] <= now_s:
                    self._release_alarms(node, now_s)
                soonest = min(soonest, nodes.alarm_s[node])
            self._alarm_next_s = soonest
        if self._is_counting:
            self._count_round(now)

    def _release_alarms(self, node, now_s):
        self.nodes.pending[node] |= meters_.state_reads(self.nodes.profiles[node])
        self.nodes.alarm_s[node] = now_s + self._alarm_s

    def _count_round(self, now):
        nodes = self.nodes
        left = 0
        for node in range(len(nodes)):
            if nodes.flags[node] & (nodes_.LOST | nodes_.OUT):
                continue
            left += nodes.pending[node] & meters_.data_reads(nodes.profiles[node]) != 0
        self.round_left = left
        if not left:
            self._is_counting = False
            self.round_s = (now - self._round_began_ms) // 1000

    def _pick(self, now_s):
        """The node whose turn it is, -1: nobody's."""
        nodes = self.nodes
        flags, next_s, pending, failures = nodes.flags, nodes.next_s, nodes.pending, nodes.failures
        weak = doubtful = 0
        for question in self._asked:
            weak += failures[question.node] > 0
            doubtful += self._is_doubtful(question.node)
        found, best = -1, 0
        for node in range(len(nodes)):
            if not pending[node] or next_s[node] > now_s or flags[node] & nodes_.BUSY:
                continue
            if flags[node] & (nodes_.LOST | nodes_.OUT) or not flags[node] & nodes_.JOINED:
                if doubtful:
                    continue
                key = 0x20000000
            elif failures[node]:
                if 2 * weak >= self.lanes + 1:
                    continue
                key = 0x10000000
            else:
                key = 0
            key += nodes.alarm_s[node]
            if found < 0 or key < best:
                found, best = node, key
        return found

    def _is_doubtful(self, node):
        flags = self.nodes.flags[node]
        return flags & (nodes_.LOST | nodes_.OUT) != 0 or not flags & nodes_.JOINED

    # asking

    def _ask(self, node):
        question = self._question(node, self.frames)
        if question is None:
            return False
        self.nodes.set(node, nodes_.BUSY)
        self._asked.append(question)
        if self._send(question, question.payload):
            return True
        self._end(question)
        return False

    def _question(self, node, most):
        """A Question of at most `most` items that are wanted of a node."""
        nodes = self.nodes
        now_s = self._tick_s
        if now_s + (self._alarm_s >> 2) >= nodes.alarm_s[node]:
            self._release_alarms(node, now_s)  # they are nearly due: the same request takes them
        if self._is_doubtful(node):
            most = 1  # whether it answers at all
        items = []
        done = nodes.done[node]
        bit = 1
        every = self._items(node)
        if nodes.failures[node] >= _SUSPICIOUS:
            items.append(every[nodes.failures[node] % len(every)])  # does it answer to another?
            every = ()
        for item in every:
            if nodes.pending[node] >> (item >> 8) & 1 and not done & bit and len(items) < most:
                items.append(item)
            bit = bit << 1 & 0xFFFFFFFF
        if not items:
            nodes.done[node] = 0  # cannot be: begin anew
            return None
        room = _SINGLE_ROOM if self.is_single else self.room
        return self._meters.ask(node, nodes.profiles[node], nodes.addresses[node], items, room)

    def _items(self, node):
        """All there are of a node, in order."""
        profile = self.nodes.profiles[node]
        split = self.nodes.split[node]
        items = []
        for read in range(len(profile.reads)):
            items += self._meters.items_of(profile, read, split >> read & 1)
        return items

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
        self._release_node(question)

    def _release_node(self, question):
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
        nodes = self.nodes
        node = question.node
        before = list(question.items)
        rounds = question.rounds
        is_aside = nodes.failures[node] >= _SUSPICIOUS
        refused = 0
        if payload:
            self._node = node
            refused = self._meters.judge(
                nodes.profiles[node], nodes.addresses[node], question, payload, self._out
            )
        if len(before) == len(question.items) and question.rounds == rounds:
            self._fail(node)
            return False
        if not question.is_before:
            self._heard(node)
        self._note(node, [item for item in before if item not in question.items], refused)
        if is_aside and nodes.pending[node]:
            self._suspect(node)
        more = self._meters.again(nodes.profiles[node], nodes.addresses[node], question)
        return more != b"" and self._send(question, more)

    def _out(self, point, value, bits):
        self.news.put(self._node, point, value, bits, 0, self._meters.is_state)

    def _note(self, node, answered, refused):
        """These items are done; the reads among them that are whole are not wanted any more."""
        nodes = self.nodes
        if refused:
            nodes.split[node] |= refused
            nodes.done[node] = 0  # the items are others from here on
            answered = [item for item in answered if not refused >> (item >> 8) & 1]
        done = nodes.done[node]
        lacking = cleared = 0
        bit = 1
        for item in self._items(node):
            read = item >> 8
            if item in answered:
                done |= bit
            elif not bit or not done & bit:
                lacking |= 1 << read
            bit = bit << 1 & 0xFFFFFFFF
        nodes.pending[node] &= lacking
        bit = 1
        for item in self._items(node):
            if not nodes.pending[node] >> (item >> 8) & 1:
                cleared |= bit
            bit = bit << 1 & 0xFFFFFFFF
        nodes.done[node] = done & ~cleared
        if not nodes.pending[node]:
            nodes.drop(node, nodes_.SUSPECT)

    def _suspect(self, node):
        """It answers, but not to what is wanted of it. The second time that is given up until it
        is wanted anew: one frame a meter keeps silent to must not cost the others."""
        nodes = self.nodes
        if not nodes.has(node, nodes_.SUSPECT):
            nodes.set(node, nodes_.SUSPECT)
            return
        profile = nodes.profiles[node]
        for read in range(len(profile.reads)):
            if nodes.pending[node] >> read & 1:
                points = profile.reads[read][1]
                for i in range(0, len(points), 2):
                    self.news.put(node, points[i], 0, IV)
        nodes.pending[node] = nodes.done[node] = 0
        nodes.drop(node, nodes_.SUSPECT)
        self.mute += 1

    def _heard(self, node):
        nodes = self.nodes
        nodes.failures[node] = 0
        nodes.seen_s[node] = self._tick_s
        nodes.next_s[node] = self._tick_s
        nodes.set(node, nodes_.SEEN | nodes_.JOINED)
        if nodes.has(node, nodes_.LOST):
            nodes.drop(node, nodes_.LOST)
            self.hurry(node, self._tick_s)
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

    # what the running route reads

    def for_route(self, node):
        """The payload the route may take along to a node, b"": nothing is wanted."""
        nodes = self.nodes
        if not nodes.pending[node] or nodes.has(node, nodes_.BUSY):
            return b""
        question = self._question(node, 1)
        if question is None:
            return b""
        self._routed = [one for one in self._routed if one.node != node][1 - _ROUTED :]
        self._routed.append(question)
        return question.payload

    def from_route(self, node, payload):
        """What the route has read, or a meter has told: it counts when it was wanted."""
        nodes = self.nodes
        question = None
        for one in self._routed:
            if one.node == node:
                question = one
        if question is None:
            question = self._unasked(node, payload)
        else:
            self._routed.remove(question)
        if question is None or nodes.has(node, nodes_.BUSY):
            return False
        question.is_before = question.is_before or nodes.has(node, nodes_.OUT)
        before = list(question.items)
        self._node = node
        refused = self._meters.judge(
            nodes.profiles[node], nodes.addresses[node], question, payload, self._out
        )
        self._meters.drop(nodes.profiles[node], question)
        answered = [item for item in before if item not in question.items]
        if not answered:
            return False
        if not question.is_before:
            self._heard(node)
        self._note(node, answered, refused)
        return True

    def _unasked(self, node, payload):
        """A Question that a DL/T 645 answer answers, if that read is wanted."""
        profile = self.nodes.profiles[node]
        for frame in meters_.split(payload):
            read = self._meters.find_read(profile, frame)
            is_split = self.nodes.split[node] >> read & 1 if read >= 0 else 1
            if not is_split and self.nodes.pending[node] >> read & 1:
                item = read << 8 | meters_.WHOLE
                return meters_.Question(node, [item], 0)
        return None


def _payload(frame):
    """The meters' frames in an answer of 13H F1 or F1H F1; b"" when the node did not answer."""
    try:
        values = up.decode(frame.afn, frame.fn, frame.unit)
    except CodecError:
        return b""
    return values["data"] if values else b""
