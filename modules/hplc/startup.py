"""The jobs by which the module is made to serve us, chapter 3 of the notes on Q/GDW 1376.2: who
it is, the route paused, the main node's address, the archive made equal to ours, the route
resumed, reports allowed; and those that ask how the network stands."""

from micropython import const

from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_down as down
from firmware.codec import gdw1376_2_up as up
from firmware.core.errors import CodecError
from modules.hplc import desk as desks
from modules.hplc import nodes as nodes_

_TRIES = const(3)
_PAGE = const(20)  # nodes of one list
_PASSES = const(3)  # comparisons of the archive until it must be equal
_PAGES = const(64)  # of one list at most
_KIND_PAGE = const(8)  # of 10H F112, whose rows are long
_DOUBLE, _UNKNOWN = const(6), const(7)  # denials


class Startup:
    """What the jobs have learnt, and the jobs."""

    def __init__(self, nodes, main, log):
        self.vendor = ""
        self.version = ""
        self.max_frame = 0
        self.differs = 0  # nodes whose place in the module's archive is not as it should be
        self.changed = 0  # nodes added and deleted since the start
        self.is_ready = False
        self.on_file = 0  # nodes in the module's archive, as it says
        self.topology_total = 0
        self._nodes = nodes
        self._main = main
        self._log = log

    def begin(self, set_route):
        """All of it. set_route(is_paused) is told what became of the route."""
        self.take_mode((yield (gdw.QUERY, 10, b"", _TRIES)))
        frame = yield (gdw.ROUTE_CONTROL, 2, b"", _TRIES)
        if desks.error(frame) == desks.ACCEPTED:
            set_route(True)
        values = values_of((yield (gdw.QUERY, 4, b"", _TRIES)))
        if not values or values["addr"] != self._main:
            unit = down.encode(gdw.CONTROL, 1, {"addr": self._main})
            frame = yield (gdw.CONTROL, 1, unit, _TRIES)
            if desks.error(frame) != desks.ACCEPTED:
                self._log.warn("hplc", "the module does not take the main node's address")
        before = self.changed
        yield from self.compare()
        yield from self.route(1 if self.changed != before else 3, set_route)
        yield from self.allow()
        self.is_ready = True

    def route(self, fn, set_route):
        """12H: 1 restart, 2 pause, 3 resume."""
        frame = yield (gdw.ROUTE_CONTROL, fn, b"", _TRIES)
        if desks.error(frame) == desks.ACCEPTED:
            set_route(fn == 2)

    def allow(self):
        """Reports of events, which a reset of the module forbids again."""
        yield (gdw.CONTROL, 2, b"\x01", _TRIES)

    def take_mode(self, frame):
        """03H F10, asked for or not."""
        values = values_of(frame)
        if values:
            self.vendor = "%s %s" % (values["vendor"], values["chip"])
            self.version = values["version"]
            self.max_frame = values["max_frame"]

    def compare(self):
        """Make the module's archive equal to ours: pages, each tried again, until a comparison
        finds no difference."""
        for _ in range(_PASSES):
            found = yield from self._differences()
            if found is None:
                return  # it does not tell: nothing can be compared
            extra, missing = found
            self.differs = len(extra) + len(missing)
            if not self.differs:
                return
            for fn, rows in ((2, extra), (1, missing)):
                for at in range(0, len(rows), _PAGE):
                    yield from self._change(fn, rows[at : at + _PAGE])
        found = yield from self._differences()
        if found is not None:
            self.differs = len(found[0]) + len(found[1])
        if self.differs:
            self._log.warn("hplc", "%d nodes are not on file as they should" % self.differs)

    def _differences(self):
        """(addresses to delete, (address, protocol) to add); None without an answer."""
        nodes = self._nodes
        known = bytearray(len(nodes))
        extra = []
        start = total = 1
        for _ in range(_PAGES):
            if start > total:
                break
            values = values_of((yield (gdw.ROUTE_QUERY, 2, _page(start, _PAGE), _TRIES)))
            if not values:
                return None
            total = self.on_file = values["total"]
            for address, info in values["nodes"]:
                node = nodes.find(address)
                protocol = up.route(info).protocol
                if node >= 0:
                    nodes.infos[node] = info
                    known[node] = 1
                # older editions do not tell the protocol: 0 there
                if address != self._main and (
                    node < 0 or protocol not in (0, nodes.protocol(node))
                ):
                    extra.append(address)
                    if node >= 0:
                        known[node] = 0
            start += len(values["nodes"])
            if not values["nodes"]:
                break
        missing = [
            (nodes.addresses[i], nodes.protocol(i)) for i in range(len(nodes)) if not known[i]
        ]
        return extra, missing

    def _change(self, fn, rows):
        """11H F1 add or F2 delete; a page that is denied goes row by row, what is done already
        is well."""
        frame = yield _change(fn, rows)
        error = desks.error(frame)
        if error == desks.ACCEPTED:
            self.changed += len(rows)
        elif error != desks.NO_ANSWER and len(rows) > 1:
            for row in rows:
                frame = yield _change(fn, [row])
                if desks.error(frame) in (desks.ACCEPTED, _DOUBLE, _UNKNOWN):
                    self.changed += 1

    def look(self):
        """How the network stands: who is in (10H F21), over which way (F2), by which medium
        (F112, where the module knows it)."""
        yield from self._topology()
        yield from self._differences()
        yield from self._kinds()

    def _topology(self):
        nodes = self._nodes
        found = bytearray(len(nodes))
        start = total = 1
        for _ in range(_PAGES):
            if start > total:
                break
            values = values_of((yield (gdw.ROUTE_QUERY, 21, _page(start, _PAGE), _TRIES)))
            if not values:
                return
            total = values["total"]
            for address, tei, proxy, info in values["nodes"]:
                node = nodes.find(address)
                if node >= 0:
                    found[node] = 1
                    nodes.teis[node] = tei
                    nodes.proxies[node] = proxy
                    nodes.places[node] = info
                    self.joined(node)
            start += len(values["nodes"])
            if not values["nodes"]:
                break
        self.topology_total = total
        if start <= total:
            return
        for node in range(len(nodes)):
            if not found[node] and not nodes.has(node, nodes_.OUT):
                nodes.drop(node, nodes_.JOINED)

    def joined(self, node):
        """The network has it: it may be asked."""
        nodes = self._nodes
        if not nodes.has(node, nodes_.JOINED):
            nodes.set(node, nodes_.JOINED)
            if not nodes.has(node, nodes_.LOST | nodes_.OUT):
                nodes.failures[node] = 0
                nodes.next_s[node] = 0

    def _kinds(self):
        nodes = self._nodes
        start = total = 1
        for _ in range(_PAGES):
            if start > total:
                break
            values = values_of((yield (gdw.ROUTE_QUERY, 112, _page(start, _KIND_PAGE), _TRIES)))
            if not values:
                return
            total = values["total"]
            for row in values["nodes"]:
                node = nodes.find(row[0])
                if node >= 0:
                    nodes.kinds[node] = row[1]
            start += len(values["nodes"])
            if not values["nodes"]:
                break


def values_of(frame):
    """What an answer says by name, None for a denial, for silence and for what is not laid out as
    it should."""
    if frame is None or frame.afn == gdw.CONFIRM:
        return None
    try:
        return up.decode(frame.afn, frame.fn, frame.unit)
    except CodecError:
        return None


def _page(start, count):
    return down.encode(gdw.ROUTE_QUERY, 2, {"start": start, "count": count})


def _change(fn, rows):
    return gdw.ROUTE_SET, fn, down.encode(gdw.ROUTE_SET, fn, {"nodes": rows}), _TRIES
