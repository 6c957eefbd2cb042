"""PPP in place of sockets: the modem dials, and the port of MicroPython has a network interface.

From then on the board's own network reaches the world, and the modem takes no commands. Not run
on silicon yet; the virtual board has no PPP and says so.
"""

import asyncio

from micropython import const

_DIAL_MS = const(30000)
_JOIN_MS = const(60000)
_LOOK_MS = const(1000)


async def dial(channel, cfg):
    """The modem's port carries PPP once this is over. SlotError when it does not."""
    await channel.ask('AT+CGDCONT=1,"IP","%s"' % cfg.get("apn", ""), 3000)
    await channel.ask("ATD*99***1#", _DIAL_MS)


async def serve(interface, cfg, tell, check):
    """While the interface is connected; the sentence why it is not any more. check() raises when
    it has to end."""
    interface.active(True)
    try:
        interface.connect(**_login(interface, cfg))
        for _ in range(_JOIN_MS // _LOOK_MS):
            if interface.isconnected():
                break
            check()
            await asyncio.sleep_ms(_LOOK_MS)
        else:
            return "no PPP in %d s" % (_JOIN_MS // 1000)
        tell("in service: PPP, address %s" % interface.ipconfig("addr4")[0])
        while interface.isconnected():
            check()
            await asyncio.sleep_ms(_LOOK_MS)
        return "PPP ended"
    finally:
        interface.active(False)


def _login(interface, cfg):
    if not cfg.get("user"):
        return {}
    how = {"authmode": interface.AUTH_CHAP, "username": cfg["user"]}
    how["password"] = cfg.get("password", "")
    return how
