"""What is done while the context is up: the sockets' work as soon as there is any, a person's
order, and a look at the network now and then.
"""

from micropython import const

from modules.cellular.channel import Refused
from modules.cellular.sockets import CONTEXT

_LOOK_MS = const(10000)  # between two looks
_ROUNDS = const(6)  # ... at what seldom changes
_AWAY_MS = const(30000)  # registration may be away so long


async def serve(modem):
    """While the context is up."""
    look_ms = modem.clock.ms() + _LOOK_MS
    away_ms = None  # since when it is not registered
    rounds = 0
    while True:
        modem.check()
        await modem.obey_order()
        now = modem.clock.ms()
        if modem.lost:
            modem.put_down(modem.lost)
            await modem.tell_to("AT+QIDEACT=%d" % CONTEXT)
            return
        if now >= look_ms:
            look_ms = now + _LOOK_MS
            rounds += 1
            await look(modem, rounds)
            if modem.status.is_registered:
                away_ms = None
            elif away_ms is None:
                away_ms = now
            elif now - away_ms >= _AWAY_MS:
                modem.lost = "the network is away"
            continue
        if await modem.sockets.step():
            continue
        await modem.wait(min(look_ms - now, modem.sockets.wait_ms(now)))


async def look(modem, rounds):
    """How the network is; what seldom changes is asked seldom."""
    status = modem.status
    for line in await modem.ask("AT+CEREG?", "+CEREG:"):
        status.take_registration(line)
    for line in await modem.ask("AT+CSQ", "+CSQ:"):
        status.take_signal(line)
    if rounds % _ROUNDS:
        return
    if not await modem.ask("AT+QIACT?", "+QIACT:"):
        modem.lose_context("the context is gone")
    await _optional(modem, "AT+COPS?", "+COPS:", status.take_operator)
    if not await _optional(modem, "AT+QLTS=1", "+QLTS:", status.take_utc):
        await _optional(modem, "AT+CCLK?", "+CCLK:", status.take_local_time)


async def _optional(modem, command, prefix, take):
    """True when the modem has it."""
    try:
        for line in await modem.ask(command, prefix):
            take(line)
    except Refused:
        return False
    return True
