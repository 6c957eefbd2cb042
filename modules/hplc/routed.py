"""What the running route reads: it asks whom to read (14H F1) and reports what came (06H F2).
An answer counts once, and when it was wanted."""

from micropython import const

from modules.hplc import meters as meters_
from modules.hplc import nodes as nodes_

_KEPT = const(8)  # questions the route has taken along


class Routed:
    def __init__(self, nodes, meters, reading):
        self._nodes = nodes
        self._meters = meters
        self._reading = reading
        self._questions = []  # the newest last

    def stop(self):
        """The module has forgotten them."""
        self._questions = []

    def question(self, node):
        """The payload the route may take along to a node, b"": nothing is wanted."""
        nodes = self._nodes
        if not nodes.pending[node] or nodes.has(node, nodes_.BUSY):
            return b""
        question = self._reading.question(node, 1)
        if question is None:
            return b""
        self._questions = [one for one in self._questions if one.node != node][1 - _KEPT :]
        self._questions.append(question)
        return question.payload

    def take(self, node, payload):
        """What the route has read, or a meter has told; True when it counts."""
        nodes = self._nodes
        if nodes.has(node, nodes_.BUSY):
            return False
        question = None
        for one in self._questions:
            if one.node == node:
                question = one
        if question is None:
            question = self._unasked(node, payload)
        if question is None:
            return False
        question.is_before = question.is_before or nodes.has(node, nodes_.OUT)
        has_told = self._reading.credit(question, payload)
        self._meters.drop(nodes.profiles[node], question)
        if has_told and question in self._questions:
            self._questions.remove(question)
        return has_told

    def _unasked(self, node, payload):
        """A Question that a DL/T 645 answer answers, if that read is wanted."""
        nodes = self._nodes
        profile = nodes.profiles[node]
        for frame in meters_.split(payload):
            read = self._meters.find_read(profile, frame)
            if read >= 0 and nodes.pending[node] >> read & 1 and not nodes.split[node] >> read & 1:
                return meters_.Question(node, [read << 8 | meters_.WHOLE], 0)
        return None
