"""The terminal's time, wired: a part of the composition root. Made right behind the events, since
all that comes later is stamped by it; the tasks are the supervisor's.

Others call `modem` when the network tells its time, `master` for what a master station sets,
`freeze` once there is somebody who takes boundaries, and `set` for a person.
"""

import asyncio

from micropython import const

from firmware.core import civil, quality
from firmware.core.errors import ConfigError
from firmware.core.marks import MISSED
from firmware.core.twin import Twin
from firmware.store import event_codes
from firmware.timing.boundaries import Boundaries
from firmware.timing.discipline import SYNCHRONISED, UNKNOWN, Discipline
from firmware.timing.keeper import LIMIT, Keeper
from firmware.timing.meters import MeterClocks

_TICK_MS = const(5000)
_MINUTE = const(12)  # ticks
_HOUR = const(720)
_MODEM_US = const(1000000)  # whole seconds, what the network is off by, and an AT command
_PERSON_US = const(2000000)
_MASTER_US = const(1000000)
_FAR_US = const(900000000)  # 15 min
_OK, _NOT_YET, _REFUSED = 0, 2, 3  # DAR of DL/T 698.45: ok, temporary, read/write refused
_APART_US = const(500)  # a time base that is not surer is not compared
_LOST_US = const(60000000)  # a point says at most so much
_STATES = ("unknown", "holdover", "synchronised")
# 0: unknown, 1: holdover, 2: synchronised; what it may be off; the rate of the ticks
POINTS = (("state", "", 0), ("doubt", "s", -3), ("left", "s", -3), ("rate", "ppm", -3))


class Timekeeping:
    def __init__(self, terminal, settings):
        """`terminal` has clock, board, log, events and config; `settings`: the group time.* as
        attributes. Nothing but the file of the time is touched."""
        self.t = terminal
        self.cfg = settings
        self.zone_min = terminal.config.get("energy.zone_min")
        clock = self.clock = terminal.clock
        twin = Twin("/time.a", "/time.b", LIMIT)
        self.keeper = Keeper(twin, clock.utc_us, terminal.board.set_utc)
        utc_us, doubt_us, is_known, text = self.keeper.load()
        self.discipline = Discipline(clock, self._told, self._stepped)
        try:
            self.discipline.rate.restore(self.keeper.kept.get("rate"))
        except (TypeError, ValueError):
            pass  # none yet: it is learned anew
        self.discipline.start(utc_us, doubt_us, is_known)
        self.boundaries = None
        self.meters = None
        self._timebase = None
        self._last = {}  # boundaries the store kept
        self._take = None
        self._missed = {}  # kind: [count, first, last]
        self._block = None
        self._must_set_rtc = False
        self.sntp = self._sntp(settings) if settings.sntp else None
        self.link = self._link(settings) if settings.master_at else None
        if text:
            self._told("CLOCK_STATE", "unknown: %s" % text)
        if self.keeper.problem:
            terminal.events.emit(event_codes.STORE_FAILED, "clock", self.keeper.problem)

    def _sntp(self, settings):
        from firmware.timing.sntp import Sntp  # only where it is used

        offer, floor_s = self.discipline.offer, self.keeper.floor_s
        return Sntp(self.clock, settings.sntp, settings.sntp_s, offer, floor_s, self.t.log)

    def _link(self, settings):
        from firmware.codec.dlt698_server import Server  # only where they are used
        from firmware.timing.clock_object import ClockObject
        from firmware.timing.link698 import Link698

        objects = ClockObject(self.clock.utc_ms, self.zone_min, self.command)
        server = Server(settings.master_address, objects)
        where = self.clock, settings.master_at, settings.master_s, self.zone_min, server
        return Link698(*where, self.discipline.offer, self.keeper.floor_s, self.t.log)

    def freeze(self, take, last=None):
        """take(kind, end_ms, marks) for each boundary (timing/boundaries.py); `last`: {kind:
        end_ms of the row that was written last}, of what the store holds."""
        self._take = take
        self._last = last or {}

    def claim(self, points):
        """The block of points; before the devices' blocks."""
        self._block = points.add("clock", POINTS)

    def begin(self, supervisor, slots, timebase=None):
        """The tasks; after claim() and freeze(). slots(): those in service. `timebase`: a
        link.timebase.TimeBase, the metrology unit's crystal."""
        self._timebase = timebase
        self.meters = MeterClocks(
            self.clock,
            self.zone_min,
            slots,
            self.is_good,
            lambda name, who, text: self.t.events.emit(event_codes.code(name), who, text),
            self.cfg.meters == "set",
            self.cfg.meters_at,
        )
        if self.cfg.meters != "off":
            supervisor.add("meter clocks", self.meters.run)
        self.boundaries = Boundaries(
            self.clock, self.zone_min, self._over, self.keeper.kept.get("boundaries"), self._last
        )
        self._beat = supervisor.pulse("clock")
        supervisor.add("clock", self._ticks)
        beat = supervisor.pulse("freezes")
        supervisor.add("freezes", lambda: self.boundaries.run(self.save, beat))
        if self.sntp:
            supervisor.add("sntp", self.sntp.run)
        if self.link:
            supervisor.add("master", self.link.run)

    # what others tell

    def modem(self, utc_us, at_us):
        """The mobile network's time, in the middle of its second, at a stamp of the ticks. A modem
        that was never told it says what its maker thought of."""
        if utc_us >= self.keeper.floor_s() * 1000000:
            self.discipline.offer("modem", utc_us, _MODEM_US, at_us)

    def master(self, utc_us, who="a master"):
        """A master station sets the clock. What came of it, as a sentence."""
        if self.cfg.master:
            return self.discipline.set(who, utc_us, _MASTER_US)
        self.discipline.offer("master", utc_us, _MASTER_US)
        return "its time is a source like others: see time.master"

    def command(self, utc_us):
        """A master station sets the clock by DL/T 698.45: a DAR. Without `time.master` its time is
        offered as a source's, so it is refused beyond 15 minutes, and "temporary" until the
        discipline believes it."""
        if self.cfg.master:
            self.master(utc_us)
            return _OK
        if utc_us < self.keeper.floor_s() * 1000000:
            return _REFUSED
        is_far = self.clock.is_known and abs(utc_us - self.clock.utc_us()) > _FAR_US
        if self.discipline.offer("master", utc_us, _MASTER_US):
            return _OK
        return _REFUSED if is_far else _NOT_YET

    def set(self, text):
        """A person's "2026-11-30 12:00:00" by local time, or with "Z" or "UTC" behind it. A
        sentence; ConfigError."""
        words = text.strip().upper()
        zone_min = self.zone_min
        for suffix in ("UTC", "Z"):
            if words.endswith(suffix):
                words, zone_min = words[: -len(suffix)], 0
                break
        try:
            utc_ms = civil.utc_ms(civil.parse(words), zone_min)
        except ValueError as error:
            raise ConfigError(str(error))
        answer = self.discipline.set("a person", utc_ms * 1000, _PERSON_US)
        return "%s; UTC is %s, local time %s" % ((answer,) + self.texts())

    def texts(self):
        """UTC and local time."""
        utc_ms = self.clock.utc_ms()
        return civil.text(utc_ms), civil.text(utc_ms, self.zone_min)

    def is_good(self):
        """Good enough to set the clocks of others."""
        return self.discipline.state == SYNCHRONISED and self.discipline.doubt_us() <= 5000000

    # what goes on

    async def _ticks(self):
        count = 0
        self.save()
        while True:
            self._beat()
            self.discipline.tick()
            if count % _MINUTE == 0:
                self._compare()
            if count % _HOUR == _HOUR - 1 or self._must_set_rtc:
                await self._write_back()
            self._fill()
            count += 1
            await asyncio.sleep_ms(_TICK_MS)

    def _compare(self):
        """The metrology unit's crystal against our ticks, while that is known well."""
        base = self._timebase
        doubt_us = base.uncertainty_us if base else None
        apart_ppb = base.rate_ppb() if doubt_us is not None and doubt_us < _APART_US else None
        self.discipline.rate.second(apart_ppb, self.discipline.state == SYNCHRONISED)

    async def _write_back(self):
        """The battery clock, at the beginning of a second."""
        self._must_set_rtc = False
        await asyncio.sleep_ms(1000 - self.clock.utc_ms() % 1000)
        self.keeper.set_rtc(self.clock)

    def _fill(self):
        discipline, put = self.discipline, self.t.points.put
        base, stamp = self._block.base, self.clock.utc_ms()
        state = discipline.state
        bits = quality.IV if state == UNKNOWN else quality.GOOD
        put(base, _STATES.index(state), quality.GOOD, stamp)
        put(base + 1, min(_LOST_US, discipline.doubt_us()) // 1000, bits, stamp)
        put(base + 2, max(-_LOST_US, min(_LOST_US, discipline.left_us())) // 1000, bits, stamp)
        put(base + 3, self.clock.rate_ppb, quality.GOOD, stamp)

    def save(self):
        """What is to survive a power cut; after each freeze and each step."""
        self._tell_missed()
        problem = self.keeper.problem
        rate = self.discipline.rate.record()
        kept = self.boundaries.record() if self.boundaries else self.keeper.kept.get("boundaries")
        is_saved = self.keeper.save(self.clock, self.discipline.doubt_us(), rate, kept)
        if not is_saved and self.keeper.problem != problem:
            self.t.events.emit(event_codes.STORE_FAILED, "clock", self.keeper.problem)

    def _stepped(self):
        self._must_set_rtc = True
        if self.boundaries is not None:
            self.boundaries.look()  # it sees the step before the file says that it was made
        self.save()

    def _over(self, kind, end_ms, marks):
        """A boundary."""
        if marks & MISSED:
            first = self._missed.get(kind, (0, end_ms, 0))
            self._missed[kind] = (first[0] + 1, first[1], end_ms)
        if self._take is not None:
            self._take(kind, end_ms, marks)

    def _tell_missed(self):
        if self.boundaries is None or self.boundaries.is_behind():
            return
        for kind in sorted(self._missed):
            count, first, last = self._missed.pop(kind)
            text = "%d of %s, %s to %s" % (count, kind, civil.text(first), civil.text(last))
            self.t.events.emit(event_codes.FREEZE_MISSED, "clock", text)

    def _told(self, name, text):
        self.t.events.emit(event_codes.code(name), "clock", text)

    # for people

    def rows(self):
        """((what, value), ..)."""
        discipline, rate = self.discipline, self.discipline.rate
        now_ms = self.clock.ms()
        utc, local = self.texts()
        yield "UTC", utc
        yield "local time", "%s, %+d min" % (local, self.zone_min)
        yield "state", discipline.state
        yield "may be off", _ms(discipline.doubt_us())
        yield "being slewed", _ms(discipline.left_us())
        good_s = discipline.good_s()
        yield "believed last", "not since the start" if good_s is None else "%d s ago" % good_s
        yield "followed", discipline.followed.name if discipline.followed else "-"
        for source in discipline.sources.values():
            text = "%s ahead, within %s, %d s ago, %d times"
            error, within = _ms(source.error_us), _ms(source.uncertainty_us)
            ago_s = (now_ms - source.at_ms) // 1000
            yield "source " + source.name, text % (error, within, ago_s, source.offers)
        yield "sntp", self.sntp.text() if self.sntp else "off, see time.sntp"
        yield "master", self.link.text() if self.link else "off, see time.master_at"
        is_alone = discipline.state != SYNCHRONISED
        ppm = rate.ppb(is_alone) / 1000, rate.doubt_ppb(is_alone) / 1000
        yield "rate of the ticks", "%+.3f ppm, within %.3f" % ppm
        if rate.other is not None:
            yield "rate of the metrology crystal", "%+.3f ppm" % (rate.other / 1000)
        yield "steps", discipline.steps
        yield "last step", discipline.last_step or "-"
        yield "kept on flash", self.keeper.problem or "%d times" % self.keeper.writes
        if self.boundaries:
            counts = (self.boundaries.taken, self.boundaries.missed)
            yield "freezes", "%d, %d of them missed" % counts


def _ms(us):
    return "%d ms" % (us // 1000)
