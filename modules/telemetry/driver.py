"""Telemetry module: twelve digital inputs that interrupt, four analog ones that are converted one
after the other. The wiring, which is an invention, stands in README.md. One task serves both.
"""

from micropython import const

from firmware.bay import contract
from modules.telemetry import profile, tables
from modules.telemetry.channel import Channel
from modules.telemetry.converter import Converter
from modules.telemetry.digital import Digital
from modules.telemetry.ports import Ports

_ADDRESS = const(0x20)  # of the MCP23017, plus the slot


class Driver(contract.Driver):
    VERSION = "1.0"
    VIEWS = tables.NAMES

    def __init__(self, wires, cfg, clock, log):
        """cfg: "devices" and the settings telemetry.* of firmware/config/schema.py."""
        self.name = "telemetry-%d" % wires.number
        self.profile = None
        self.profile_name = profile.DEFAULT
        self.channels = []
        self._ports = Ports(wires.i2c, _ADDRESS + wires.number)
        self.digital = Digital(wires, clock, self._ports, cfg)
        self._converter = None
        self._cfg = cfg
        self._clock = clock
        self._i2c = wires.i2c
        self._problems = []

    async def open(self):
        """SlotError when a chip is not there or the profile is wrong."""
        known = profile.names()
        is_named = False
        for row in self._cfg["devices"]():
            if row.profile not in known:  # of what was in this slot before, perhaps
                text = "%s: a telemetry module has no profile %s, but %s"
                self._problems.append(text % (row.name, row.profile, ", ".join(known)))
            elif is_named:
                self._problems.append("%s: the module has one profile already" % row.name)
            else:
                is_named = True
                self.name, self.profile_name = row.name, row.profile
        found = self.profile = profile.load(self.profile_name)
        self.channels = [Channel(spec) for spec in found.analogs]
        self.digital.open(found)
        self._ports.set_up()
        period_ms = 1000 * self._cfg.get("analog_s", 1)
        self._converter = Converter(self._i2c, self._ports, found.analogs, period_ms)
        if self.channels:
            self._converter.probe()

    def devices(self):
        return ((self.name, self.profile.points, 0),)

    def problems(self):
        return self._problems

    async def run(self, news):
        """For ever; SlotError when a chip is gone or was reset."""
        clock, digital, converter = self._clock, self.digital, self._converter
        digital.attend()
        try:
            digital.start(news, clock.ms())
            converter.start(clock.ms())
            while True:
                await digital.serve()
                found = converter.step(clock.ms())
                if found:
                    self._measured(news, found[0], found[1])
                now = clock.ms()
                await digital.wait(now, converter.wait_ms(now))
        finally:
            digital.leave()

    async def close(self):
        """Nothing is held between two calls."""

    def _measured(self, news, number, code):
        channel = self.channels[number]
        has_turned = channel.take(code)
        point = len(self.profile.points) - len(self.channels) + number
        news.put(0, point, channel.value or 0, channel.bits)
        if has_turned:
            news.event("ANALOG", tables.measured(channel), 0)

    def view(self, name):
        """See tables.py."""
        return tables.view(self, name)

    def stats(self):
        digital = self.digital
        return {
            "looks": digital.looks,
            "interrupts": digital.interrupts,
            "late": digital.late,
            "lost": digital.sequence.lost,
            "changes": digital.sequence.count,
            "rounds": self._converter.rounds if self._converter else 0,
        }
