"""The steps from power to a context with an address, each with a bound. What they raise says what
helps: Silent (ask again from the beginning), Dead (take its power away), Refused.
"""

from micropython import const

from modules.cellular import at, service
from modules.cellular.channel import Refused, Silent
from modules.cellular.sockets import CONTEXT
from modules.cellular.states import (
    BOOTING,
    PIN,
    REGISTERED,
    REGISTERING,
    SAFE_BAUD,
    SIM,
    UP,
    Dead,
)
from modules.cellular.status import DENIED, UNKNOWN

_ANSWER_MS = const(3000)
_BOOT_MS = const(30000)  # from power to the first answer
_KNOCK_MS = const(500)  # between two tries of that
_SPEED_MS = const(150)  # until a modem has changed its speed
_SIM_MS = const(60000)  # without a SIM that can be used
_LOCKED_MS = const(10000)  # between two looks at one that waits for a person
_REGISTER_MS = const(180000)  # without a network
_ACTIVATE_MS = const(90000)  # one AT+QIACT; the makers say up to 150 s
_ACTIVATIONS = const(3)  # tries of it
_STEP_MS = const(2000)  # between two looks while a step waits


async def boot(modem):
    """Until it answers at the wanted speed, and is set as we want it."""
    modem.set(BOOTING)
    channel, wanted = modem.channel, modem.cfg["baud"]
    until = modem.clock.ms() + _BOOT_MS
    while True:
        modem.check()
        try:
            await channel.ask("AT", _KNOCK_MS)
            await channel.ask("ATE0", _ANSWER_MS)
            if channel.baud == wanted:
                break
            if not await _agree(modem, wanted):
                break
        except (Silent, Refused):
            if modem.clock.ms() > until:
                raise Dead("no answer in %d s" % (_BOOT_MS // 1000))
            # it has begun anew and is slow, or it did not and is at the speed of before
            channel.speak(SAFE_BAUD if channel.baud == wanted else wanted)
    await modem.wait(_KNOCK_MS // 2)  # the echo of what was asked is through
    modem.fallen = None
    modem.set(SIM)
    await modem.tell_to("AT+CMEE=2")
    await modem.tell_to("AT+QISDE=0")
    await modem.tell_to("AT+CEREG=2")
    await modem.tell_to("AT+CTZR=0")
    for socket in range(at.SOCKETS):
        await modem.tell_to("AT+QICLOSE=%d,0" % socket)
    lines = await modem.ask("AT+CGMM", None)
    modem.status.model = lines[0] if lines else ""


async def _agree(modem, baud):
    """On another speed; False when the modem has none such."""
    try:
        await modem.channel.ask("AT+IPR=%d" % baud, _ANSWER_MS)
    except Refused:
        modem.tell("it keeps its speed of %d bit/s" % modem.channel.baud)
        return False
    await modem.wait(_SPEED_MS)
    modem.channel.speak(baud)
    return True


async def find_sim(modem):
    """A SIM that can be used; without one, power cycles at long intervals may help."""
    until = modem.clock.ms() + _SIM_MS
    modem.set(SIM)
    while True:
        word = await _sim_word(modem)
        if word != modem.status.sim:
            modem.status.sim = word
            if word != "READY":
                modem.tell("SIM: " + word)
        if word == "READY":
            return
        if word == "SIM PIN" or "PUK" in word:
            await _unlock(modem, word)
        elif modem.clock.ms() > until:
            raise Dead("no SIM that can be used: " + word)
        await modem.wait(_STEP_MS)


async def _sim_word(modem):
    try:
        lines = await modem.ask("AT+CPIN?", "+CPIN:")
    except Refused as error:
        return str(error).split(": ")[-1]
    return lines[0][6:].strip() if lines else "no answer"


async def _unlock(modem, word):
    """Say the PIN, once: the third wrong one locks the SIM."""
    modem.set(PIN)
    pin = modem.cfg.get("pin", "")
    if word == "SIM PIN" and pin and not modem.is_refused and not await _may_say(modem):
        modem.is_refused = True
        modem.tell("the SIM has one try left: the PIN is not said, unlock it in a telephone")
    if word != "SIM PIN" or modem.is_refused or not pin:
        # no power cycle changes that: it waits for a person
        modem.status.sim = word if not modem.is_refused else "the PIN was refused"
        await modem.wait(_LOCKED_MS)
        return
    try:
        await modem.ask('AT+CPIN="%s"' % pin, "", 2 * _ANSWER_MS)
    except Refused:
        modem.is_refused = True
        modem.tell("the SIM refuses the PIN of cellular.pin, it is not said again")


async def _may_say(modem):
    """False when a wrong PIN would lock the SIM; a modem that cannot tell is trusted."""
    try:
        lines = await modem.ask('AT+QPINC="SC"', "+QPINC:")
    except Refused:
        return True
    words = at.fields(lines[0]) if lines else []
    return len(words) < 2 or at.number(words[1], 99) >= 2


async def register(modem):
    """Until a network has it: told by the modem, and asked, since what it tells may be lost."""
    until = modem.clock.ms() + _REGISTER_MS
    modem.set(REGISTERING)
    modem.status.registration = UNKNOWN
    said = ""
    while True:
        for line in await modem.ask("AT+CEREG?", "+CEREG:"):
            modem.status.take_registration(line)
        if modem.status.is_registered:
            break
        if modem.status.registration == DENIED and not said:
            said = "the network denies registration"
            modem.tell(said)
        if modem.clock.ms() > until:
            raise Dead(said or "no network in %d s" % (_REGISTER_MS // 1000))
        await modem.wait(_STEP_MS)
    modem.set(REGISTERED)


async def activate(modem):
    """A context with an address."""
    modem.lost = ""
    for _ in range(_ACTIVATIONS):
        try:
            await _define(modem)
            lines = await modem.ask("AT+QIACT?", "+QIACT:")
            if not lines:
                await modem.ask("AT+QIACT=%d" % CONTEXT, "", _ACTIVATE_MS)
                lines = await modem.ask("AT+QIACT?", "+QIACT:")
            if lines:
                modem.status.take_address(lines[0])
                break
        except Refused as error:
            modem.why = str(error)
        await modem.tell_to("AT+QIDEACT=%d" % CONTEXT)
        await modem.wait(_STEP_MS)
    else:
        raise Dead("the network gives no context: %s" % modem.why)
    modem.set(UP)
    modem.up_ms = modem.clock.ms()
    await service.look(modem, 0)
    status = modem.status
    text = "in service: %s %s, address %s"
    modem.tell(text % (status.operator or "?", status.technology, status.address))


async def _define(modem):
    cfg = modem.cfg
    user = cfg.get("user", "")
    text = 'AT+QICSGP=%d,1,"%s","%s","%s",%d'
    values = (CONTEXT, cfg.get("apn", ""), user, cfg.get("password", ""), 3 if user else 0)
    await modem.ask(text % values)
