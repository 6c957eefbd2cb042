"""One slot of the expansion bay: owns a driver, gives it its turns, keeps its points honest.

A driver that raises SlotError or OSError marks the slot's points not topical and invalid,
is closed and, after a back-off, opened anew; other exceptions are the supervisor's. One
slot never waits for another.
"""

import asyncio
from array import array

from micropython import const

from firmware.bay.contract import DATA
from firmware.bay.news import DOWN, NO_BLOCK, UP, News
from firmware.bay.schedule import BACK, DUTIES, LOST, Schedule
from firmware.core.errors import SlotError
from firmware.core.quality import IV, NT

_FIRST_MS = const(1000)  # pause after the first failure ...
_MOST_MS = const(60000)  # ... doubling up to this
_MINUTE_MS = const(60000)
_REST_MS = const(500)  # before a driver is opened anew, unless `reply_ms` is set
_WAITING = const(8)  # commands that may wait for the bus
_LASTED_MS = const(10000)  # a session that ended later had begun well
_END_LOOPS = const(20)  # turns of the loop in which a driver's own task must end
_PERIODS = (("key_s", 1), ("alarm_s", 60), ("data_s", 900))  # settings, and without any

EMPTY, OPENING, READY, CLOSED, FAILED = "empty", "opening", "ready", "closed", "failed"


class _Command:
    def __init__(self, verb, args):
        self.verb = verb
        self.args = args
        self.is_begun = False
        self.result = None
        self.error = None
        self.is_over = asyncio.Event()


class Slot:
    def __init__(self, number, kind, driver, wires, cfg, points, clock, log, listener):
        """`kind` is the module's type, `driver` its Driver class, `wires` what the board gives
        the slot; `cfg` are the settings of that module. `listener` has slot_failed(number,
        text), slot_event(name, who, text, stamp_ms, members), device_changed(name, is_back) and
        state_changed(device, point, before, now, stamp_ms)."""
        self.number = number
        self.kind = kind
        self.version = driver.VERSION
        self.state = EMPTY
        self.error = ""  # why it failed last
        self.turns = 0  # requests to devices since boot
        self.idle_ms = 0  # time in which no device was due
        self.driver = None  # while open
        self.schedule = None  # while open
        self.blocks = array("H")  # numbers in the points table, in the order of devices()
        self.is_resting = False  # no turns: loads are shed
        self.problems = ()  # sentences about devices that are not served
        self.beat = _nothing  # called while it works, with the ms it has nothing to do for
        self._listener = listener
        self._driver_class = driver
        self._wires = wires
        self._cfg = cfg
        self._points = points
        self._clock = clock
        self._log = log
        self._news = News(number, self.blocks, points, clock, listener)
        self._device = 0  # number of the one whose turn it is
        self._is_state = False  # its points are states now, whose changes are events
        self._own = None  # task of what the driver does of its own accord
        self._end = None  # what that task raised
        self._opened_ms = None  # when it was last; None: it was not
        self._is_stale = False  # the devices behind it were changed: open it anew
        self._commands = []  # the first one may be under way
        self._called = asyncio.Event()  # a command waits, or it is to be opened anew
        self._minute_ms = 0  # when things were last looked after that need it once a minute

    async def run(self):
        """For ever: open, work, close and back off when it fails."""
        pause = _FIRST_MS
        while True:
            before = self.turns
            self.beat()
            try:
                await self._session()
            except (SlotError, OSError) as error:
                has_lasted = self._has_lasted()
                self._failed(error, has_lasted)
            else:
                has_lasted = True
            if self.turns > before or has_lasted:
                pause = _FIRST_MS
            if self._is_stale:
                # an answer may be under way to what a new driver knows nothing of
                await asyncio.sleep_ms(self._cfg.get("reply_ms", _REST_MS))
                continue
            self.beat(pause)
            await self._pause(pause)
            pause = min(_MOST_MS, 2 * pause)

    async def command(self, verb, *args, wait_ms=10000):
        """The driver's answer to a command, before anything else but what is under way.
        SlotError when the slot is not ready, too many wait, or `wait_ms` are over."""
        if self.driver is None:
            raise SlotError("slot %d is not ready" % self.number)
        if len(self._commands) >= _WAITING:
            raise SlotError("slot %d has %d commands waiting already" % (self.number, _WAITING))
        command = _Command(verb, args)
        self._commands.append(command)
        self._called.set()
        try:
            await asyncio.wait_for_ms(command.is_over.wait(), wait_ms)
        except asyncio.TimeoutError:
            what = "has not finished it" if command.is_begun else "did not get to it"
            raise SlotError("slot %d %s in %d ms" % (self.number, what, wait_ms))
        finally:
            if command in self._commands:
                self._commands.remove(command)
        if command.error:
            raise command.error
        return command.result

    def reopen(self):
        """The devices behind the module were changed: the driver is closed and opened anew."""
        self._is_stale = True
        self._called.set()

    def served(self):
        """(number in the schedule, name) of each device that is asked."""
        for i, block in enumerate(self.blocks):
            if block != NO_BLOCK:
                yield i, self._points.at(block).name

    def counts(self):
        """(devices that answer, devices that do not)."""
        if not self.schedule:
            return 0, len(self.blocks)
        up, silent = self.schedule.counts()
        states = self._news.states
        return up + states.count(bytes([UP])), silent + states.count(bytes([DOWN]))

    def view(self, name=""):
        """(header, rows) or (header, rows, note) of one of the driver's tables, the first one
        without a name; SlotError when there is none."""
        if self.driver is None:
            raise SlotError("slot %d is not ready" % self.number)
        names = self._driver_class.VIEWS
        if not names:
            raise SlotError("a module of type %s has nothing to show" % self.kind)
        if name and name not in names:
            raise SlotError("slot %d shows %s" % (self.number, ", ".join(names)))
        return self.driver.view(name or names[0])

    def orders(self):
        """Names of the commands a person may give."""
        return self._driver_class.ORDERS

    async def _session(self):
        self.state = OPENING
        self._is_stale = False
        driver = self._driver_class(self._wires, self._cfg, self._clock, self._log)
        try:
            await driver.open()
            self._claim(driver)
            self._opened_ms = self._clock.ms()
            self._end = None
            if hasattr(driver, "run"):
                self._own = asyncio.create_task(self._run(driver))
            await self._work(driver)
        finally:
            self._news.close()
            try:
                await self._end_own()
            finally:
                self.state = CLOSED
                self.driver = None
                self.schedule = None
                self._refuse_commands()
                self._mark_all()
                await driver.close()

    async def _run(self, driver):
        try:
            await driver.run(self._news)
        except Exception as error:  # not caught: handed to the slot's own task, which raises it
            self._end = error
        self._called.set()

    async def _end_own(self):
        """The driver's own task is over; one that will not end is left behind, and told."""
        own, self._own = self._own, None
        if own is None or own.done():
            return
        own.cancel()
        for _ in range(_END_LOOPS):
            if own.done():
                return
            try:
                await asyncio.sleep_ms(1)
            except asyncio.CancelledError as error:
                # a wait_for that is cancelled hands what became of its inner task on to us, a
                # turn later and as a value; one without is meant for us
                if not error.args:
                    raise
        self._log.error("slot %d" % self.number, "the driver's own task does not end")

    def _has_lasted(self):
        opened, self._opened_ms = self._opened_ms, None
        return opened is not None and self._clock.ms() - opened >= _LASTED_MS

    def _claim(self, driver):
        """Blocks for the driver's devices. One without costs that device only."""
        problems = list(driver.problems())
        blocks, duties, taken = array("H"), bytearray(), set()
        for name, points, wanted in driver.devices():
            number = self._block_of(name, points, taken, problems)
            taken.add(number)
            blocks.append(number)
            duties.append(0 if number == NO_BLOCK else wanted)
        self.blocks = blocks
        self._news = News(self.number, blocks, self._points, self._clock, self._listener)
        self.problems = problems
        periods = [1000 * self._cfg.get(name, default) for name, default in _PERIODS]
        self.schedule = Schedule(duties, periods, rest_ms=self._cfg.get("reply_ms", 500))
        self.schedule.start(self._clock.ms(), self._clock.utc_ms())
        self.driver = driver
        self.state = READY
        for text in problems:
            self._listener.slot_failed(self.number, text)

    def _block_of(self, name, points, taken, problems):
        try:
            number = self._points.add(name, points).number
        except ValueError as error:
            problems.append(str(error))
            return NO_BLOCK
        if number in taken:  # the values of one would pass for the other's
            problems.append("a second device %s is not asked" % name)
            return NO_BLOCK
        return number

    async def _work(self, driver):
        schedule = self.schedule
        has_obeyed = False  # commands overtake, but one turn in two belongs to the devices
        while not self._is_stale:
            self.beat()
            if self._end:
                raise self._end
            if self._commands and not has_obeyed and not schedule.is_retrying():
                has_obeyed = True
                await self._obey(driver, self._commands[0])
                continue
            has_obeyed = False
            now = self._clock.ms()
            if not self.is_resting and schedule.next(now):
                await self._turn(driver, schedule)
            elif not self._commands:
                await self._pause(_FIRST_MS if self.is_resting else schedule.wait_ms(now))
                self.idle_ms += self._clock.ms() - now
            if now - self._minute_ms >= _MINUTE_MS:
                self._look_after(self._clock.ms())  # not `now`: a turn lies in between

    async def _turn(self, driver, schedule):
        device = self._device = schedule.device
        duty = DUTIES[schedule.duty]
        self._is_state = duty != DATA
        outcome = await driver.poll(device, duty, self._out)
        self.turns += 1
        self.error = ""  # not before: a port may open and fail at every turn
        news = schedule.done(self._clock.ms(), outcome)
        if news:
            block = self._points.at(self.blocks[device])
            if news == LOST:
                self._points.mark(block, NT | IV)
            self._listener.device_changed(block.name, news == BACK)

    async def _obey(self, driver, command):
        command.is_begun = True
        try:
            command.result = await driver.command(command.verb, *command.args)
        except SlotError as error:
            command.error = error
        if command in self._commands:  # else nobody waits for it any more
            self._commands.remove(command)
        command.is_over.set()

    async def _pause(self, wait_ms):
        self._called.clear()
        try:
            await asyncio.wait_for_ms(self._called.wait(), wait_ms)
        except asyncio.TimeoutError:
            pass

    def _look_after(self, now):
        self._minute_ms = now
        self.schedule.align(now, self._clock.utc_ms())
        for i in range(len(self.blocks)):
            if self.schedule.is_overdue(i, now):  # nobody without a block is
                self._points.mark(self._points.at(self.blocks[i]), NT)

    def _out(self, point, value, bits):
        """The driver's sink."""
        self._news.put(self._device, point, value, bits, 0, self._is_state)

    def _refuse_commands(self):
        for command in self._commands:
            command.error = SlotError("slot %d was closed" % self.number)
            command.is_over.set()
        self._commands = []

    def _mark_all(self):
        for number in self.blocks:
            if number != NO_BLOCK:
                self._points.mark(self._points.at(number), NT | IV)

    def _failed(self, error, has_lasted):
        self.state = FAILED
        text = str(error) or type(error).__name__
        if text != self.error or has_lasted:  # failures that follow each other are told once
            self.error = text
            self._listener.slot_failed(self.number, text)


def _nothing(_rest_ms=0):
    pass
