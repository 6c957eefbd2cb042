"""A defect in one of the modem's own tasks ends the driver, which is told and started again; it
does not leave a modem that waits for ever."""

import asyncio

from firmware.core.clock import Clock
from firmware.core.log import Log
from modules.cellular.driver import Driver
from tools.virtual import loop as virtual

_CFG = {"mode": "push", "apn": "", "user": "", "password": "", "pin": "", "baud": 115200}


class Wires:
    """A slot with a modem that never says anything."""

    number = 3

    def __init__(self, time):
        self.time = time

    def power(self, on):
        pass

    def reset(self):
        pass

    def uart(self, baud, parity):
        return virtual.Port(self.time, lambda *_: [], baud, parity)


class News:
    def put(self, *_):
        pass

    event = put


def planted():
    raise ValueError("planted")


async def ended(plant):
    """What ends the driver's run within a minute; nobody else is told of it."""
    asyncio.get_event_loop().set_exception_handler(lambda _loop, context: strays.append(context))
    time = virtual.Time(1790000000000)
    virtual.install(time)
    clock = Clock(time.ticks_us, virtual.diff, time.utc_ms)
    driver = Driver(Wires(time), _CFG, clock, Log(clock, lambda line: None))
    plant(driver.modem)
    try:
        await asyncio.wait_for_ms(driver.run(News()), 60000)
    except (ValueError, asyncio.TimeoutError) as error:
        return error
    finally:
        await driver.close()


def watcher(modem):
    modem.sockets.expire = lambda _now: planted()


def listener(modem):
    async def listen():
        planted()

    modem.channel.listen = listen


def port(modem):
    """As of a module that is pulled in the moment in which it gets its power."""
    modem._wires.uart = lambda *_: planted()


strays = []
for plant in (watcher, listener, port):
    asyncio.new_event_loop()
    error = asyncio.run(ended(plant))
    assert isinstance(error, ValueError) and str(error) == "planted", repr(error)
asyncio.new_event_loop()
error = asyncio.run(ended(lambda modem: None))
assert isinstance(error, asyncio.TimeoutError), repr(error)
assert not strays, strays
print("OK")
