"""A backplane of six slots, modelled by its wires, and virtual time, for tests of the bay."""

import asyncio

from eeprom import Bus, Eeprom

from board.wires import SlotWires
from firmware.bay import identity
from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.supervisor.tasks import Supervisor
from tools.virtual import loop as virtual

UTC_MS = 1790000000000


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
        self.device = lambda data: None  # bytes sent: the answer, or None
        self.delay_ms = 40  # from the end of a request to the end of its answer

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
        self.ports.append(virtual.Port(self.world.time, self._carry, baud, parity))
        return self.ports[-1]

    def _carry(self, us, baud, parity, data):
        answer = self.device(data) if self.is_fed else None
        return [(us + 1000 * self.delay_ms, answer)] if answer else []

    def open_ports(self):
        return sum([port.is_open for port in self.ports])


class World:
    """Virtual time, the backplane and the supervisor; events as (what, number, text)."""

    def __init__(self):
        self.time = virtual.Time(UTC_MS)
        virtual.install(self.time)
        self.events = []
        self.bus = Bus()
        self.clock = Clock(self.time.ticks_us, virtual.diff, self.time.utc_ms)
        self.log = Log(self.clock, lambda line: None)
        self.supervisor = Supervisor(self.clock, self.log, self._task_event)
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
        self.events.append(("back" if is_back else "lost", name))

    def state_changed(self, device, point, before, now, _stamp_ms):
        self.events.append(("state", device.name, device.template[point][0], before, now))

    def take(self):
        """The events since the last call."""
        found, self.events = self.events, []
        return found

    async def advance(self, ms):
        """Everybody who is due in this time has run."""
        await asyncio.sleep_ms(ms)

    async def start(self):
        self._main = asyncio.create_task(self.supervisor.run())
        await self.advance(100)

    async def stop(self):
        """Names of the tasks that did not end."""
        stuck = await self.supervisor.stop()
        await self.advance(600)
        assert self._main.done()
        return stuck
