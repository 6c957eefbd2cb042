"""From a modem without power to a context with an address, and back again when it fails.

Every step has a bound. A modem that keeps one waiting is asked again from the beginning; one
that does not answer then, or does not get on, has its power taken away and given back, with a
pause that doubles up to a cap and is jittered, and starts again only once the service lasted.
"""

import asyncio
import random

from micropython import const

from firmware.core.errors import SlotError
from modules.cellular import at
from modules.cellular.channel import Channel, Refused, Silent
from modules.cellular.sockets import CONTEXT, Sockets
from modules.cellular.status import DENIED, UNKNOWN, Status

_ANSWER_MS = const(3000)
_BOOT_MS = const(30000)  # from power to the first answer
_KNOCK_MS = const(500)  # between two tries of that
_SIM_MS = const(60000)  # without a SIM that can be used
_REGISTER_MS = const(180000)  # without a network
_ACTIVATE_MS = const(90000)  # one AT+QIACT; the makers say up to 150 s
_ACTIVATIONS = const(3)  # tries of it
_STEP_MS = const(2000)  # between two looks while a step waits
_LOOK_MS = const(10000)  # between two looks at a network in service
_AWAY_MS = const(30000)  # registration may be away so long with the context up
_WATCH_MS = const(500)  # between two looks at what streams wait for
_OFF_MS = const(1500)  # without power
_REST_MIN_MS = const(2000)  # cap of the first pause ...
_REST_MAX_MS = const(120000)  # ... and of the last
_STABLE_MS = const(60000)  # service so long starts the pauses anew
_SYNC = const(3)  # answers in a row that make a modem trustworthy again
_ROUNDS = const(6)  # looks between two of what seldom changes

OFF = "off"
BOOTING = "booting"
SIM = "SIM"
PIN = "PIN"
REGISTERING = "registering"
REGISTERED = "registered"
UP = "context up"
DEAD = "dead"


class Dead(SlotError):
    """Only taking its power away helps."""


class Again(SlotError):
    """It answers, but has to be brought up anew."""


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
        self.status = Status(clock)
        self.channel = Channel(clock, self)
        self.port = None
        self.is_ppp = cfg.get("mode") == "ppp"
        self._called = asyncio.Event()
        self.sockets = Sockets(self.channel, clock, cfg.get("mode") != "buffer", self._called.set)
        self.noises = 0  # lines that nobody understands
        self._wires = wires
        self._cfg = cfg
        self._clock = clock
        self._tell = tell
        self._randrange = randrange
        self._cap_ms = _REST_MIN_MS
        self._up_ms = 0  # when the context came up
        self._lost = ""  # why the context is gone, said by the modem
        self._order = None  # (command, Event, [answer]) of a person
        self._is_refused = False  # the PIN: never say a wrong one twice
        self._fallen = None  # an exception that ends whatever is under way
        self._listener = None  # the task that takes what the modem says

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
        self._called.set()
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
                self._called.set()
        elif line.startswith("+CPIN:") or line.startswith("+QUSIM:"):
            if line in ("+CPIN: NOT READY", "+CPIN: NOT INSERTED", "+QUSIM: 0"):
                self._lose_context("the SIM is gone")
        elif line == "NO CARRIER":
            self._lose_context("no carrier")
        elif not self.sockets.unasked(line) and line.startswith("+QIURC:"):
            if at.fields(line)[0] == "pdpdeact":
                self._lose_context("the network took the context away")
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

    def _lose_context(self, why):
        if self.state == UP:
            self._lost = why
            self.sockets.fail_all(why, False)
            self._called.set()

    def _fall(self, error):
        """Ends what is under way, and what comes next."""
        self._fallen = error
        self.channel.fail(error)
        self._called.set()

    # the life of it

    async def run(self):
        """For ever; the module is powered when this begins."""
        self._open()
        watch = asyncio.create_task(self._watch())
        try:
            while True:
                try:
                    await self._life()
                except Again as error:
                    self._put_down(str(error))
                except Silent as error:
                    self._put_down(str(error))
                    await self._revive(str(error))
                except Dead as error:
                    self._put_down(str(error))
                    await self._cycle(str(error))
                self._fallen = None
                self.sockets.is_stuck = False
        finally:
            watch.cancel()
            self.stop_listening()
            self._put_down("the module is closed")
            self._set(OFF)

    async def _watch(self):
        while True:
            await asyncio.sleep_ms(_WATCH_MS)
            self.sockets.expire(self._clock.ms())

    def _open(self):
        baud = self._cfg["baud"]
        self.port = self._wires.uart(baud, None)
        self.channel.open(self.port, baud)
        self._listener = asyncio.create_task(self._listen())

    def stop_listening(self):
        if self._listener:
            self._listener.cancel()
            self._listener = None

    async def _revive(self, why):
        if self.sockets.is_stuck:  # what is said to it now would go to the far side
            self.resets += 1
            self._set(BOOTING)
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
        await self._boot()
        while True:
            await self._find_sim()
            await self._register()
            if self.is_ppp:
                await self._serve_ppp()
            else:
                await self._activate()
                await self._serve()

    def _put_down(self, why):
        self.why = why
        self.sockets.fail_all(why, True)
        if self.state == UP:
            self._tell("out of service: " + why)
            if self._clock.ms() - self._up_ms >= _STABLE_MS:
                self._cap_ms = _REST_MIN_MS
        self._lost = ""

    def _set(self, state):
        self.state = state
        self.since_ms = self._clock.ms()

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
        return False

    async def _cycle(self, why):
        """Power away, a pause, power back."""
        self._set(DEAD)
        self.cycles += 1
        self.status.forget()
        rest_ms = _OFF_MS + self._randrange(self._cap_ms)
        self._cap_ms = min(2 * self._cap_ms, _REST_MAX_MS)
        self._tell("power cycle %d, %d s: %s" % (self.cycles, rest_ms // 1000, why))
        self.stop_listening()
        self._wires.power(False)
        await asyncio.sleep_ms(rest_ms)
        self._wires.power(True)
        self._wires.reset()
        self._open()

    async def _boot(self):
        self._set(BOOTING)
        until = self._clock.ms() + _BOOT_MS
        while True:
            self._check()
            try:
                await self.channel.ask("AT", _KNOCK_MS)
                await self.channel.ask("ATE0", _ANSWER_MS)
                break
            except (Silent, Refused):
                if self._clock.ms() > until:
                    raise Dead("no answer in %d s" % (_BOOT_MS // 1000))
        await self._wait(_KNOCK_MS // 2)  # the echo of what was asked is through
        self._fallen = None
        self._set(SIM)
        await self._tell_to("AT+CMEE=2")
        await self._tell_to("AT+QISDE=0")
        await self._tell_to("AT+CEREG=2")
        await self._tell_to("AT+CTZR=0")
        for socket in range(at.SOCKETS):
            await self._tell_to("AT+QICLOSE=%d,0" % socket)
        lines = await self._ask("AT+CGMM", None)
        self.status.model = lines[0] if lines else ""

    async def _ask(self, command, prefix="", bound_ms=_ANSWER_MS):
        self._check()
        lines = await self.channel.ask(command, bound_ms, prefix)
        self._check()
        return lines

    async def _tell_to(self, command):
        """A setting that some modems do not have."""
        try:
            await self._ask(command)
        except Refused:
            pass

    def _check(self):
        if self._fallen is not None:
            raise self._fallen

    async def _wait(self, wait_ms):
        """Until something happens."""
        if wait_ms <= 0:
            return
        try:
            await asyncio.wait_for_ms(self._called.wait(), wait_ms)
        except asyncio.TimeoutError:
            pass
        self._called.clear()
        self._check()
        await self._obey_order()

    async def _obey_order(self):
        order = self._order
        if order is None or order[1].is_set():
            return
        try:
            order[2].extend(await self._ask(order[0], None, 2 * _ANSWER_MS))
            order[2].append("OK")
        except Refused as error:
            order[2].append(str(error))
        order[1].set()

    async def _find_sim(self):
        """A SIM that can be used; without one, power cycles at long intervals may help."""
        until = self._clock.ms() + _SIM_MS
        self._set(SIM)
        while True:
            word = await self._sim_word()
            if word != self.status.sim:
                self.status.sim = word
                if word != "READY":
                    self._tell("SIM: " + word)
            if word == "READY":
                return
            if word == "SIM PIN" or "PUK" in word:
                await self._unlock(word)
            elif self._clock.ms() > until:
                raise Dead("no SIM that can be used: " + word)
            await self._wait(_STEP_MS)

    async def _sim_word(self):
        try:
            lines = await self._ask("AT+CPIN?", "+CPIN:")
        except Refused as error:
            return str(error).split(": ")[-1]
        return lines[0][6:].strip() if lines else "no answer"

    async def _unlock(self, word):
        """Say the PIN, once: the third wrong one locks the SIM."""
        self._set(PIN)
        pin = self._cfg.get("pin", "")
        if word != "SIM PIN" or self._is_refused or not pin:
            # no power cycle changes that: it waits for a person
            self.status.sim = word if not self._is_refused else "the PIN was refused"
            await self._wait(_LOOK_MS)
            return
        try:
            await self._ask('AT+CPIN="%s"' % pin, "", 2 * _ANSWER_MS)
        except Refused:
            self._is_refused = True
            self._tell("the SIM refuses the PIN of cellular.pin, it is not said again")

    async def _register(self):
        until = self._clock.ms() + _REGISTER_MS
        self._set(REGISTERING)
        self.status.registration = UNKNOWN
        said = ""
        while True:
            for line in await self._ask("AT+CEREG?", "+CEREG:"):
                self.status.take_registration(line)
            if self.status.is_registered:
                break
            if self.status.registration == DENIED and not said:
                said = "the network denies registration"
                self._tell(said)
            if self._clock.ms() > until:
                raise Dead(said or "no network in %d s" % (_REGISTER_MS // 1000))
            await self._wait(_STEP_MS)
        self._set(REGISTERED)

    async def _activate(self):
        """A context with an address."""
        self._lost = ""
        for _ in range(_ACTIVATIONS):
            try:
                await self._define()
                lines = await self._ask("AT+QIACT?", "+QIACT:")
                if not lines:
                    await self._ask("AT+QIACT=%d" % CONTEXT, "", _ACTIVATE_MS)
                    lines = await self._ask("AT+QIACT?", "+QIACT:")
                if lines:
                    self.status.take_address(lines[0])
                    break
            except Refused as error:
                self.why = str(error)
            await self._tell_to("AT+QIDEACT=%d" % CONTEXT)
            await self._wait(_STEP_MS)
        else:
            raise Dead("the network gives no context: %s" % self.why)
        self._set(UP)
        self._up_ms = self._clock.ms()
        await self._look(0)
        status = self.status
        text = "in service: %s %s, address %s"
        self._tell(text % (status.operator or "?", status.technology, status.address))

    async def _define(self):
        cfg = self._cfg
        user = cfg.get("user", "")
        text = 'AT+QICSGP=%d,1,"%s","%s","%s",%d'
        values = (CONTEXT, cfg.get("apn", ""), user, cfg.get("password", ""), 3 if user else 0)
        await self._ask(text % values)

    async def _serve(self):
        """While the context is up."""
        look_ms = self._clock.ms() + _LOOK_MS
        away_ms = None  # since when it is not registered
        rounds = 0
        while True:
            self._check()
            await self._obey_order()
            now = self._clock.ms()
            if self._lost:
                self._put_down(self._lost)
                await self._tell_to("AT+QIDEACT=%d" % CONTEXT)
                return
            if now >= look_ms:
                look_ms = now + _LOOK_MS
                rounds += 1
                await self._look(rounds)
                if self.status.is_registered:
                    away_ms = None
                elif away_ms is None:
                    away_ms = now
                elif now - away_ms >= _AWAY_MS:
                    self._lost = "the network is away"
                continue
            if await self.sockets.step():
                continue
            await self._wait(min(look_ms - now, self.sockets.wait_ms(now)))

    async def _look(self, rounds):
        """How the network is; what seldom changes is asked seldom."""
        status = self.status
        for line in await self._ask("AT+CEREG?", "+CEREG:"):
            status.take_registration(line)
        for line in await self._ask("AT+CSQ", "+CSQ:"):
            status.take_signal(line)
        if rounds % _ROUNDS:
            return
        if not await self._ask("AT+QIACT?", "+QIACT:"):
            self._lose_context("the context is gone")
        await self._optional("AT+COPS?", "+COPS:", status.take_operator)
        if not await self._optional("AT+QLTS=1", "+QLTS:", lambda line: status.take_time(line, True)):
            await self._optional("AT+CCLK?", "+CCLK:", lambda line: status.take_time(line, False))

    async def _optional(self, command, prefix, take):
        """True when the modem has it."""
        try:
            for line in await self._ask(command, prefix):
                take(line)
        except Refused:
            return False
        return True

    async def _serve_ppp(self):
        from modules.cellular import ppp  # only where it is set

        interface = self._wires.ppp(self.port)  # OSError: this board has none
        await ppp.dial(self.channel, self._cfg)
        self.stop_listening()
        self._set(UP)
        self._up_ms = self._clock.ms()
        # its port is not ours any more until it starts anew
        raise Dead(await ppp.serve(interface, self._cfg, self._tell, self._check))
