"""The composition root: builds the terminal in boot order. The only file that knows everybody."""

import asyncio
import json

from firmware.bay.carrier import Carrier
from firmware.booting import Boot
from firmware.config import archive
from firmware.config import store as config
from firmware.config.group import Group
from firmware.console import shell, ttu
from firmware.console.views import Views
from firmware.core.clock import Clock
from firmware.core.heap import Heap
from firmware.core.log import Log
from firmware.delivering import Delivering
from firmware.energy_keeper import Keeper, open_checkpoint
from firmware.expansion import Expansion
from firmware.health import Health
from firmware.keeping import Keeping
from firmware.metering import billing
from firmware.metrology import Metrology
from firmware.points.table import Points
from firmware.store import event_codes
from firmware.store.events import EventLog
from firmware.storing import Storing
from firmware.supervisor.vitals import Vitals
from firmware.supply import Supply, Uplink
from firmware.telling import Telling
from firmware.timekeeping import Timekeeping
from firmware.uplink.conn import Network

VERSION = "0.1.0"
_PROBLEMS_MAX = 8  # of the archive that are told at a start, archive() shows all
_DRAIN_MS = 3000  # an orderly stop waits this long for the outbox


def run(board):
    """Boot, run, stop in order. Ctrl-C leaves to the interpreter's prompt, Ctrl-D restarts."""
    heap = Heap()  # after the last import but the drivers', before the first object
    boot = Boot(board)
    terminal = boot.build(lambda: Terminal(board, heap, boot))
    ttu.bind(terminal.views)
    leaving = None
    try:
        asyncio.run(terminal.run())
    except (KeyboardInterrupt, SystemExit) as wish:
        leaving = wish
    except Exception as error:
        boot.ended(error)  # the watchdog, which nobody feeds now, does the rest
        raise
    print(json.dumps(asyncio.run(terminal.stop())))
    boot.ended()
    if isinstance(leaving, SystemExit):
        raise leaving
    ttu.bind(None)
    terminal.watchdog.hold()


def _metrology(name):
    """The metering half for the metrology IC of that name."""
    if name == "ade9000":
        return Metrology
    from firmware.register_metrology import RegisterMetrology  # only where it is used

    return RegisterMetrology


class Terminal:
    """Everything, wired. Parts are attributes; the tasks belong to the supervisor."""

    def __init__(self, board, heap, boot=None):
        self.boot = boot or Boot(board)
        self.VERSION = VERSION
        self.event_name = event_codes.name
        self.board = board
        self.clock = Clock(*board.clock())
        self.log = Log(self.clock)
        self.config = config.on_flash()
        problems = self.config.load()
        if self.boot.settings is not None:
            self.config.only(self.boot.settings)
        self._follow_log_level("log.level", self.config.get("log.level"))
        self.config.subscribe("log.level", self._follow_log_level)
        self.checkpoint = open_checkpoint(board)
        kept, wrong = self.checkpoint.read(self.clock.utc_ms())
        self.events = EventLog(self.clock, self.checkpoint.boot)
        self.telling = Telling(self.events)
        self.timekeeping = Timekeeping(self, Group(self.config, "time"))
        self.storing = Storing(
            self.clock, self.events, lambda name: self.config.get("store." + name)
        )
        self.points = Points(self.config.get("station.points"))
        self.archive = archive.on_flash()
        # paths only: a value may be a secret
        self.config.subscribe(
            "", lambda path, _: self.events.emit(event_codes.CONFIG_COMMITTED, "", path)
        )
        self.health = Health(self, self.boot)
        self.health.begin()
        for problem in problems:
            self.events.emit(event_codes.CONFIG_DEFAULTED, "", problem)
        self._look_into_archive()
        self.metrology = _metrology(self.config.get("link.chip"))(
            self, lambda name: Group(self.config, name)
        )
        self.meter, self.link = self.metrology.meter, self.metrology.link
        self._build_billing()
        self._restore(kept, wrong)
        self._build_supply()
        self.vitals = Vitals(self, heap)
        self.timekeeping.claim(self.points)
        self.keeping = Keeping(self, Group(self.config, "freeze"))
        self._build_uplink()
        self._build_supervisor()
        self.expansion = Expansion(self, heap)
        self.points.seal()  # what comes now are devices, under names that people chose
        self.views = Views(self)

    def _look_into_archive(self):
        """What is wrong with it costs devices: that is told, not only shown."""
        for _ in self.archive.rows():
            pass
        for problem in self.archive.problems[:_PROBLEMS_MAX]:
            self.events.emit(event_codes.ARCHIVE_DAMAGED, "", problem)

    def _follow_log_level(self, _path, level):
        self.log.set_level(level)

    def _build_uplink(self):
        cfg = Group(self.config, "uplink")
        station = self.config.get("station.name")
        store = self.storing.events
        self.delivering = Delivering(
            self.clock, self.log, cfg, station, self.events, self.points, store
        )
        self.delivering.add_curves(self.keeping.freezes.store("curve"))
        ssl, explain = self._tls() if cfg.tls else (None, str)
        ways = [cfg.via] + ([cfg.second] if cfg.second not in ("none", cfg.via) else [])
        self.delivering.connect(ssl, explain, [self._way(name) for name in ways])

    def _way(self, name):
        return Carrier(self._modems, self.log) if name == "cellular" else Network()

    @property
    def outbox(self):
        return self.delivering.outbox

    @property
    def reporter(self):
        return self.delivering.reporter

    @property
    def session(self):
        return self.delivering.session

    def _tls(self):
        """TLS for the uplink, and who explains its errors. Wrong files cost the connection."""
        from firmware.security import tls  # only where it is used

        context = tls.Context()
        problem = context.problem()
        if problem:
            self.events.emit(event_codes.CONFIG_DEFAULTED, "", "uplink.tls: " + problem)
        return context, tls.explain

    def _modems(self):
        return self.expansion.modems()  # which is built later

    def _build_billing(self):
        cfg = Group(self.config, "energy")
        calendar, wrong = billing.plan(cfg.tariffs)
        if wrong:
            self.events.emit(event_codes.CONFIG_DEFAULTED, "", "energy.tariffs: " + wrong)
        self.billing = billing.Billing(
            self.meter, self.metrology.ways, calendar, cfg.zone_min, cfg.demand_slip_min
        )
        self._bill_base = self.points.add("billing", billing.POINTS).base

    def _restore(self, kept, wrong):
        """Energies and demand from the checkpoint, and what was wrong with it."""
        failures = [wrong] if wrong else []
        if kept is not None:
            failures += self.billing.restore(kept)
        for text in failures:
            self.events.emit(event_codes.STORE_FAILED, "", text)
        if self.billing.is_restored:
            self.events.emit(event_codes.ENERGY_RESTORED, "meter")

    def _build_supply(self):
        cfg, emit = Group(self.config, "supply"), self.events.emit
        full_load_w = 3 * self.config.get("metering.nominal_v") * self.config.get("pq.rated_a")
        self.keeper = Keeper(
            self.clock,
            self.checkpoint,
            self.billing,
            full_load_w,
            cfg.record_s,
            emit,
        )
        line, flag = self.board.supply(), asyncio.ThreadSafeFlag()
        self.supply = Supply(
            line, self.clock, cfg, self.keeper, self.checkpoint, self.events, flag
        )
        self.supply.tell_start(self.board.reset_cause())

    def _build_supervisor(self):
        self.watchdog, self.supervisor = self.health.watchdog, self.health.supervisor
        self.session.beat = self.supervisor.pulse("uplink")
        add = self.supervisor.add
        for name, factory in self.board.background():
            add(name, factory)
        add("link", self.link.run)
        add("link watch", self.link.watch)
        if self.metrology.waveforms:
            add("waveforms", self.metrology.waveforms.run)
        add("billing", lambda: self.billing.run(self.clock, self.settled))
        add("housekeeping", self.vitals.run)
        self.keeper.beat = self.supervisor.pulse("checkpoint")
        add("checkpoint", self.keeper.run)
        self.storing.beat = self.supervisor.pulse("store")
        add("store", self.storing.run)
        self._build_time()
        self._build_last_gasp()
        self.supply.beat = self.supervisor.pulse("supply")
        add("supply", self.supply.run)
        if self.config.get("uplink.enabled"):
            add("network", self._network)
            self.delivering.beat = self.supervisor.pulse("delivery")
            self.reporter.beat = self.supervisor.pulse("reporter")
            for name, make in self.delivering.tasks():
                add(name, make)
        for part in (self._clock_rows, self.storing.rows, self.supply.rows):
            self.health.show(part)
        if self.checkpoint.journal:
            self.health.show(self.checkpoint.journal.rows)
        self.shell = shell.on_stdin()
        add("console", self.shell.run)

    def _clock_rows(self):
        return [("clock " + row[0], row[1]) for row in list(self.timekeeping.rows())[2:5]]

    def _build_time(self):
        self.timekeeping.freeze(self.keeping.take, self.keeping.freezes.last())
        timebase = getattr(self.link, "timebase", None)
        self.timekeeping.begin(self.supervisor, lambda: self.expansion.bay.slots, timebase)

    def _build_last_gasp(self):
        factory = self._uplink if self.config.get("uplink.enabled") else None
        uplink = Uplink(self.delivering, self.supervisor, "uplink", factory)
        self.supply.connect(uplink, self.storing.save, lambda on: self.expansion.rest(on))

    def _uplink(self):
        return self.session.run(self.outbox)

    async def run(self):
        self.log.sink = self.shell.interject
        await self.supervisor.run()

    async def stop(self):
        """Orderly: last values out, energies to flash, every task ended. The report of the run."""
        self.log.sink = print
        metered = self.vitals.metered()
        # first: what is typed from here on is for the interpreter's prompt, mpremote types ahead
        await self.supervisor.remove("console")
        # The key that stops us may have ended the task it met, and that may be the link's: such a
        # link is not judged any more, or what it metered last would be told as invalid.
        await self.supervisor.remove("link watch")
        self.reporter.round()
        until = self.clock.ms() + _DRAIN_MS
        while (
            len(self.outbox) and self.session.stats()["state"] == "up" and self.clock.ms() < until
        ):
            await asyncio.sleep_ms(20)
        report = self.vitals.report()
        report.update(metered)
        await self.supervisor.stop()
        self.delivering.save()
        self.expansion.bay.close()
        self.keeper.stop()
        self.timekeeping.save()
        self.storing.save()
        return report

    async def _network(self):
        await self.board.network()
        while True:
            await asyncio.sleep_ms(60000)

    def settled(self):
        """The billing brought its registers up to now."""
        self.supervisor.beat("billing")
        utc_ms = self.clock.utc_ms()
        self.billing.fill(self.points, self._bill_base, utc_ms)
        self.keeping.settled(utc_ms)
