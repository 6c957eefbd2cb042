"""Start-up of an ATM90: reset, configuration, read-back, operation.

An IC that is set as wanted and runs is taken over untouched. The E36A keeps its rows in four
blocks, each opened by its start register (0x5678, which sets the block to its defaults), closed
by a checksum and put into operation by 0x8765; a checksum that is wrong stops the metering. The
E32AS opens all of them by CfgRegAccEn.
"""

from micropython import const

from firmware.core.errors import LinkError
from firmware.link.atm90e3x import registers as reg
from firmware.link.atm90e3x import settings
from firmware.link.chip import Restart

_RESET_MS = const(5)
_READY_MS = const(500)
_STEP_MS = const(5)
_MODES = (0x0087, 0x1087)  # MMode0 after a reset, or as we set it


class StartUp:
    def __init__(self, bus, reset_pin, sleep_ms, chip):
        self.bus = bus
        self.reset_pin = reset_pin
        self.sleep_ms = sleep_ms
        self.chip = chip  # registers.E36A or E32AS
        self.step = "off"
        self.resets = 0
        self.wrong = None  # why the last walk reset an IC that ran: as of first_wrong

    @property
    def is_done(self):
        """Did the last walk come to its end?"""
        return self.step in ("resumed", "metering")

    async def walk(self, rows, has_pulses):
        """Bring the IC to metering by `rows`. True if it was only taken over."""
        self.wrong = None
        if not self._answers():
            if has_pulses():
                raise LinkError("SPI does not answer while the pulses go on: is it wired?")
        elif self._is_running(rows):
            self.step = "resumed"
            return True
        self.step = "reset"
        await self._reset()
        self.step = "configuration"
        self.write(rows)
        self.step = "read-back"
        wrong = self.first_wrong(rows)
        if wrong is not None:
            raise LinkError("start-up: register 0x%02X does not hold 0x%X" % wrong)
        self.bus.prove()
        self.step = "metering"
        return False

    def _answers(self):
        try:
            return self.bus.read(reg.M_MODE0) in _MODES
        except LinkError:
            return False

    def _is_running(self, rows):
        """Is it set as the rows say, and in operation? LinkError when the bus does not tell: a
        reset would lose energy."""
        try:
            self.bus.prove()
        except Restart:
            return False
        wrong = self.first_wrong(rows)
        self.bus.prove()
        self.wrong = wrong
        return wrong is None

    async def _reset(self):
        self.resets += 1
        self.reset_pin(0)
        await self.sleep_ms(_RESET_MS)
        self.reset_pin(1)
        for _ in range(_READY_MS // _STEP_MS):
            await self.sleep_ms(_STEP_MS)
            if self._answers():
                # the pin may not be wired
                self.bus.write(self.chip.soft_reset, reg.RESET_KEY)
                await self.sleep_ms(_STEP_MS)
                return
        raise LinkError("no answer within %d ms; is the IC powered and wired?" % _READY_MS)

    def write(self, rows):
        """All rows, and into operation."""
        bus = self.bus
        if not self.chip.blocks:
            bus.write_checked(self.chip.access, reg.ACCESS_KEY)
            bus.write_checked(self.chip.meter_en, 1)
            for register, value in rows:
                bus.write(register, value)
            bus.write_checked(self.chip.access, 0)
            return
        for register, value in rows:
            if register < self.chip.blocks[0][0]:
                bus.write(register, value)
        for start, first, last, checksum in self.chip.blocks:
            bus.write_checked(start, reg.CALIBRATE)
            for register, value in rows:
                if first <= register <= last:
                    bus.write(register, value)
            bus.write(checksum, settings.checksum(rows, first, last))
            bus.write_checked(start, reg.OPERATE)

    def first_wrong(self, rows):
        """(register, value) of a row that does not read back, None when all do."""
        for register, value in rows:
            if self.bus.read(register) != value:
                return register, value
        return None
