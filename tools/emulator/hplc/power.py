"""What the coordinator makes of nodes that lose or regain their power.

A dying node says so again and again from its super-capacitor, over every hop; the coordinator
gathers what it hears, then raises reports: lists that are split, overlap and repeat."""

OUT, BACK = 1, 2
_GASPS = 6
_GASP_S = (0.1, 0.25)  # between two
_FIRST_S = (0.02, 0.6)  # until the first
_RETURN_S = (0.3, 1.2)  # a node is up again and in the network
_WINDOW_S = 1.0  # gathered before the first report
_NEXT_S = (0.1, 0.3)  # between two reports
_SHARE = 30  # addresses in a report
_OVERLAP = 4  # that were in the one before


class Gatherer:
    """One kind of news: `say(kind, addresses)` puts a report on its way."""

    def __init__(self, kind, later, say, rng):
        self.kind = kind
        self._later = later
        self._say = say
        self._rng = rng
        self._new = []
        self._told = []
        self._is_running = False

    def hear(self, address):
        if address in self._new or address in self._told:
            return
        self._new.append(address)
        if not self._is_running:
            self._is_running = True
            self._later(_WINDOW_S, self._tell)

    def forget(self, address):
        """The opposite was heard."""
        self._told = [one for one in self._told if one != address]
        self._new = [one for one in self._new if one != address]

    def reset(self):
        self._new, self._told, self._is_running = [], [], False

    def _tell(self):
        if self._new:
            share, self._new = self._new[:_SHARE], self._new[_SHARE:]
            overlap = self._told[-_OVERLAP:]
            self._told += share
            self._say(self.kind, overlap + share)
            self._later(self._rng.uniform(*_NEXT_S), self._tell)
            return
        self._is_running = False
        if len(self._told) > 1:  # the last part once more, for whoever missed it
            self._say(self.kind, self._told[-_SHARE // 2 :])


class Power:
    def __init__(self, network, later, say):
        rng = network.rng
        self._network = network
        self._later = later
        self._rng = rng
        self.out = Gatherer(OUT, later, say, rng)
        self.back = Gatherer(BACK, later, say, rng)

    def fail(self, nodes):
        for node in nodes:
            node.is_fed = False
            self._later(self._rng.uniform(*_FIRST_S), lambda node=node: self._gasp(node, _GASPS))

    def restore(self, nodes):
        for node in nodes:
            self._later(self._rng.uniform(*_RETURN_S), lambda node=node: self._rise(node))

    def reset(self):
        self.out.reset()
        self.back.reset()

    def _gasp(self, node, left):
        if node.is_fed or not left:
            return
        if node.is_in and self._network.crosses(node):
            self.back.forget(node.address)
            self.out.hear(node.address)
        else:
            self._later(self._rng.uniform(*_GASP_S), lambda: self._gasp(node, left - 1))

    def _rise(self, node):
        node.is_fed = True
        self._network.join(node)
        self.out.forget(node.address)
        self.back.hear(node.address)
