"""The module as a whole: power, what it keeps, its commands by AFN and Fn, its network.

Chapters and layouts are those of the reference notes on Q/GDW 1376.2; what they leave open is
decided here and said in a comment."""

from tools.emulator.hplc import fleet
from tools.emulator.hplc.commands import Commands
from tools.emulator.hplc.forwarding import Forwarding
from tools.emulator.hplc.link import Link
from tools.emulator.hplc.network import Network
from tools.emulator.hplc.power import Power
from tools.emulator.hplc.routing import Routing

_BOOT_S = 1.2
_OPTIONS = (
    "nodes", "seed", "loss", "uart_loss", "partial", "strays", "join_s", "concurrent", "archive",
)  # fmt: skip


class Module:
    def __init__(self, port, slot, options):
        """options: nodes (12), seed (1), loss (0.05 a frame and hop), uart_loss (0), partial
        (0.01), strays (0: answers that come twice, or mixed up), join_s (20: until the last node
        has joined), concurrent (True: F1H is known), archive (0: so many strangers are on file
        from before)."""
        if set(options) - set(_OPTIONS):
            raise ValueError(f"a carrier module has the options {', '.join(_OPTIONS)}")
        self.chips = {}
        self.options = options
        self.slot = slot
        self._port = port
        self._epoch = 0  # of power
        self._timers = set()
        seed = options.get("seed", 1)
        devices = fleet.meters(options.get("nodes", 12), seed)
        self.network = Network(
            devices, seed, options.get("loss", 0.05), options.get("partial", 0.01)
        )
        self.commands = Commands(self)
        self.link = Link(port, self._later, self.network.rng, self.commands.serve)
        self.link.loss = options.get("uart_loss", 0.0)
        self.power_news = Power(self.network, self._later, self._power_report)
        self.routing = Routing(self, options.get("join_s", 20.0))
        self.forwarding = Forwarding(self, options.get("concurrent", True))
        self.forwarding.strays = options.get("strays", 0.0)
        # kept through a loss of power
        self.archive = {}  # address as sent: protocol
        for k in range(options.get("archive", 0)):
            self.archive[bytes((0x70 + k % 16, k // 16, 0, 0, 0, 0x77))] = 2
        self.is_on = False
        self.is_silent = False  # a defect
        self.is_reporting = False  # 05H F2
        self.resets = 0
        self.outage_s = None  # when the first report of the last outage went out
        self.broadcasts = []
        self.clock = b""
        self.file = {}  # segment: data
        self.files = 0  # complete ones
        self.last_file = b""
        self.segments = 0  # taken

    # what a module is asked by whoever plugs it

    def power(self, on):
        if on == self.is_on:
            return
        self._stop()
        if on:
            self.is_on = True
            self._later(_BOOT_S, self._booted)

    def feed(self, data):
        if self.is_on and not self.is_silent:
            self.link.feed(data)

    def close(self):
        self._stop()

    def set(self, **values):
        """outage, restore: a number of nodes or a list of addresses; route_change, join: a
        number of nodes; dead, alive: a list of addresses; loss, uart_loss, partial, strays: 0
        to 1; silent; restart; event: the address of a meter; stranger: an address."""
        for name, value in values.items():
            call = getattr(self, "_set_" + name, None)
            if call is None:
                raise ValueError(f"a carrier module has no {name}: {', '.join(self._settings())}")
            call(value)

    def status(self):
        nodes = self.network.nodes
        return {
            "on": self.is_on,
            "main": self.link.main[::-1].hex(),
            "archive": len(self.archive),
            "nodes": len(nodes),
            "joined": sum(node.is_in for node in nodes),
            "outage_s": self.outage_s,
            "out": [node.device.address for node in nodes if not node.is_fed],
            "paused": self.routing.is_paused,
            "requests": self.link.requests,
            "exchanges": self.forwarding.exchanges,
            "most_at_once": self.forwarding.most,
            "lost": self.network.lost,
            "spoilt": self.link.spoilt,
            "reports": self.link.reports,
            "unconfirmed": self.link.unconfirmed,
            "route_changes": self.network.route_changes,
            "denied": self.denied,
            "files": self.files,
            "segments": self.segments,
            "reporting": self.is_reporting,
            "resets": self.resets,
        }

    denied = 0

    # for the parts

    def later(self, seconds, call):
        return self._later(seconds, call)

    def now(self):
        return self._port.now()

    def deny(self, request, error):
        self.denied += 1
        self.link.deny(request, error)

    def _settings(self):
        return sorted(name[5:] for name in dir(self) if name.startswith("_set_"))

    def _later(self, seconds, call):
        epoch = self._epoch

        def run():
            self._timers.discard(handle)
            if self._epoch == epoch:
                call()

        handle = self._port.later(seconds, run)
        self._timers.add(handle)
        return handle

    def _stop(self):
        self._epoch += 1
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.is_on = False
        self.is_reporting = False
        self.file = {}
        self.link.reset()
        self.power_news.reset()
        self.routing.reset()
        self.forwarding.reset()
        self.network.scatter()

    def _booted(self):
        self.resets += 1
        self.link.report(0x03, 10, self.commands.run_mode())
        self.routing.booted()

    def reboot(self):
        self._stop()
        self.is_on = True
        self._later(_BOOT_S, self._booted)

    def _power_report(self, kind, addresses):
        if not self.is_reporting:
            return
        if kind == 1 and self.outage_s is None:
            self.outage_s = self.now()
        content = bytes([kind]) + b"".join(addresses)
        self.link.report(0x06, 5, bytes([5, 4, len(content)]) + content)

    # faults and the like, by name

    def _nodes(self, value):
        if isinstance(value, int):
            return self.network.area(value)
        found = [node for node in self.network.nodes if node.device.address in value]
        if len(found) != len(value):
            raise ValueError("an address is not of a node here")
        return found

    def _set_outage(self, value):
        self.outage_s = None
        self.power_news.fail(self._nodes(value))

    def _set_restore(self, value):
        out = [node for node in self.network.nodes if not node.is_fed]
        is_some = not isinstance(value, int)
        self.power_news.restore(self._nodes(value) if is_some else out[:value])

    def _set_dead(self, value):
        for node in self._nodes(value):
            node.is_deaf = True

    def _set_alive(self, value):
        for node in self._nodes(value):
            node.is_deaf = False

    def _set_route_change(self, value):
        nodes = [node for node in self.network.nodes if node.is_in]
        for node in self.network.rng.sample(nodes, min(value, len(nodes))):
            self.network.change_route(node)

    def _set_join(self, value):
        """Some leave, and come back in a while."""
        for node in self.network.area(value):
            node.is_in = False
            self.routing.join_later(node)

    def _set_loss(self, value):
        self.network.loss = value

    def _set_partial(self, value):
        self.network.partial = value

    def _set_strays(self, value):
        self.forwarding.strays = value

    def _set_uart_loss(self, value):
        self.link.loss = value

    def _set_silent(self, value):
        self.is_silent = bool(value)

    def _set_restart(self, value):
        if value and self.is_on:
            self.reboot()

    def _set_event(self, value):
        """A meter tells of an event of its own: status word 1, as it answers for 04001501."""
        node = self._nodes([value])[0]
        body = b"\x68" + node.address + b"\x68\x91\x08"
        body += bytes(byte + 0x33 & 0xFF for byte in b"\x01\x15\x00\x04\x10\0\0\0")
        frame = body + bytes([sum(body) & 0xFF, 0x16])
        self.link.report(0x06, 5, bytes([1, 2, len(frame)]) + frame, node)

    def _set_stranger(self, value):
        content = b"\x01" + bytes.fromhex(value)[::-1] + b"\x01"
        self.link.report(0x06, 5, bytes([1, 5, len(content)]) + content)
