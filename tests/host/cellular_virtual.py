"""The cellular driver in a real slot on virtual time, by the name of a scenario in the plan; for
test_cellular under MicroPython. Reports what it found."""

import asyncio

from firmware.bay.carrier import Carrier
from firmware.bay.slot import Slot
from firmware.core.errors import SlotError
from firmware.core.log import Log
from firmware.core.quality import IV, NT
from firmware.points.table import Points
from modules.cellular.driver import Driver
from tools.virtual.device import Link


class Told:
    def __init__(self):
        self.events = []
        self.failures = []

    def slot_failed(self, number, text):
        self.failures.append(text)

    def slot_event(self, name, who, text, stamp_ms, members):
        self.events.append("%s: %s" % (who, text))

    def device_changed(self, name, is_back):
        self.events.append("%s %s" % (name, is_back))


class Terminal:
    def __init__(self, link, number, **cfg):
        self.clock = link.clock()
        self.told = Told()
        self.points = Points(24)
        self.wires = link.wires(number)
        self.wires.power(True)
        self.wires.reset()
        settings = {"mode": "push", "baud": 460800, "apn": "a"}
        settings.update(cfg)
        parts = (self.points, self.clock, Log(self.clock, lambda line: None), self.told)
        self.slot = Slot(number, "cellular", Driver, self.wires, settings, *parts)
        self.task = asyncio.create_task(self.slot.run())

    def text(self):
        driver = self.slot.driver
        return driver.modem.text() if driver else self.slot.state

    async def until(self, state, most_ms=60000):
        """ms it took."""
        began = self.clock.ms()
        while self.text() != state:
            if self.clock.ms() - began > most_ms:
                raise RuntimeError("%s, not %s" % (self.text(), state))
            await asyncio.sleep_ms(20)
        return self.clock.ms() - began

    async def open(self, wait_ms=10000):
        stream = await self.slot.command("connect", "peer", 7, wait_ms)
        await stream.opened()
        return stream

    def values(self):
        return [self.points.values[i] for i in range(6)]


async def get(stream, count):
    data = b""
    while len(data) < count:
        await asyncio.wait_for_ms(stream.data(), 60000)  # virtual time has no other end
        data += stream.read(count - len(data))
    return data


async def put(stream, data):
    while data:
        count = stream.write(data)
        data = data[count or 0 :]
        if data:
            await asyncio.wait_for_ms(stream.room(), 30000)


async def service(link, plan):
    """From power to service, views, orders, points; then closed."""
    terminal = Terminal(link, 2, mode=plan["mode"])
    found = {"up_ms": await terminal.until("context up")}
    stream = await terminal.open()
    began = terminal.clock.ms()
    for word in (b"one", b"two", b"three", b"four"):  # a window of several messages
        stream.write(word)
    found["echo"] = (await get(stream, 15)).decode()
    found["echo_ms"] = terminal.clock.ms() - began
    await asyncio.sleep_ms(1500)
    found["values"] = terminal.values()
    found["status"] = dict(terminal.slot.view()[1])
    found["sockets"] = [list(row) for row in terminal.slot.view("sockets")[1]]
    found["at"] = await terminal.slot.command("at", "at+cops?")
    for verb, words in (("at", ("ATZ",)), ("at", ()), ("fly", ())):
        try:
            await terminal.slot.command(verb, *words)
        except SlotError as error:
            found["%s %s" % (verb, words)] = str(error)
    await terminal.slot.command("restart")
    try:
        await stream.data()
        stream.read(1)
    except OSError as error:
        found["restart"] = str(error)
    found["back_ms"] = await terminal.until("context up")
    terminal.task.cancel()
    await asyncio.sleep_ms(50)
    device = terminal.points.device("cellular-2")
    bits = [terminal.points.quality[device.base + i] & (IV | NT) for i in range(6)]
    found["marked"] = all([b == IV | NT for b in bits])
    found["events"] = terminal.told.events
    found["failures"] = terminal.told.failures
    return found


async def pin(link, plan):
    terminal = Terminal(link, 2, pin=plan["pin"])
    if plan["is_right"]:
        await terminal.until("context up")
    else:
        await asyncio.sleep_ms(600000)
    return {"state": terminal.text(), "sim": terminal.slot.driver.modem.status.sim}


async def ppp(link, plan):
    terminal = Terminal(link, 2, mode="ppp")
    await asyncio.sleep_ms(60000)
    return {"failures": terminal.told.failures}


async def several(link, plan):
    """As many connections as the modem has sockets, one more, then a free one again."""
    terminal = Terminal(link, 2, mode=plan["mode"])
    await terminal.until("context up")
    streams = []
    for _ in range(4):
        streams.append(await terminal.open())
    found = {"one more": ""}
    try:
        await terminal.open()
    except SlotError as error:
        found["one more"] = str(error)
    for i, stream in enumerate(streams):
        await put(stream, b"%d" % i * 3000)
    found["right"] = []
    for i, stream in enumerate(streams):
        found["right"].append(await get(stream, 3000) == b"%d" % i * 3000)
    streams[1].close()
    await asyncio.sleep_ms(2000)
    stream = await terminal.open()
    stream.write(b"hello")
    found["again"] = (await get(stream, 5)).decode()
    return found


async def unclaimed(link, plan):
    """A connection nobody waits for is given up."""
    terminal = Terminal(link, 2)
    await terminal.until("context up")
    await terminal.slot.command("connect", "peer", 7, 3000)
    await asyncio.sleep_ms(2000)
    before = len(terminal.slot.driver.modem.sockets.streams)
    await asyncio.sleep_ms(4000)
    return {"sockets": [before, len(terminal.slot.driver.modem.sockets.streams)]}


async def flood(link, plan):
    """The far side sends more than is read: push fails with a sentence, buffer makes it wait."""
    terminal = Terminal(link, 2, mode=plan["mode"])
    await terminal.until("context up")
    stream = await terminal.open()
    stream.write(b"flood")
    await asyncio.sleep_ms(30000)
    data, found = b"", {}
    try:
        while len(data) < 100000:
            await asyncio.wait_for_ms(stream.data(), 5000)
            data += stream.read(5000)
    except OSError:
        found["error"] = stream.why
    found["count"] = len(data)
    found["right"] = data == (bytes(range(256)) * 391)[: len(data)]
    return found


async def lost_word(link, plan):
    """Every URC is lost: connections open, unread data and the end are found all the same."""
    terminal = Terminal(link, 2, mode=plan["mode"])
    await terminal.until("context up")
    link.tell("drop")
    await asyncio.sleep_ms(100)
    clock = terminal.clock
    began = clock.ms()
    stream = await terminal.open()
    found = {"open_ms": clock.ms() - began}
    began = clock.ms()
    stream.write(b"hello")
    found["echo"] = (await get(stream, 5)).decode()
    found["echo_ms"] = clock.ms() - began
    began = clock.ms()
    stream.write(b"end")
    await get(stream, 3)
    await stream.data()
    found["end"] = stream.read(1) == b""
    found["end_ms"] = clock.ms() - began
    return found


async def carrier(link, plan):
    """No module, one that is not up, one that is; a check that has had enough."""
    slots = []
    network = Carrier(lambda: slots, Log(link.clock(), lambda line: None))
    found = {}

    async def attempt(name, check=lambda: None):
        try:
            channel = await network.open("peer", plan["port"], None, check)
        except Exception as error:
            found[name] = "%s %s" % (type(error).__name__, error)
            return
        channel.write(b"hi")
        view = bytearray(2)
        await channel.readinto(view)
        channel.close()
        found[name] = view.decode()

    await attempt("none")
    terminal = Terminal(link, 2)
    slots.append(terminal.slot)
    await asyncio.sleep_ms(100)
    await attempt("booting")
    began = terminal.clock.ms()
    await network.ready()
    found["ready_ms"] = terminal.clock.ms() - began
    assert terminal.text() == "context up"
    await attempt("up")
    link.tell("refuse")
    await asyncio.sleep_ms(100)
    await attempt("refused")

    def check():
        raise SlotError("enough")

    link.tell("slow")
    await asyncio.sleep_ms(100)
    await attempt("enough", check)
    await asyncio.sleep_ms(5000)
    found["sockets"] = len(terminal.slot.driver.modem.sockets.streams)
    return found


async def two(link, plan):
    """Two modules side by side, one of which dies."""
    one, other = Terminal(link, 2), Terminal(link, 5)
    await one.until("context up")
    await other.until("context up")
    streams = [await one.open(), await other.open()]
    link.tell("dead")
    await asyncio.sleep_ms(30000)
    streams[1].write(b"still here")
    found = {"other": (await get(streams[1], 10)).decode(), "one": ""}
    try:
        streams[0].read(1)
    except OSError:
        found["one"] = streams[0].why
    found["back_ms"] = await one.until("context up", 200000)
    found["cycles"] = [t.slot.driver.modem.cycles for t in (one, other)]
    found["blocks"] = [t.points.device("cellular-%d" % n).name for t, n in ((one, 2), (other, 5))]
    return found


LINK = Link()
LINK.report(asyncio.run(globals()[LINK.plan["scenario"]](LINK, LINK.plan)))
