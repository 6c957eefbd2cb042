"""The carrier network behind the module: who has joined, over which way, and what one exchange
with a meter comes to. Knows neither frames nor time; whoever calls waits."""

import random
from collections import deque

from tools.emulator.hplc import wire

DIRECT_TYPE, RADIO_TYPE, DUAL_TYPE = 2, 4, 5  # of units, as in 06H F5
STATION, PROXY, COORDINATOR = 1, 2, 4
_TYPES = (DUAL_TYPE, DUAL_TYPE, DIRECT_TYPE, DUAL_TYPE, RADIO_TYPE)
_LEVELS = (1, 1, 1, 2, 1, 2, 2, 3, 2, 3, 1, 4)  # how the nodes of a street lie
_CHILDREN = 12  # of a proxy, more are moved to another
_LATENCY_S = (0.15, 0.8)
_FRAME_S = 0.05  # each further frame of a request takes so much longer
_STEPS = 120  # seconds a meter catches up with at once
_PAST = 6


class Node:
    """A unit in front of a meter."""

    def __init__(self, device, place, rng):
        self.device = device
        self.address = bytes.fromhex(device.address)[::-1]
        self.wanted_level = _LEVELS[place % len(_LEVELS)]
        self.level = self.wanted_level
        self.kind = _TYPES[place % len(_TYPES)]
        self.tei = place + 2  # 1 is the coordinator
        self.proxy: Node | None = None  # None: the coordinator
        self.quality = rng.randint(1, 6)
        self.phase = rng.randint(1, 3)
        self.is_in = False  # it has joined
        self.is_fed = True  # it has power
        self.is_deaf = False  # a defect
        self.is_busy = False  # an exchange is under way
        self.past = deque(maxlen=_PAST)  # what the meter held when it answered
        self._lived_s = None

    def hear(self, frame, now):
        """The meter's answer to one frame of its own protocol, b"" for silence."""
        self.live(now)
        reply = self.device.hear(frame) or b""
        if reply:
            self.past.append(self.device.truth())
        return reply

    def live(self, now):
        if self._lived_s is None:
            self._lived_s = now
        seconds = int(now - self._lived_s)
        if seconds > 0:
            self._lived_s += seconds
            self.device.step(min(seconds, _STEPS))


class Network:
    def __init__(self, devices, seed, loss, partial):
        """`loss`: of a frame on one hop; `partial`: of a meter's answer to one of
        several frames."""
        self.rng = random.Random(f"{seed}/hplc network")
        self.loss = loss
        self.partial = partial
        self.nodes = [Node(device, k, self.rng) for k, device in enumerate(devices)]
        self.by_address = {node.address: node for node in self.nodes}
        self.route_changes = 0
        self.lost = 0  # exchanges that the air or the line swallowed

    def scatter(self):
        """Nobody is in."""
        for node in self.nodes:
            node.is_in = False

    def join(self, node):
        """It comes in, below a proxy one level up if there is one."""
        if node.is_in:
            return
        level = node.wanted_level
        while level > 1 and not self._proxies(level - 1, node):
            level -= 1
        node.level = level
        node.proxy = self.rng.choice(self._proxies(level - 1, node)) if level > 1 else None
        node.is_in = True

    def change_route(self, node):
        """It goes another way from now on."""
        self.route_changes += 1
        node.is_in = False
        node.wanted_level = max(1, min(4, node.wanted_level + self.rng.choice((-1, 1))))
        node.quality = self.rng.randint(1, 9)
        self.join(node)

    def role(self, node):
        return PROXY if any(other.proxy is node for other in self.nodes) else STATION

    def proxy_tei(self, node):
        return node.proxy.tei if node.proxy else 1

    def crosses(self, node):
        """Does one frame get through between node and coordinator?"""
        return self.rng.random() < (1 - self.loss) ** node.level

    def exchange(self, node, payload, now):
        """(seconds it takes, the answers as bytes; b"" when none came)."""
        frames = wire.meter_frames(payload) or [payload]
        seconds = self.rng.uniform(*_LATENCY_S) + _FRAME_S * (len(frames) - 1)
        is_lost = not self.crosses(node) or not self.crosses(node)
        if node.is_deaf or not node.is_fed or not node.is_in:
            return seconds, b""
        if is_lost:
            self.lost += 1
            return seconds, b""
        said = b""
        for frame in frames:
            reply = node.hear(frame, now)
            if len(frames) == 1 or self.rng.random() >= self.partial:
                said += reply
        return seconds, said

    def area(self, count):
        """`count` nodes with power that lie together: branches of the network, whole if
        possible."""
        fed = [node for node in self.nodes if node.is_fed and node.is_in]
        fed.sort(key=lambda node: (self._branch(node), node.tei))
        start = self.rng.randrange(max(1, len(fed) - count + 1))
        return fed[start : start + count]

    def _branch(self, node):
        while node.proxy:
            node = node.proxy
        return node.tei

    def _proxies(self, level, child):
        near = [one for one in self.nodes if one.is_in and one.level == level and one is not child]
        free = [one for one in near if self._children(one) < _CHILDREN]
        return [one for one in free if not self._is_below(one, child)]

    def _children(self, node):
        return sum(1 for other in self.nodes if other.proxy is node)

    @staticmethod
    def _is_below(node, other):
        while node.proxy:
            node = node.proxy
            if node is other:
                return True
        return False
