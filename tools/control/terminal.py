"""The terminal's half of `make control`, run by the MicroPython interpreter: the real door, bay,
slot and driver on virtual time, with a power that can be cut at any I2C transaction and any write
to flash. The steps come from the host, one at a time, out of a chip of the bench's own.

Told to the judge: `boot`, `> kind` and `< ok` or `< reason` around a request, `e name device text`
an event, `k ..` what flash has of control now, `off` the power is gone, `late` what never came.
"""

import asyncio
import gc
import json

from firmware.bay.bay import Bay
from firmware.bay.slot import Slot
from firmware.config.interlocks import Interlocks
from firmware.control.book import Book
from firmware.controlling import Control
from firmware.core.errors import ControlError
from firmware.core.log import Log
from firmware.core.twin import Twin
from firmware.points.table import Points
from firmware.supervisor.tasks import Supervisor
from modules.control.driver import Driver
from tools.control import plants
from tools.virtual.device import Link

_SLOT = 4
_BOX = 1  # slot of the chip that has the steps ...
_BOX_CHIP = 0x70  # ... and its address
_STEP_MOST = 256  # bytes of a step
_OUTPUT = "control-%d.q1" % _SLOT
_READY_MS = 120000  # a slot that failed often is opened anew after a minute
_SETTLE_MS = 20000


class PowerCut(BaseException):
    """Nothing catches it: every task ends where it stands."""


class Power:
    """Counts what can be cut; `how`: before, after or torn."""

    def __init__(self):
        self.is_on = True
        self.left = -1  # operations until it goes; -1: it stays
        self.how = "before"

    def arm(self, left, how):
        self.left, self.how = left, how

    def spend(self):
        """What becomes of an operation: None all of it, else how it is cut."""
        if not self.is_on:
            raise PowerCut()
        if self.left < 0:
            return None
        self.left -= 1
        if self.left >= 0:
            return None
        self.is_on = False
        return self.how

    def off(self):
        self.is_on = False
        raise PowerCut()


class I2C:
    """The bus of the backplane, as long as there is power."""

    def __init__(self, i2c, power):
        self._i2c = i2c
        self._power = power

    def readfrom_mem_into(self, address, register, buf):
        self._do(self._i2c.readfrom_mem_into, address, register, buf)

    def readfrom_mem(self, address, register, count):
        return self._do(self._i2c.readfrom_mem, address, register, count)

    def writeto_mem(self, address, register, data):
        self._do(self._i2c.writeto_mem, address, register, data)

    def _do(self, call, *args):
        how = self._power.spend()
        if how == "before":
            raise PowerCut()
        found = call(*args)
        if how:
            raise PowerCut()
        return found


class Flash:
    """Files that survive; a write may be torn, a rename is done or not (as on littlefs)."""

    def __init__(self, power, link):
        self.files = {}
        self.power = power
        self._link = link

    def open(self, path, mode):
        if "w" in mode:
            self.files[path] = b""
        elif path not in self.files:
            raise OSError(2)
        return File(self, path)

    def rename(self, old, new):
        how = self.power.spend()
        if how == "before":
            raise PowerCut()
        self.files[new] = self.files.pop(old)
        if new.startswith("/control"):
            text = str(self.files[new][32:], "utf-8").replace("\n", ";")
            self._link.tell("k " + text)
        if how:
            raise PowerCut()


class File:
    def __init__(self, flash, path):
        self._flash = flash
        self._path = path
        self._at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def write(self, data):
        how = self._flash.power.spend()
        size = {"before": 0, "torn": len(data) // 2}.get(how, len(data))
        self._flash.files[self._path] += bytes(data[:size])
        if how:
            raise PowerCut()
        return len(data)

    def seek(self, offset, whence=0):
        self._at = len(self._flash.files[self._path]) if whence else offset
        return self._at

    def read(self, count=-1):
        data = self._flash.files[self._path]
        end = len(data) if count < 0 else self._at + count
        self._at, found = end, data[self._at : end]
        return found


class Terminal:
    """One boot. `settings` are the host's to change."""

    def __init__(self, link, flash, settings):
        self.link = link
        self.settings = settings
        self.clock = link.clock()
        self.log = Log(self.clock, lambda line: None)
        self.points = Points(64)
        self.supervisor = Supervisor(self.clock, self.log, self._task_event)
        self.bay = Bay([link.wires(_SLOT)], self._find, self._make_slot, self.supervisor, self)
        self.control = Control(
            self.clock,
            lambda: self.bay.slots,
            self.settings.get,
            self.points,
            self.emit,
            Book(Twin("/control.a", "/control.b", 1024, flash)),
            Interlocks(Twin("/interlocks.a", "/interlocks.b", 4096, flash)),
        )
        self.supervisor.add("bay", self.bay.run)
        self.supervisor.add("control", self.control.runner.run)

    async def _find(self, kind):
        return Driver

    def _make_slot(self, number, identity, driver):
        cfg = {
            "pulse_ms": self.settings["pulse_ms"],
            "travel_ms": self.settings["travel_ms"],
            "devices": lambda: (),
            "redeem": self.control.door.redeem,
        }
        wires = self.link.wires(number)
        return Slot(number, "control", driver, wires, cfg, self.points, self.clock, self.log, self)

    def emit(self, name, device, text):
        self.link.tell("e %s %s %s" % (name, device or "-", text))

    # the listener of the bay and its slots
    def module_in(self, number, text):
        self.emit("MODULE_IN", "", text)

    def module_out(self, number, text):
        self.emit("MODULE_OUT", "", text)

    def module_refused(self, number, text):
        self.emit("MODULE_REFUSED", "", text)

    def slot_failed(self, number, text):
        self.emit("SLOT_ERROR", "", text)

    def slot_event(self, name, who, text, stamp_ms, members):
        self.emit(name, who, text)

    def device_changed(self, name, is_back):
        pass

    def state_changed(self, device, point, before, now, stamp_ms):
        pass

    def _task_event(self, kind, name, text):
        self.emit("TASK_" + kind.upper(), name, text)

    async def play(self, power):
        """Steps, until there are no more."""
        self.link.tell("boot")
        self.control.door.begin()
        running = asyncio.create_task(self.supervisor.run())
        while True:
            data = self.link.i2c.readfrom_mem(_BOX_CHIP, 0, _STEP_MOST)
            kind, *words = json.loads(data)
            if kind == "end":
                break
            if kind == "arm":
                power.arm(*words)
            elif kind == "off":
                power.off()
            else:
                await getattr(self, "_" + kind)(*words)
        running.cancel()

    async def _wait(self, ms):
        await asyncio.sleep_ms(ms)

    async def _utc(self, ms):
        self.link.time._utc_ms += ms

    async def _set(self, name, value):
        self.settings[name] = value

    async def _lock(self, *words):
        self.control.interlocks.add(words)

    async def _unlock(self):
        while self.control.interlocks.rows():
            self.control.interlocks.remove(1)

    async def _ready(self):
        until = self.clock.ms() + _READY_MS
        while self.clock.ms() < until:
            found = self.points.reading(_OUTPUT)
            if self.control.outputs.find(_OUTPUT) and found and not found[2]:
                return
            await asyncio.sleep_ms(50)
        self.link.tell("late the module is not in service")

    async def _settle(self):
        until = self.clock.ms() + _SETTLE_MS
        while self.control.door.operation:
            if self.clock.ms() > until:
                self.link.tell("late the operation has no end")
                return
            await asyncio.sleep_ms(20)

    async def _select(self, *words):
        self._request("select", self.control.door.select, words)

    async def _execute(self, *words):
        self._request("execute", self.control.door.execute, words)

    async def _cancel(self, *words):
        self._request("cancel", self.control.door.cancel, words)

    def _request(self, kind, call, words):
        self.link.tell("> " + kind)
        answer = "ok"
        try:
            call(*words)
        except ControlError as refusal:
            answer = refusal.reason
        self.link.tell("< " + answer)


async def _dark(ms):
    await asyncio.sleep_ms(ms)


def _new_loop(link):
    asyncio.core.new_event_loop()
    asyncio.core._io_queue = link.queue
    link.queue.clear()


def main():
    link = Link()
    power = Power()
    flash = Flash(power, link)
    wires = link.wires(_SLOT)
    wires.i2c = I2C(link.i2c, power)
    link.wires(_BOX).power(True)
    link.wires(_BOX).reset()
    plants.put(link.plan["plant"])
    settings = dict(link.plan["settings"])
    boots = 0
    while True:
        boots += 1
        try:
            asyncio.run(Terminal(link, flash, settings).play(power))
            break
        except PowerCut:
            pass
        # the host says how long, whether the module goes dark too, and when the next cut comes
        link.tell("off")
        wires.attend(None)
        _new_loop(link)
        off_ms, takes_module, left, how = json.loads(
            link.i2c.readfrom_mem(_BOX_CHIP, 0, _STEP_MOST)
        )
        if takes_module:
            wires.power(False)
        asyncio.run(_dark(off_ms))
        _new_loop(link)
        power.is_on = True
        power.arm(left, how)
        gc.collect()
    link.report({"boots": boots, "heap": gc.mem_alloc()})


main()
