"""The module as a whole: power, what it keeps, its commands by AFN and Fn, its network.

Chapters and layouts are those of the reference notes on Q/GDW 1376.2; what they leave open is
decided here and said in a comment."""

from tools.emulator.hplc import fleet
from tools.emulator.hplc.forwarding import Forwarding
from tools.emulator.hplc.link import Link
from tools.emulator.hplc.network import COORDINATOR, Network
from tools.emulator.hplc.power import Power
from tools.emulator.hplc.routing import Routing

_BOOT_S = 1.2
_REBOOT_S = 0.3  # until a reset that was confirmed is carried out
_THINK_S = (0.02, 0.08)  # for a command that needs no node
_UNIT, _LENGTH, _ITEM, _DOUBLE, _UNKNOWN, _UNSUPPORTED = 1, 2, 4, 6, 7, 10  # denials
_MAX_FRAME, _MAX_FILE, _MAX_NODES = 1024, 512, 1000
_VERSION = b"UT" + b"LP" + bytes((0x01, 0x06, 0x26)) + bytes((0x21, 0x01))
_MOST_LISTED = 32
_COORDINATOR_TYPE = 5
_FILE_ERROR = b"\xff\xff\xff\xff"
_KNOWN = {
    0x01: (1, 2, 3), 0x03: (1, 4, 7, 10, 11), 0x05: (1, 2, 3, 101),
    0x10: (1, 2, 3, 4, 9, 21, 112), 0x11: (1, 2), 0x12: (1, 2, 3), 0x13: (1,), 0x15: (1,),
    0xF1: (1,),
}  # fmt: skip


class Module:
    def __init__(self, port, slot, options):
        """options: nodes (12), seed (1), loss (0.05 a frame and hop), uart_loss (0), partial
        (0.01), join_s (20: until the last node has joined), concurrent (True: F1H is known),
        archive (0: so many strangers are on file from before)."""
        known = {
            "nodes",
            "seed",
            "loss",
            "uart_loss",
            "partial",
            "join_s",
            "concurrent",
            "archive",
        }
        if set(options) - known:
            raise ValueError(f"a carrier module has the options {', '.join(sorted(known))}")
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
        self.link = Link(port, self._later, self.network.rng, self._serve)
        self.link.loss = options.get("uart_loss", 0.0)
        self.power_news = Power(self.network, self._later, self._power_report)
        self.routing = Routing(self, options.get("join_s", 20.0))
        self.forwarding = Forwarding(self, options.get("concurrent", True))
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
        number of nodes; dead, alive: a list of addresses; loss, uart_loss, partial: 0 to 1;
        silent; restart; event: the address of a meter; stranger: an address."""
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
        self.link.report(0x03, 10, self._run_mode())
        self.routing.booted()

    def _reboot(self):
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

    def _set_uart_loss(self, value):
        self.link.loss = value

    def _set_silent(self, value):
        self.is_silent = bool(value)

    def _set_restart(self, value):
        if value and self.is_on:
            self._reboot()

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

    # commands

    def _serve(self, request):
        self._later(self.network.rng.uniform(*_THINK_S), lambda: self._obey(request))

    def _obey(self, request):
        afn, fn = request.afn, request.fn
        if fn not in _KNOWN.get(afn, ()) or (afn == 0xF1 and not self.forwarding.is_concurrent):
            self.deny(request, _UNSUPPORTED)
        elif afn == 0x01:
            self._initialise(request)
        elif afn == 0x03:
            self._query(request)
        elif afn == 0x05:
            self._control(request)
        elif afn == 0x10:
            self._list(request)
        elif afn == 0x11:
            self._file(request)
        elif afn == 0x12:
            self.routing.control(request)
        elif afn == 0x15:
            self._take_file(request)
        else:
            self.forwarding.serve(request)

    def _initialise(self, request):
        self.link.confirm(request)
        if request.fn == 1:
            self._later(_REBOOT_S, self._reboot)
        elif request.fn == 2:
            self.archive.clear()
            self.routing.forget()
        else:
            self.routing.forget()

    def _query(self, request):
        fn = request.fn
        unit = {1: _VERSION, 4: self.link.main, 7: bytes([90])}.get(fn)
        if fn == 10:
            unit = self._run_mode()
        elif fn == 11:
            if len(request.unit) != 1:
                return self.deny(request, _LENGTH)
            bits = sum(1 << known - 1 for known in _KNOWN.get(request.unit[0], ()))
            unit = request.unit + bits.to_bytes(32, "little")
        self.link.answer(request, 0x03, fn, unit)

    def _run_mode(self):
        head = bytes((0x83, 0, 1, 1, 0, 0)) + bytes([90]) + _u16(100) + _u16(_MAX_FRAME)
        head += _u16(_MAX_FILE) + bytes([10]) + self.link.main + _u16(_MAX_NODES)
        head += _u16(len(self.archive)) + bytes((0x19, 0x12, 0x30)) + bytes((0x26, 0x01, 0x15))
        return head + _VERSION + _u16(0)

    def _control(self, request):
        fn, unit = request.fn, request.unit
        if fn == 1 and len(unit) == 6:
            self.link.main = unit
        elif fn == 2 and len(unit) == 1:
            self.is_reporting = unit[0] == 1
        elif fn == 3 and len(unit) > 2 and len(unit) == 2 + unit[1]:
            self.broadcasts = self.broadcasts[-3:] + [unit]
            for node in self.network.nodes:
                if node.is_in and node.is_fed and self.network.crosses(node):
                    node.device.hear(unit[2:])
        elif fn == 101 and len(unit) == 6:
            self.clock = unit
        else:
            return self.deny(request, _LENGTH)
        self.link.confirm(request)

    def _list(self, request):
        fn, unit = request.fn, request.unit
        filed = list(self.archive)
        if fn == 1:
            reply = _u16(len(filed)) + _u16(_MAX_NODES)
        elif fn == 9:
            reply = _u16(sum(node.is_in for node in self.network.nodes) + 1)
        elif fn == 4:
            reply = self.routing.state()
        elif fn == 3:
            if len(unit) != 6:
                return self.deny(request, _LENGTH)
            if unit not in self.archive:
                return self.deny(request, _UNKNOWN)
            reply = b"\x01" + self._routed(unit)
        else:
            if len(unit) != 3:
                return self.deny(request, _LENGTH)
            start, count = int.from_bytes(unit[:2], "little"), min(unit[2], _MOST_LISTED)
            if start < 1:
                return self.deny(request, _UNIT)
            if fn == 2:
                page = [self._routed(one) for one in filed[start - 1 : start - 1 + count]]
                reply = _u16(len(filed)) + bytes([len(page)]) + b"".join(page)
            else:
                # the coordinator comes first: the notes do not say whether it is listed
                rows = self._placed() if fn == 21 else self._kinds()
                page = rows[start - 1 : start - 1 + count]
                reply = _u16(len(rows)) + _u16(start) + bytes([len(page)]) + b"".join(page)
        self.link.answer(request, 0x10, fn, reply)

    def _routed(self, address):
        node = self.network.by_address.get(address)
        info = self.archive[address] << 12
        if node and node.is_in:
            info |= node.level | node.quality << 4 | 1 << 8 + node.phase - 1
        return address + _u16(info)

    def _placed(self):
        rows = [self.link.main + _u16(1) + _u16(0) + bytes([COORDINATOR << 4])]
        for node in self.network.nodes:
            if node.is_in:
                info = node.level | self.network.role(node) << 4
                proxy = self.network.proxy_tei(node)
                rows.append(node.address + _u16(node.tei) + _u16(proxy) + bytes([info]))
        return rows

    def _kinds(self):
        tail = bytes(24) + bytes((0x21, 0x01))
        rows = [self.link.main + bytes([_COORDINATOR_TYPE]) + tail]
        for node in self.network.nodes:
            if node.is_in:
                rows.append(node.address + bytes([node.kind]) + tail)
        return rows

    def _file(self, request):
        fn, unit = request.fn, request.unit
        size = 7 if fn == 1 else 6
        if not unit or len(unit) != 1 + size * unit[0]:
            return self.deny(request, _LENGTH)
        rows = [unit[at : at + size] for at in range(1, len(unit), size)]
        for row in rows:
            if fn == 1 and row[:6] in self.archive:
                return self.deny(request, _DOUBLE)
            if fn == 2 and row not in self.archive:
                return self.deny(request, _UNKNOWN)
        for row in rows:
            if fn == 1:
                self.archive[row[:6]] = row[6]
            else:
                del self.archive[row]
                self.routing.leave(row)
        self.routing.filed()
        self.link.confirm(request)

    def _take_file(self, request):
        unit = request.unit
        if len(unit) < 11:
            return self.deny(request, _LENGTH)
        total, segment = int.from_bytes(unit[3:5], "little"), int.from_bytes(unit[5:9], "little")
        data = unit[11:]
        if unit[0] == 0:
            self.file = {}
        elif int.from_bytes(unit[9:11], "little") != len(data) or segment > len(self.file):
            return self.link.answer(request, 0x15, 1, _FILE_ERROR)
        else:
            self.file[segment] = data
            if segment == total - 1 and len(self.file) == total:
                self.files += 1
        self.link.answer(request, 0x15, 1, unit[5:9])


def _u16(value):
    return value.to_bytes(2, "little")
