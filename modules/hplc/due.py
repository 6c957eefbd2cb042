"""Who is due: rounds of data at multiples of their period in UTC, status words by each node's own
clock, and whose turn it is.

What is most overdue goes first. A node that did not answer counts as a little less overdue and
gets half of the lanes at most; those that are lost, without power or not in the network share
one, so that nobody waits for them."""

from micropython import const

from modules.hplc import nodes as nodes_
from modules.hplc.meters import data_reads, state_reads

_LATER_S = const(5)  # who failed counts as so much less overdue ...
_LAST_S = const(120)  # ... and who is lost, or not in the network


class Due:
    def __init__(self, nodes, cfg, clock):
        self.round_s = -1  # what the last whole round took, -1: none yet
        self.round_left = 0  # nodes that are not lost and lack data of this round
        self._nodes = nodes
        self._clock = clock
        self._alarm_s = cfg["alarm_s"]
        self._data_ms = 1000 * cfg["data_s"]
        self._alarm_next_s = 0  # no status words are due before
        self._round = -1
        self._round_began_ms = 0
        self._is_counting = False  # the round's end is waited for

    def step(self, now, now_s):
        """Once a second: what is due now is wanted."""
        nodes = self._nodes
        number = self._clock.utc_ms() // self._data_ms
        if number != self._round:
            self._round = number
            self._round_began_ms = now
            self._is_counting = True
            for node in range(len(nodes)):
                self._want(node, data_reads(nodes.profiles[node]), now_s)
        if now_s >= self._alarm_next_s:
            soonest = now_s + self._alarm_s
            for node in range(len(nodes)):
                if nodes.alarm_s[node] <= now_s:
                    self._want_states(node, now_s)
                soonest = min(soonest, nodes.alarm_s[node])
            self._alarm_next_s = soonest
        if self._is_counting:
            self._count_round(now)

    def hurry(self, node, now_s):
        """It may answer now: all of it is wanted at once."""
        nodes = self._nodes
        nodes.failures[node] = 0
        nodes.next_s[node] = now_s
        self._want(node, data_reads(nodes.profiles[node]), now_s)
        self._want_states(node, now_s)

    def take_along(self, node, now_s):
        """It is asked now: status words that are nearly due go with the rest."""
        if now_s + (self._alarm_s >> 2) >= self._nodes.alarm_s[node]:
            self._want_states(node, now_s)

    def pick(self, now_s, asked, lanes):
        """The node whose turn it is, -1: nobody's. `asked`: Questions under way."""
        nodes = self._nodes
        flags, next_s, pending, failures = nodes.flags, nodes.next_s, nodes.pending, nodes.failures
        weak = doubtful = 0
        for question in asked:
            if nodes.is_doubtful(question.node):
                doubtful += 1
            else:
                weak += failures[question.node] > 0
        found, best = -1, 0
        for node in range(len(nodes)):
            if not pending[node] or next_s[node] > now_s or flags[node] & nodes_.BUSY:
                continue
            key = nodes.due_s[node]
            if nodes.is_doubtful(node):
                if doubtful:
                    continue
                key += _LAST_S
            elif failures[node]:
                if 2 * weak >= lanes:
                    continue
                key += _LATER_S
            if found < 0 or key < best:
                found, best = node, key
        return found

    def _want_states(self, node, now_s):
        self._want(node, state_reads(self._nodes.profiles[node]), now_s)
        self._nodes.alarm_s[node] = now_s + self._alarm_s

    def _want(self, node, reads, now_s):
        if not self._nodes.pending[node]:
            self._nodes.due_s[node] = now_s
        self._nodes.pending[node] |= reads

    def _count_round(self, now):
        nodes = self._nodes
        left = 0
        for node in range(len(nodes)):
            if not nodes.flags[node] & (nodes_.LOST | nodes_.OUT):
                left += nodes.pending[node] & data_reads(nodes.profiles[node]) != 0
        self.round_left = left
        if not left:
            self._is_counting = False
            self.round_s = (now - self._round_began_ms) // 1000
