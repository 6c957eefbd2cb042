"""HPLC module: meters behind a carrier network, Q/GDW 1376.2 on the module's port.

The driver paces itself in `run`: one loop feeds what the port says to the desk, lets jobs, the
reading and the gathered reports go on, and sends what is to be sent; nothing in it waits but the
port. State is 42 bytes a node; all queues are bounded.
"""

from micropython import const

from firmware.codec import gdw1376_2 as gdw
from firmware.core import civil
from firmware.core.errors import SlotError
from modules.hplc import clock as clocks
from modules.hplc import nodes as nodes_
from modules.hplc import orders, views
from modules.hplc.desk import Desk
from modules.hplc.exchange import Exchange
from modules.hplc.jobs import Jobs
from modules.hplc.meters import Meters
from modules.hplc.nodes import Nodes
from modules.hplc.port import Port
from modules.hplc.reading import Reading
from modules.hplc.reports import Reports
from modules.hplc.routed import Routed
from modules.hplc.startup import Startup
from modules.hplc.transfer import Transfer

_PROBES = const(4)  # times the module is asked who it is, before it is held for absent
_STEP_MS = const(500)  # the loop turns at least so often
_SILENT = const(2)  # requests to the module itself, each sent three times, unanswered: it is gone
_LOOK_S = (15, 900)  # how often the network is looked at: while nodes join, then
_JOIN_S = const(900)  # they join for so long
_CHECK_S = const(900)  # archive and settings of the module are compared again
_POINTS_S = const(5)  # the module's own points are told
_IDLE_S = const(20)  # nobody is to be asked for so long: the route runs again
_ZONE_MIN = const(480)  # local time ahead of UTC, unless the settings say

UNKNOWN, PAUSED, RUNNING = const(0), const(1), const(2)  # the route
_ROUTES = ("not known", "paused", "running")
_OWN = (("nodes", "", 0), ("online", "", 0), ("silent", "", 0), ("out", "", 0), ("round", "s", 0))
_PROFILE = "hplc"  # of a row of the archive that names the module itself


class Driver:
    VERSION = "1.0"
    VIEWS = ("status", "nodes", "topology")
    ORDERS = ("restart", "pause", "resume", "initialise", "archive", "broadcast_time", "file")

    def __init__(self, wires, cfg, clock, log):
        """cfg: the settings hplc.*, "devices" as in the contract and, if local time is not 480
        minutes ahead of UTC, "zone_min"."""
        self.transfer = Transfer()
        self.nodes = self.desk = self.jobs = self.reading = self.reports = self.startup = None
        self.is_held = False  # a person has paused everything
        self._wires = wires
        self._cfg = cfg
        self._clock = clock
        self.log = log
        self._port = None
        self._news = None
        self._problems = []
        self._name = "hplc-%d" % wires.number
        self._meters = Meters(log)
        self.routed = None
        self._route = UNKNOWN
        self._is_stale = False  # the module began anew while it was being started
        self._began_s = 0
        self._look_s = self._check_s = self._points_s = self._busy_s = 0

    async def open(self):
        """SlotError when there is no port, or no module answers. Wrong rows of the archive are
        left out, with a sentence in `problems`."""
        cfg = self._cfg
        names, addresses, profiles = [], [], []
        for row in cfg["devices"]():
            if row.profile == _PROFILE:
                self._name = row.name
                continue
            try:
                profile, address = self._meters.load(row)
                if address in addresses:
                    raise SlotError("it has the address of another")
                if address == cfg["main"]:
                    raise SlotError("it has the address of the main node, set hplc.main")
            except SlotError as error:
                self._problems.append("%s: %s" % (row.name, error))
                continue
            names.append(row.name)
            addresses.append(row.name if row.name == address else address)  # one text
            profiles.append(profile)
        self._meters.settle()
        self.nodes = Nodes(names, addresses, profiles)
        self._port = Port(self._wires, cfg["baud"])
        self.desk = Desk(cfg["main"], self._port.char_us, self._take_report, self._clock.us())
        self.jobs = Jobs(self.desk)
        self.startup = Startup(self.nodes, cfg["main"], self.log)
        self.reading = Reading(
            self.nodes, self._meters, self.desk, cfg, self._clock, self._answered
        )
        self.routed = Routed(self.nodes, self._meters, self.reading)
        self.reports = Reports(
            self.nodes,
            self.reading,
            self.routed,
            self.desk,
            self.startup,
            self._clock,
            cfg["quiet_ms"],
            self._time,
        )
        await self._probe()

    async def close(self):
        """Lets go of the port; may be called twice."""
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def devices(self):
        nodes = self.nodes
        rows = [(nodes.names[i], nodes.profiles[i].points, 0) for i in range(len(nodes))]
        return rows + [(self._name, _OWN, 0)]

    def problems(self):
        """Sentences about devices that cannot be served, and why."""
        return self._problems

    async def run(self, news):
        """For ever. SlotError when the module falls silent."""
        self._news = self.reading.news = self.reports.news = news
        self._began_s = self.now_s()
        self.reports.has_listener = True
        self.reports.has_restarted = False
        self.start()
        while True:
            await self._turn(self._work())
            if self.desk.silent >= _SILENT:
                raise SlotError("the carrier module does not answer any more")

    async def command(self, verb, *args):
        """The ORDERS, which begin something and tell so; `transfer` (address, protocol, bytes,
        wait_ms): a meter's answer to one frame; `read_clock` (device number), `set_clocks`."""
        if verb == "transfer" and len(args) == 4:
            return await self._exchange(*args)
        if verb == "read_clock" and len(args) == 1:
            return await self._read_clock(*args)
        if verb == "set_clocks":
            orders.broadcast_time(self)
            return 1
        if verb not in self.ORDERS:
            raise SlotError("the HPLC module has no command %s" % verb)
        try:
            return getattr(orders, verb)(self, *args)
        except TypeError:  # too many words, too few, or of another kind
            raise SlotError("%s does not take these words: %s" % (verb, args))

    def view(self, name):
        return getattr(views, name)(self)

    def stats(self):
        """Counters since open."""
        desk, reading, meters = self.desk, self.reading, self._meters
        return {
            "requests": desk.asked,
            "node_requests": reading.requests,
            "node_failures": reading.failed,
            "repeated_requests": desk.retries,
            "unanswered": desk.unanswered,
            "late": desk.late,
            "alien": desk.alien,
            "unreadable": desk.unreadable + meters.unreadable,
            "strange": meters.strange,
            "refused": meters.refused,
            "mute": reading.mute,
            "reports": desk.reports,
            "repeated_reports": desk.repeated,
            "unknown_reports": self.reports.unknown,
            "garbage": desk.framer.garbage,
            "dropped": desk.dropped
            + self.jobs.dropped
            + desk.framer.dropped
            + self.reports.outages.dropped
            + self.reports.returns.dropped,
        }

    # for the views

    def now_s(self):
        return self._clock.ms() // 1000

    def state(self):
        if self.is_held:
            return "held, resume lets it go on"
        return "in service" if self.startup.is_ready else "starting"

    def route_text(self):
        return _ROUTES[self._route]

    def silent_seen(self):
        """Nodes that have answered, and do not any more."""
        bad = nodes_.LOST | nodes_.OUT
        return sum([1 for f in self.nodes.flags if f & nodes_.SEEN and f & bad])

    def asking(self):
        return self.nodes.count(nodes_.BUSY)

    # the loop

    async def _probe(self):
        self.jobs.add("probe", self._ask_mode())
        while not self.jobs.is_idle() and not self.desk.heard_ms:
            await self._turn(self.jobs.wait_ms(self._clock.ms()))
        if not self.desk.heard_ms:
            raise SlotError(
                "no carrier module answers at %d 8E1: see hplc.baud" % self._cfg["baud"]
            )
        while not self.jobs.is_idle():
            await self._turn(self.jobs.wait_ms(self._clock.ms()))

    def _ask_mode(self):
        self.startup.take_mode((yield (gdw.QUERY, 10, b"", _PROBES)))

    async def _turn(self, wait_ms):
        """One turn of the loop: send, listen for at most `wait_ms`, take what came."""
        now = self._clock.ms()
        self._pump(now)
        wait_ms = min(wait_ms, self.desk.wait_ms(now), _STEP_MS)
        data = await self._port.read(wait_ms)
        now = self._clock.ms()
        if data:
            self.desk.feed(data, now)
        self.desk.expire(now)
        self.jobs.step(now)

    def _pump(self, now):
        data = self.desk.next_out(now)
        if data:
            self._port.write(data)

    def _work(self):
        """What is to be done now; ms until there is more."""
        now = self._clock.ms()
        reading, reports = self.reading, self.reports
        reports.step(now)
        if reports.has_restarted:
            reports.has_restarted = False
            self._restarted()
        if self._is_stale and self.startup.is_ready:
            self._is_stale = False
            self.start()
        if reading.is_doubtful:
            reading.is_doubtful = False
            self.jobs.add("probe", self._ask_mode())
        if reading.is_refused:
            reading.is_refused = False
            self._route = UNKNOWN
        # while an outage is told nothing else is asked, so that the line is free for its lists
        reading.is_open = (
            self._route == PAUSED
            and self.startup.is_ready
            and not self.is_held
            and not reports.is_gathering()
        )
        reading.step(now)
        self._steer(now)
        self._look_after(now // 1000)
        return min(reports.wait_ms(now), self.jobs.wait_ms(now))

    def _steer(self, now):
        """The route runs while nobody is to be asked, and is paused while somebody is."""
        if not self.startup.is_ready or self.is_held or not self.jobs.is_idle():
            return
        wanted = self.reading.has_work or self.reading.guests
        if wanted:
            self._busy_s = now // 1000
            if self._route != PAUSED:
                self.jobs.add("pause", self.startup.route(2, self.set_route))
        elif self._route != RUNNING and now // 1000 - self._busy_s >= _IDLE_S:
            self.jobs.add("resume", self.startup.route(3, self.set_route))

    def _look_after(self, now_s):
        if now_s >= self._points_s:
            self._points_s = now_s + _POINTS_S
            self._tell_own()
        if not self.startup.is_ready or not self.jobs.is_idle():
            return
        if now_s >= self._check_s:
            self._check_s = now_s + _CHECK_S
            self.jobs.add("archive", self.check())
        elif now_s >= self._look_s:
            are_joining = now_s - self._began_s < _JOIN_S and self.nodes.count(
                nodes_.JOINED
            ) < len(self.nodes)
            self._look_s = now_s + _LOOK_S[0 if are_joining else 1]
            self.jobs.add("look", self.startup.look())

    def check(self):
        before = self.startup.changed
        yield from self.startup.compare()
        if self.startup.changed != before:
            yield from self.startup.route(1, self.set_route)
            self.join_again()
        yield from self.startup.allow()

    def start(self):
        self.startup.is_ready = False
        self._route = UNKNOWN
        self._look_s = self._check_s = self.now_s()
        self._check_s += _CHECK_S
        self.jobs.add("start", self.startup.begin(self.set_route))

    def _restarted(self):
        """The module began anew: what was under way there is lost, our settings too."""
        self.reading.stop()
        self.routed.stop()
        self.transfer.reset()
        if self.jobs.has("start"):
            self._is_stale = True
            return
        self.log.info("hplc", "the module has started")
        self._news.event("ROUTE", "the carrier module has started")
        self.join_again()
        self.start()

    def join_again(self):
        self._began_s = self._look_s = self.now_s()

    def set_route(self, is_paused):
        self._route = PAUSED if is_paused else RUNNING

    def _take_report(self, frame):
        return self.reports.take(frame)

    def _answered(self, node):
        self.reports.answered(node)

    def _tell_own(self):
        nodes = self.nodes
        own = len(nodes)
        seen = nodes.count(nodes_.SEEN) - self.silent_seen()
        counts = (own, seen, nodes.count(nodes_.LOST), nodes.count(nodes_.OUT))
        for point in range(len(counts)):
            self._news.put(own, point, counts[point])
        if self.reading.due.round_s >= 0:
            self._news.put(own, len(counts), self.reading.due.round_s)

    def _time(self):
        return clocks.digits(self.moment())

    def moment(self):
        return civil.moment(self._clock.utc_ms(), self._cfg.get("zone_min", _ZONE_MIN))

    # what people and apps ask for

    async def _read_clock(self, node):
        """As clocks.read; () for the module itself."""
        if node >= len(self.nodes):
            return ()
        return await clocks.read(
            self._exchange,
            self.nodes.addresses[node],
            self.nodes.profiles[node].protocol,
            self._clock,
            self._cfg.get("zone_min", _ZONE_MIN),
            1000 * self._cfg["reply_s"],
        )

    async def _exchange(self, address, protocol, data, wait_ms):
        exchange = Exchange(self.nodes, self.desk, self.reading, address, protocol, data)
        self.reading.guests += 1
        try:
            return await exchange.run(wait_ms, self._is_paused, self._pump, self._clock)
        finally:
            self.reading.guests -= 1

    def _is_paused(self):
        return self._route == PAUSED and self.startup.is_ready
