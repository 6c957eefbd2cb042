"""The composition root: builds the terminal in boot order. The only file that knows everybody."""

import asyncio
import json

from firmware.bay.carrier import Carrier
from firmware.config import archive
from firmware.config import store as config
from firmware.config.group import Group
from firmware.console import shell, ttu
from firmware.console.views import Views
from firmware.core.clock import Clock
from firmware.core.errors import StoreError
from firmware.core.heap import Heap
from firmware.core.log import Log
from firmware.core.twin import Twin
from firmware.expansion import Expansion
from firmware.metering import billing
from firmware.metrology import Metrology
from firmware.points.table import Points
from firmware.store import event_codes
from firmware.store.checkpoint import SAVE_MS, Checkpoint
from firmware.store.events import EventLog
from firmware.supervisor.tasks import Supervisor
from firmware.supervisor.vitals import Vitals
from firmware.telling import Telling
from firmware.uplink import json_face
from firmware.uplink.conn import Network
from firmware.uplink.limits import Limits
from firmware.uplink.outbox import Outbox
from firmware.uplink.reporter import Reporter
from firmware.uplink.session import Session

VERSION = "0.1.0"
_PROBLEMS_MAX = 8  # of the archive that are told at a start, archive() shows all
_DRAIN_MS = 3000  # an orderly stop waits this long for the outbox
_LINK_DEADLINE_MS = 6000  # the longest pause between two tries to start the metrology unit is 5 s


def run(board):
    """Boot, run, stop in order. Ctrl-C leaves to the interpreter's prompt, Ctrl-D restarts."""
    heap = Heap()  # after the last import but the drivers', before the first object
    terminal = Terminal(board, heap)
    ttu.bind(terminal.views)
    leaving = None
    try:
        asyncio.run(terminal.run())
    except (KeyboardInterrupt, SystemExit) as wish:
        leaving = wish
    print(json.dumps(asyncio.run(terminal.stop())))
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

    def __init__(self, board, heap):
        self.VERSION = VERSION
        self.event_name = event_codes.name
        self.board = board
        self.clock = Clock(*board.clock())
        self.log = Log(self.clock)
        self.config = config.on_flash()
        problems = self.config.load()
        self._follow_log_level("log.level", self.config.get("log.level"))
        self.config.subscribe("log.level", self._follow_log_level)
        self.checkpoint = Checkpoint(Twin("/energy.a", "/energy.b", 4096))
        kept, wrong = self.checkpoint.read()
        self.events = EventLog(self.clock, self.checkpoint.boot)
        self.telling = Telling(self.events)
        self.points = Points(self.config.get("station.points"))
        self.archive = archive.on_flash()
        # paths only: a value may be a secret
        self.config.subscribe(
            "", lambda path, _: self.events.emit(event_codes.CONFIG_COMMITTED, "", path)
        )
        self._build_uplink()
        self.events.emit(event_codes.BOOT, "", board.reset_cause())
        for problem in problems:
            self.events.emit(event_codes.CONFIG_DEFAULTED, "", problem)
        self._look_into_archive()
        self.metrology = _metrology(self.config.get("link.chip"))(
            self, lambda name: Group(self.config, name)
        )
        self.meter, self.link = self.metrology.meter, self.metrology.link
        self._build_billing()
        self._restore(kept, wrong)
        self._build_supervisor()
        self.expansion = Expansion(self, heap)
        self.vitals = Vitals(self, heap)
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
        self.outbox = Outbox()
        self.reporter = Reporter(self.points, self.outbox, self.clock, station, event_codes.name)
        self.events.subscribe(lambda event: self.reporter.event(self.events.boot, event))
        topic = json_face.status_topic(station)
        ssl, explain = self._tls() if cfg.tls else (None, str)
        self.session = Session(
            self.clock,
            self.log,
            cfg.host,
            cfg.port,
            station.encode(),
            user=cfg.user.encode() or None,
            password=cfg.password.encode() if cfg.user else None,
            keepalive_s=cfg.keepalive_s,
            will=(topic, json_face.OFFLINE, True, 1),
            birth=(topic, json_face.ONLINE, True, 1),
            ssl=ssl,
            limits=Limits(backoff_max_ms=cfg.backoff_max_s * 1000),
            network=Carrier(self._modems, self.log) if cfg.via == "cellular" else Network(),
            explain=explain,
        )

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

    def _build_supervisor(self):
        self.watchdog = self.board.watchdog(self.config.get("wdt.timeout_ms"))
        self.supervisor = Supervisor(
            self.clock, self.log, self.telling.task_event, feed=self.watchdog.feed
        )
        add = self.supervisor.add
        for name, factory in self.board.background():
            add(name, factory)
        add("link", self.link.run, critical=True, deadline_ms=_LINK_DEADLINE_MS)
        add("link watch", self.link.watch)
        if self.metrology.waveforms:
            add("waveforms", self.metrology.waveforms.run)
        add("billing", lambda: self.billing.run(self.clock, self._settled))
        add("housekeeping", lambda: self.vitals.run())
        add("checkpoint", self._checkpoints)
        if self.config.get("uplink.enabled"):
            period_ms = self.config.get("uplink.period_s") * 1000
            add("network", self._network)
            add("uplink", lambda: self.session.run(self.outbox))
            add("reporter", lambda: self.reporter.run(period_ms))
        self.shell = shell.on_stdin()
        add("console", self.shell.run)

    async def run(self):
        self.log.sink = self.shell.interject
        await self.supervisor.run()

    async def stop(self):
        """Orderly: last values out, energies to flash, every task ended. The report of the run."""
        self.log.sink = print
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
        await self.supervisor.stop()
        self.expansion.bay.close()
        self.save_energy()
        return report

    def save_energy(self):
        try:
            self.checkpoint.write(self.billing.record())
        except StoreError as error:
            self.events.emit(event_codes.STORE_FAILED, "", str(error))

    async def _checkpoints(self):
        while True:
            self.save_energy()
            await asyncio.sleep_ms(SAVE_MS)

    async def _network(self):
        await self.board.network()
        while True:
            await asyncio.sleep_ms(60000)

    def _settled(self):
        self.billing.fill(self.points, self._bill_base, self.clock.utc_ms())
