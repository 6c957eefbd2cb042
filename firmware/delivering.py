"""Delivery, wired: a part of the composition root. Where the streams read, how far they are, the
session and the links it goes over, and the events that tell of all that."""

import asyncio

from micropython import const

from firmware.core.errors import StoreError
from firmware.core.twin import Twin
from firmware.store import event_codes
from firmware.uplink import json_face
from firmware.uplink.cursors import LIMIT_BYTES, Cursors
from firmware.uplink.delivery import Delivery
from firmware.uplink.limits import Limits
from firmware.uplink.links import Links
from firmware.uplink.reporter import Reporter
from firmware.uplink.session import Session, Watcher
from firmware.uplink.sources import Curves, Events, Kept, Recent
from firmware.uplink.stream import Stream

_ROUND_MS = const(5000)  # between two looks at what is to be saved and told
_TWO_LINKS_S = const(30)  # longest keep-alive with two links: a dead one is noticed in 25 s


class Delivering(Watcher):
    def __init__(self, clock, log, cfg, station, events, points, store=None, twin=None):
        """cfg: the settings of the group `uplink`, as attributes; `events`: an EventLog, to which
        this listens from now on; `store`: a store.event_store.EventStore, None: only what is in
        RAM; `twin`: where the cursors are kept, if not on this board's flash."""
        self.session = None
        self.links = None  # with two links only
        self.beat = _nothing  # tells the supervisor that this works
        self._clock = clock
        self._log = log
        self._cfg = cfg
        self._station = station
        self._events = events
        self._store = store
        self._curves = None
        self._last_ms = 0  # the newest row of curves that was looked at
        self._is_failed = False  # flash did not keep the cursors, and it is told
        self._told = {}  # name of a stream: lost ones that were told of
        recent = Recent(events)
        self._source = Events(Kept(store, recent) if store else recent, station, event_codes.name)
        self._streams = [("events", Stream(clock, self._source))]
        self.outbox = Delivery(log, self._streams[0][1], cfg.ack == "broker")
        self.outbox.on_kept = self._kept
        self.reporter = Reporter(points, self.outbox, clock, station)
        self.cursors = Cursors(twin or Twin("/cursor.a", "/cursor.b", LIMIT_BYTES), clock)
        self.cursors.add("events", self._streams[0][1], (events.boot, 0))
        self._tell_store()
        events.subscribe(self._event)
        self._tell_wrong()

    def add_curves(self, curves):
        """`curves`: a store.curve.CurveStore, to be delivered too. Before the session runs."""
        self._curves = curves
        self._last_ms = curves.last_ms
        stream = Stream(self._clock, Curves(curves, self._station))
        self._streams.append(("curve", stream))
        self.outbox.add_history(stream)
        told = self.cursors.wrong
        self.cursors.add("curve", stream, (curves.last_ms + 1, 0))
        if not told:
            self._tell_wrong()

    def _tell_wrong(self):
        if self.cursors.wrong:
            self._events.emit(event_codes.STORE_FAILED, "uplink", self.cursors.wrong)

    def _tell_store(self):
        """The store counts what goes before it was delivered."""
        if self._store:
            self._store.delivered(*self._streams[0][1].cursor)

    def connect(self, ssl, explain, networks):
        """Make the session; `networks`: one, or the first and the second."""
        cfg, clock = self._cfg, self._clock
        topic = json_face.status_topic(self._station)
        keepalive_s = cfg.keepalive_s
        network = networks[0]
        if len(networks) > 1:
            network = self.links = Links(clock, networks)
            keepalive_s = min(keepalive_s, _TWO_LINKS_S)
        self.session = Session(
            clock,
            self._log,
            cfg.host,
            cfg.port,
            self._station.encode(),
            user=cfg.user.encode() or None,
            password=cfg.password.encode() if cfg.user else None,
            keepalive_s=keepalive_s,
            will=(topic, json_face.OFFLINE, True, 1),
            birth=(topic, json_face.ONLINE, True, 1),
            ssl=ssl,
            limits=Limits(backoff_max_ms=cfg.backoff_max_s * 1000),
            network=network,
            explain=explain,
            watcher=self,
        )
        if cfg.ack != "broker":
            self.session.subscribe(json_face.ack_topic(self._station), self._acknowledge)

    def _acknowledge(self, topic, payload):
        self.outbox.acknowledge(topic, payload)

    # what happens

    def _event(self, event):
        boot = self._events.boot
        self.outbox.event_is_new(lambda: self._source.early(boot, event))

    def first(self, event):
        """An event emitted just now goes before everything else."""
        boot = self._events.boot
        self.outbox.hurry(lambda: self._source.early(boot, event))

    def has_told(self, event):
        """Was this event of this boot acknowledged?"""
        return self._streams[0][1].is_acknowledged(self._events.boot, event[0])

    def _kept(self, count):
        self._tell_store()
        try:
            self.cursors.kept(count)
        except StoreError as error:
            self._failed(str(error))

    def _failed(self, text):
        if not self._is_failed:
            self._is_failed = True
            self._events.emit(event_codes.STORE_FAILED, "uplink", text)

    # the session's watcher

    def up(self):
        if self.links and self.links.chooser.opened():
            way = (self._cfg.via, self._cfg.second)[self.links.chooser.at]
            self._events.emit(event_codes.UPLINK_SWITCHED, "", "over " + way)
        self._events.emit(event_codes.UPLINK_UP)

    def down(self, why):
        self._events.emit(event_codes.UPLINK_DOWN, "", why)

    def pause_ms(self, up_ms, pause_ms):
        return self.links.chooser.ended(up_ms, pause_ms) if self.links else pause_ms

    def wants_end(self):
        return self.links is not None and self.links.chooser.wants_return()

    # tasks

    def tasks(self):
        """((name, function that makes the coroutine), ...) for the supervisor."""
        period_ms = self._cfg.period_s * 1000
        found = [
            ("uplink", lambda: self.session.run(self.outbox)),
            ("reporter", lambda: self.reporter.run(period_ms)),
            ("delivery", self.run),
        ]
        if self.links:
            found.append(("links", self.links.run))
        return found

    async def run(self):
        """For ever: looks for new rows, saves the cursors when due, tells what is lost."""
        while True:
            self.beat()
            await asyncio.sleep_ms(_ROUND_MS)
            if self._curves and self._curves.last_ms != self._last_ms:
                self._last_ms = self._curves.last_ms
                self.outbox.history_is_new()
            self._tell_lost()
            if self.cursors.is_due:
                self.save()

    def save(self):
        """The cursors, if there is anything new; at an orderly stop too."""
        try:
            self.cursors.save()
        except StoreError as error:
            self._failed(str(error))

    def _tell_lost(self):
        for name, stream in self._streams:
            count = stream.lost - self._told.get(name, 0)
            if count:
                self._told[name] = stream.lost
                self._events.emit(event_codes.DELIVERY_LOST, "", "%s: %d" % (name, count))


def _nothing():
    pass
