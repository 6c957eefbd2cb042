"""The route: nodes of the archive join one after the other once it was started; while it runs the
module asks the terminal whom to read (14H F1) and reports what it has read (06H F2)."""

_STEP_S = 0.4  # between two questions of a running route
_LEVEL_S = 0.25  # share of the joining time a level waits for the one before
_JOINED_AT_ONCE = 8  # nodes of a report
_SAY_S = 1.0
_PAYLOAD_AT = 3  # in the answer to 14H F1: flag, delay, length, payload, attached


class Routing:
    def __init__(self, module, join_s):
        self._module = module
        self._join_s = join_s
        self._network = module.network
        self.reset()

    def reset(self):
        """Power is off."""
        self.is_paused = True
        self.is_started = False
        self._read = set()  # addresses read since the route was restarted
        self._asked = None  # node the terminal is asked about
        self._coming = set()  # nodes that are about to join
        self._joined = []  # not reported yet
        self._is_stepping = False

    def booted(self):
        """What was learnt is in flash: nodes that were in the archive come back by themselves."""
        self._module.link.report(0x14, 2, answered=self._take_clock)

    def forget(self):
        """The routes are gone, and must be found anew."""
        self._network.scatter()
        self._coming.clear()
        self._read.clear()
        if self.is_started:
            self._gather()

    def leave(self, address):
        node = self._network.by_address.get(address)
        if node:
            node.is_in = False

    def filed(self):
        if self.is_started:
            self._gather()

    def control(self, request):
        fn = request.fn
        self.is_paused = fn == 2
        if fn == 1:
            self._read.clear()
        if fn != 2:
            self.is_started = True
            self._gather()
            self._step_later()
        self._module.link.confirm(request)

    def state(self):
        """10H F4."""
        nodes = self._network.nodes
        status = (len(self._read) == len(self._module.archive)) << 1 | (not self.is_paused) << 2
        counts = [len(self._module.archive), len(self._read), 0]
        relayed = sum(1 for node in nodes if node.is_in and node.level > 1)
        counts[2] = relayed
        raw = b"".join(value.to_bytes(2, "little") for value in counts)
        return bytes([status]) + raw + b"\0" + bytes(2) + bytes(3) + bytes((8, 8, 8))

    def join_later(self, node):
        if node in self._coming:
            return
        self._coming.add(node)
        wait = self._join_s * (_LEVEL_S * (node.wanted_level - 1) + _LEVEL_S * self._random())
        self._module.later(wait, lambda: self._come(node))

    def _random(self):
        return self._network.rng.random()

    def _gather(self):
        for node in self._network.nodes:
            if node.address in self._module.archive and not node.is_in and node.is_fed:
                self.join_later(node)

    def _come(self, node):
        self._coming.discard(node)
        if node.address not in self._module.archive or not node.is_fed:
            return
        self._network.join(node)
        if not self._joined:
            self._module.later(_SAY_S, self._say_joined)
        self._joined.append(node)

    def _say_joined(self):
        share, self._joined = self._joined[:_JOINED_AT_ONCE], self._joined[_JOINED_AT_ONCE:]
        if share:
            rows = b"".join(
                node.address
                + bytes([self._module.archive.get(node.address, 2)])
                + node.tei.to_bytes(2, "little")
                for node in share
            )
            self._module.link.report(0x06, 1, bytes([len(share)]) + rows)
            self._module.later(_SAY_S, self._say_joined)

    def _step_later(self):
        if not self._is_stepping:
            self._is_stepping = True
            self._module.later(_STEP_S, self._step)

    def _step(self):
        self._is_stepping = False
        if self.is_paused:
            return
        if self._asked is None:
            node = self._next()
            if node is None:
                if self._read:
                    self._module.link.report(0x06, 3, b"\x01")
                    self._read.clear()
                    return  # until it is restarted or resumed
            else:
                self._asked = node
                index = node.tei.to_bytes(2, "little")
                unit = bytes([node.phase]) + node.address + index
                self._module.link.report(
                    0x14, 1, unit, None, lambda frame: self._told(node, frame), self._untold
                )
        self._step_later()

    def _next(self):
        for node in self._network.nodes:
            is_filed = node.address in self._module.archive
            if node.is_in and is_filed and node.address not in self._read:
                return node
        return None

    def _untold(self):
        self._asked = None

    def _told(self, node, frame):
        self._asked = None
        unit = frame.unit
        if (frame.afn, frame.fn) != (0x14, 1) or len(unit) < _PAYLOAD_AT:
            return
        if unit[0] != 2:
            self._read.add(node.address)
            return
        payload = unit[_PAYLOAD_AT : _PAYLOAD_AT + unit[2]]
        if node.is_busy:
            return
        node.is_busy = True
        seconds, said = self._network.exchange(node, payload, self._module.now())
        self._module.later(seconds, lambda: self._heard(node, seconds, said))

    def _heard(self, node, seconds, said):
        node.is_busy = False
        if not said:
            return
        self._read.add(node.address)
        protocol = self._module.archive.get(node.address, 2)
        unit = node.tei.to_bytes(2, "little") + bytes([protocol])
        unit += round(seconds).to_bytes(2, "little") + bytes([len(said)]) + said
        self._module.link.report(0x06, 2, unit, node)

    def _take_clock(self, frame):
        if (frame.afn, frame.fn) == (0x14, 2) and len(frame.unit) == 6:
            self._module.clock = frame.unit
