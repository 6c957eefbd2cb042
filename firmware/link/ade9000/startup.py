"""Start-up of the ADE9000 (UG-1098 'Quick start'): reset, presence, configuration, read-back, run.

A chip that is configured as wanted and running is taken over without being touched: it metered
on while this processor or its SPI was away. One that does not answer while its pulses go on is
left alone for the same reason. All others are reset and walked through the steps. Every wait is
bounded; a failure is a LinkError that names the step.
"""

from micropython import const

from firmware.core.errors import LinkError
from firmware.link.ade9000 import registers as reg
from firmware.link.ade9000 import settings

_RESET_MS = const(2)  # the pulse needs 1 us
_READY_MS = const(200)  # reset to RSTDONE takes about 46 ms
_STEP_MS = const(5)
_SCRATCH = const(0x12345)


class StartUp:
    def __init__(self, bus, reset_pin, sleep_ms):
        """`reset_pin(level)` drives /RESET; `sleep_ms` is a coroutine function."""
        self.bus = bus
        self.reset_pin = reset_pin
        self.sleep_ms = sleep_ms
        self.step = "off"  # the step that was walked last, for link()
        self.version = 0
        self.resets = 0  # hardware resets given
        self.wrong = None  # why the last walk reset a chip that ran: as of _first_wrong

    @property
    def is_done(self):
        """Did the last walk come to its end?"""
        return self.step in ("resumed", "streaming")

    async def walk(self, rows, has_pulses, must_reset=False):
        """Bring the chip to streaming with the settings `rows`. True if it was only resumed.
        `has_pulses()` tells whether the pulse channel is alive."""
        self.wrong = None
        if not self._answers():
            if has_pulses():
                raise LinkError("SPI does not answer while the pulses go on: is it wired?")
        elif not must_reset and self._is_running(rows):
            self.version = self.bus.read(reg.VERSION)
            self._step_stream(rows)
            self.step = "resumed"
            return True
        for name, step in (
            ("reset", self._step_reset),
            ("presence", self._step_presence),
            ("configuration", self._step_configure),
            ("read-back", self._step_read_back),
            ("run", self._step_run),
        ):
            self.step = name
            try:
                await step(rows)
            except LinkError as error:
                raise LinkError("start-up, %s: %s" % (name, error))
        self._step_stream(rows)
        self.step = "streaming"
        return False

    def _answers(self):
        try:
            return self.bus.read(reg.PART_ID) & reg.IS_ADE9000 != 0
        except LinkError:
            return False

    def _is_running(self, rows):
        """Is this chip set as `rows` say, capture aside? LinkError when the bus does not tell: a
        reset would lose energy."""
        untold = [(register, 0) for register in settings.untold(rows)]
        wrong = self._first_wrong(rows) or self._first_wrong(untold)
        if self.bus.read(reg.STATUS1) & reg.RSTDONE:
            return False
        self.wrong = wrong
        return wrong is None

    def _first_wrong(self, rows):
        """(register, what it holds, what it should), None when all read back well."""
        for register, value in rows:
            if register == reg.WFB_CFG:
                continue  # capture may be on or off
            back = self.bus.read(register)
            if back != value:
                return register, back, value
        return None

    async def _step_reset(self, rows):
        self.resets += 1
        self.reset_pin(0)
        await self.sleep_ms(_RESET_MS)
        self.reset_pin(1)
        for _ in range(_READY_MS // _STEP_MS):
            await self.sleep_ms(_STEP_MS)
            errors = self.bus.crc_errors
            try:
                status = self.bus.read(reg.STATUS1)
            except LinkError:
                self.bus.crc_errors = errors  # no valid answer is expected of a chip in reset
                continue
            if status & reg.RSTDONE:
                self.bus.write(reg.STATUS1, reg.RSTDONE)
                return
        raise LinkError("no RSTDONE within %d ms; is the chip powered and wired?" % _READY_MS)

    async def _step_presence(self, rows):
        if not self.bus.read(reg.PART_ID) & reg.IS_ADE9000:
            raise LinkError("PART_ID bit 20 is not set: not an ADE9000")
        self.version = self.bus.read(reg.VERSION)
        self.bus.write_checked(0, _SCRATCH)  # AIGAIN as scratch
        self.bus.write_checked(0, 0)

    async def _step_configure(self, rows):
        for register, value in rows:
            if register in (reg.RUN, reg.EP_CFG):
                continue  # these start the metering: see _step_run
            self.bus.write(register, value)

    async def _step_read_back(self, rows):
        rows = [row for row in rows if row[0] not in (reg.RUN, reg.EP_CFG)]
        wrong = self._first_wrong(rows)
        if wrong is not None:
            raise LinkError("register 0x%03X holds 0x%X, not 0x%X" % wrong)

    async def _step_run(self, rows):
        self.bus.write(reg.STATUS0, 0xFFFFFFFF)
        self.bus.write(reg.STATUS1, 0xFFFFFFFF)
        self.bus.write_checked(reg.RUN, 1)
        await self.sleep_ms(_STEP_MS)  # results settle within 2 ms
        self.bus.write_checked(reg.EP_CFG, dict(rows)[reg.EP_CFG])

    def _step_stream(self, rows):
        """Restart the waveform capture at page 0 with no page pending. Leaves the lock off."""
        self.bus.unlock()
        self.bus.write_checked(reg.WFB_CFG, settings.STREAM_OFF)
        self.bus.write(reg.STATUS0, 0xFFFFFFFF)
        self.bus.write_checked(reg.WFB_CFG, settings.STREAM_ON)
