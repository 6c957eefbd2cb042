"""The life of a modem: the steps to service, and back to the beginning when something fails.

Every step has a bound. A modem that keeps one waiting is asked again from the beginning; one
that does not answer then, or does not get on, has its power taken away and given back, with a
pause whose cap doubles and is reached at random, and which is short again once service lasted.
"""

import asyncio
import random

from micropython import const

from firmware.core.errors import SlotError
from modules.cellular import at, service, steps
from modules.cellular.channel import Channel, Refused, Silent
from modules.cellular.sockets import Sockets
from modules.cellular.states import BOOTING, DEAD, OFF, SAFE_BAUD, UP, Again, Dead
from modules.cellular.status import Status

_ANSWER_MS = const(3000)
_KNOCK_MS = const(500)  # for each of those
_PAUSE_MS = const(2000)  # after a step that was refused
_WATCH_MS = const(50)  # between two looks at who waits too long
_NEVER_MS = 1 << 60  # ms never get there
_OFF_MS = const(1500)  # without power
_REST_MIN_MS = const(2000)  # cap of the first pause ...
_REST_MAX_MS = const(120000)  # ... and of the last
_STABLE_MS = const(60000)  # service so long starts the pauses anew
_SYNC = const(3)  # answers in a row that make a modem trustworthy again


class Modem:
    def __init__(self, wires, cfg, clock, tell, randrange=random.randrange):
        """tell(text): something people want to know, once each time."""
        self.state = OFF
        self.since_ms = clock.ms()  # of the state
        self.why = ""  # it was put down last
        self.cycles = 0  # times its power was taken away
        self.resets = 0
        self.reboots = 0  # of its own accord
        self.syncs = 0  # times it had to be asked from the beginning
        self.status = Status(clock, cfg.get("time_told"))
        self.channel = Channel(clock, self)
        self.port = None
        self.is_ppp = cfg.get("mode") == "ppp"
        self.called = asyncio.Event()
        self.sockets = Sockets(self.channel, clock, cfg.get("mode") != "buffer", self.called.set)
        self.noises = 0  # lines that nobody understands
        self._wires = wires
        self.cfg = cfg
        self.clock = clock
        self.tell = tell
        self._randrange = randrange
        self._cap_ms = _REST_MIN_MS
        self.up_ms = 0  # when the context came up
        self.lost = ""  # why the context is gone, said by the modem
        self._order = None  # (command, Event, [answer]) of a person
        self.is_refused = False  # the PIN: never say a wrong one twice
        self.fallen = None  # an exception that ends whatever is under way
        self.defect = None  # an exception that nothing below knows of: it ends the driver
        self._wake_ms = _NEVER_MS  # when `wait` is over
        self._listener = None  # the task that takes what the modem says
        self._watcher = None  # the task that ends what waits too long

    # for the driver

    def connect(self, host, port, wait_ms):
        if self.is_ppp:
            raise SlotError("over PPP connections are the board's own: uplink.via is network")
        if self.state != UP:
            raise SlotError("the modem is not in service: %s" % self.text())
        return self.sockets.connect(host, port, wait_ms)

    def text(self):
        """The state for people."""
        return "%s, %s" % (self.state, self.why) if self.state == DEAD else self.state

    def restart(self):
        """At the next opportunity; what is under way fails."""
        self._fall(Dead("somebody asked for it"))

    async def obey(self, command, wait_ms):
        """The answer to a person's command, as lines."""
        if self.state in (OFF, BOOTING, DEAD) or self.is_ppp:
            raise SlotError("the modem takes no commands: %s" % self.text())
        if self._order:
            raise SlotError("the modem is asked something already")
        order = self._order = (command, asyncio.Event(), [])
        self.called.set()
        try:
            await asyncio.wait_for_ms(order[1].wait(), wait_ms)
        except asyncio.TimeoutError:
            raise SlotError("the modem did not get to it in %d ms" % wait_ms)
        finally:
            self._order = None
        return order[2]

    # what the channel hears

    def unasked(self, line):
        if line in ("RDY", "APP RDY", "POWERED DOWN", "NORMAL POWER DOWN"):
            if self.state not in (OFF, BOOTING, DEAD):
                self.reboots += 1
                self._fall(Again("the modem began anew"))
        elif line.startswith("+CEREG:"):
            was_registered = self.status.is_registered
            self.status.take_registration(line)
            if self.status.is_registered != was_registered:  # else its own answer would wake it
                self.called.set()
        elif line.startswith(("+CPIN:", "+QUSIM:")):
            if line in ("+CPIN: NOT READY", "+CPIN: NOT INSERTED", "+QUSIM: 0"):
                self.lose_context("the SIM is gone")
        elif line == "NO CARRIER":
            self.lose_context("no carrier")
        elif not self.sockets.unasked(line) and line.startswith("+QIURC:"):
            if at.fields(line)[0] == "pdpdeact":
                self.lose_context("the network took the context away")
            else:
                self.sockets.noise(line)

    def pushed(self, socket, data):
        self.sockets.pushed(socket, data)

    def broken(self, socket):
        self.sockets.broken(socket)

    def noise(self, text):
        self.noises += 1
        if self.state not in (OFF, BOOTING, DEAD):
            self.sockets.noise(text)

    def lose_context(self, why):
        """The network is not ours any more, though the modem is."""
        if self.state == UP:
            self.lost = why
            self.sockets.fail_all(why, False)
            self.called.set()

    def _fall(self, error):
        """Ends what is under way, and what comes next."""
        self.fallen = error
        self.channel.fail(error)
        self.called.set()

    # the life of it

    async def run(self):
        """For ever."""
        self._wires.power(True)  # a session before this may have ended while it was off
        self._open()
        self._watcher = asyncio.create_task(self.own(self._watch()))
        try:
            while True:
                try:
                    await self._life()
                except Again as error:
                    self.put_down(str(error))
                except Refused as error:  # what every modem should do
                    self.put_down(str(error))
                    await asyncio.sleep_ms(_PAUSE_MS)
                except Silent as error:
                    self.put_down(str(error))
                    await self._revive(str(error))
                except Dead as error:
                    self.put_down(str(error))
                    await self._cycle(str(error))
                self.fallen = None
                self.sockets.is_stuck = False
        finally:
            self._watcher.cancel()
            self._watcher = None
            self.stop_listening()
            self.put_down("the module is closed")
            self.set(OFF)

    async def own(self, coroutine):
        """What a task of its own does. What ends it is handed to the driver's task, which raises
        it: without them nothing would ever go on."""
        try:
            await coroutine
        except Exception as error:
            self.defect = self.defect or error

    async def _watch(self):
        while True:
            await asyncio.sleep_ms(_WATCH_MS)
            now = self.clock.ms()
            self.channel.expire(now)
            self.sockets.expire(now)
            if now >= self._wake_ms:
                self.called.set()

    def _open(self):
        self.port = self._wires.uart(SAFE_BAUD, None)
        self.channel.open(self.port, SAFE_BAUD)
        self._listener = asyncio.create_task(self.own(self._listen()))

    def stop_listening(self):
        if self._listener:
            self._listener.cancel()
            self._listener = None

    async def _revive(self, why):
        if self.sockets.is_stuck:  # what is said to it now would go to the far side
            self.resets += 1
            self.set(BOOTING)
            self._wires.reset()
            self.channel.parser.clear()
        elif not await self._answers():
            await self._cycle(why)

    async def _listen(self):
        try:
            await self.channel.listen()
        except OSError as error:
            self._fall(Dead("its port fails: %s" % error))

    async def _life(self):
        """Ends with an exception."""
        await steps.boot(self)
        while True:
            await steps.find_sim(self)
            await steps.register(self)
            if self.is_ppp:
                await self._serve_ppp()
            await steps.activate(self)
            await service.serve(self)

    def put_down(self, why):
        """Every connection is lost."""
        self.why = why
        self.sockets.fail_all(why, True)
        if self.state == UP:
            self.tell("out of service: " + why)
            if self.clock.ms() - self.up_ms >= _STABLE_MS:
                self._cap_ms = _REST_MIN_MS
        self.lost = ""

    def set(self, state):
        self.state = state
        self.since_ms = self.clock.ms()

    async def _answers(self):
        """Does it answer from the beginning?"""
        self.syncs += 1
        good = 0
        for _ in range(3 * _SYNC):
            try:
                await self.channel.ask("AT", _KNOCK_MS)
                good += 1
            except Refused:
                good += 1
            except Silent:
                good = 0
            except Again:
                return True  # it began anew, and will be asked from the beginning
            except Dead:
                return False
            if good == _SYNC:
                return True
        return await self._is_slow()

    async def _is_slow(self):
        """Does it answer at the speed it has after it began anew?"""
        if self.channel.baud == SAFE_BAUD:
            return False
        self.channel.speak(SAFE_BAUD)
        try:
            await self.channel.ask("AT", _KNOCK_MS)
        except (Silent, Dead):
            return False
        except (Refused, Again):
            pass
        return True

    async def _cycle(self, why):
        """Power away, a pause, power back."""
        self.set(DEAD)
        self.cycles += 1
        self.status.forget()
        rest_ms = _OFF_MS + self._randrange(self._cap_ms)
        self._cap_ms = min(2 * self._cap_ms, _REST_MAX_MS)
        self.tell("power cycle %d, %d s: %s" % (self.cycles, rest_ms // 1000, why))
        self.stop_listening()
        self._wires.power(False)
        await asyncio.sleep_ms(rest_ms)
        self._wires.power(True)
        self._wires.reset()
        self._open()

    # for the steps

    async def ask(self, command, prefix="", bound_ms=_ANSWER_MS):
        self.check()
        lines = await self.channel.ask(command, bound_ms, prefix)
        self.check()
        return lines

    async def tell_to(self, command):
        """A setting that some modems do not have."""
        try:
            await self.ask(command)
        except Refused:
            pass

    def check(self):
        """Raises what ends whatever is under way."""
        if self.fallen is not None:
            raise self.fallen

    async def wait(self, wait_ms):
        """Until something happens."""
        if wait_ms <= 0:
            return
        self._wake_ms = self.clock.ms() + wait_ms
        await self.called.wait()  # _watch ends it
        self._wake_ms = _NEVER_MS
        self.called.clear()
        self.check()
        await self.obey_order()

    async def obey_order(self):
        """What a person waits for."""
        order = self._order
        if order is None or order[1].is_set():
            return
        try:
            order[2].extend(await self.ask(order[0], None, 2 * _ANSWER_MS))
            order[2].append("OK")
        except Refused as error:
            order[2].append(str(error))
        order[1].set()

    async def _serve_ppp(self):
        from modules.cellular import ppp  # only where it is set

        interface = self._wires.ppp(self.port)  # OSError: this board has none
        await ppp.dial(self.channel, self.cfg)
        self.stop_listening()
        self.set(UP)
        self.up_ms = self.clock.ms()
        # its port is not ours any more until it starts anew
        raise Dead(await ppp.serve(interface, self.cfg, self.tell, self.check))
