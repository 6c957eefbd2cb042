"""A backplane of six slots, modelled by its wires, and virtual time, for tests of the bay."""

import asyncio
import io

from eeprom import Bus, Eeprom

from board.wires import SlotWires
from firmware.bay import identity
from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.supervisor.tasks import Supervisor

_POLL = 3  # stream ioctl request
_READABLE = 1


class Uart(io.IOBase):
    """A port. `device(bytes)` -> answer or None; answers take `delay_ms` of virtual time."""

    def __init__(self, world, device, delay_ms=40):
        self._world = world
        self._device = device
        self._delay_ms = delay_ms
        self._answer = b""
        self._due_ms = 0
        self.is_open = True

    def any(self):
        is_due = self.is_open and self._answer and self._world.now_ms >= self._due_ms
        return len(self._answer) if is_due else 0

    def read(self, count):
        if not self.any():
            return None
        found, self._answer = self._answer[:count], self._answer[count:]
        return found

    def write(self, data):
        assert self.is_open, "written to a closed port"
        answer = self._device(bytes(data))
        if answer:
            self._answer += answer
            self._due_ms = self._world.now_ms + self._delay_ms
        return len(data)

    def ioctl(self, request, arg):
        return arg & _READABLE if request == _POLL and self.any() else 0

    def deinit(self):
        self.is_open = False


class Bench:
    """One slot of the backplane: what is plugged into it, and the levels of its pins."""

    def __init__(self, world, number):
        self.world = world
        self.number = number
        self.chip = None  # the module's EEPROM while it is plugged
        self.is_fed = False
        self.is_broken = False  # the backplane does not answer
        self.resets = 0
        self.ports = []
        self.device = lambda data: None

    def plug(self, kind="", serial="S1", data=None):
        """A module of that type, or one whose EEPROM holds `data`, or (b"") that has none."""
        if data is None:
            data = identity.build(kind, "OpenTTU", serial, 2)
        self.chip = Eeprom(data)
        self._show(bool(data))

    def pull(self):
        self.chip = None
        self._show(False)

    def _show(self, has_eeprom):
        chips = self.world.bus.chips
        address = 0x50 + self.number
        chips.pop(address, None)
        if has_eeprom:
            self.chip.is_powered = self.is_fed
            chips[address] = self.chip

    def presence(self):
        if self.is_broken:
            raise OSError(19)
        return 0 if self.chip else 1

    def power(self, level):
        if self.is_broken:
            raise OSError(19)
        self.is_fed = bool(level)
        if self.chip:
            self.chip.is_powered = self.is_fed

    def reset(self, level):
        self.resets += not level

    def uart(self, baud, parity):
        self.ports = [port for port in self.ports if port.is_open]
        self.ports.append(Uart(self.world, self.device))
        return self.ports[-1]

    def open_ports(self):
        return sum([port.is_open for port in self.ports])


class World:
    """Virtual time, the backplane and the supervisor; events as (what, number, text)."""

    def __init__(self):
        self.now_ms = 0
        self.events = []
        self.bus = Bus()
        self.clock = Clock(lambda: self.now_ms * 1000, lambda a, b: a - b, lambda: self.now_ms)
        self.log = Log(self.clock, lambda line: None)
        self.supervisor = Supervisor(self.clock, self.log, self._task_event, self.sleep)
        self.benches = [Bench(self, number) for number in range(1, 7)]
        self.wires = [
            SlotWires(b.number, self.bus, b.presence, b.power, b.reset, b.uart)
            for b in self.benches
        ]
        self._main = None

    def bench(self, number):
        return self.benches[number - 1]

    def _task_event(self, kind, name, text):
        self.events.append((kind, name, text))

    def module_in(self, number, text):
        self.events.append(("in", number, text))

    def module_out(self, number, text):
        self.events.append(("out", number, text))

    def module_refused(self, number, text):
        self.events.append(("refused", number, text))

    def slot_failed(self, number, text):
        self.events.append(("failed", number, text))

    def device_changed(self, name, is_back):
        self.events.append(("device", name, is_back))

    def take(self):
        """The events since the last call."""
        found, self.events = self.events, []
        return found

    async def sleep(self, ms):
        until = self.now_ms + ms
        while self.now_ms < until:
            await asyncio.sleep_ms(0)

    async def advance(self, ms, step=50):
        """Time moves in steps; after each everybody who is due has run."""
        for _ in range(ms // step):
            self.now_ms += step
            for _ in range(6):
                await asyncio.sleep_ms(0)

    async def start(self):
        self._main = asyncio.create_task(self.supervisor.run())
        await self.advance(100)

    async def stop(self):
        stopping = asyncio.create_task(self.supervisor.stop())
        while not stopping.done():
            await self.advance(50)
        await self.advance(600)
        assert self._main.done()
        return await stopping
