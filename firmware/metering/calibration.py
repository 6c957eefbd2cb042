"""Calibration as a technician walks it: a step is stated, measured, written and measured again.

`begin` answers at once; the work is done window by window in `take`. What was written is on trial
until `keep`; `rollback` drops it, or puts the calibration before the last one back. Registers are
written by the link, which tells `configuration` when they stand. Refusals are ConfigErrors.
"""

from micropython import const

from firmware.core import flags
from firmware.core.errors import ConfigError
from firmware.metering import calibration_items as items
from firmware.metering.averages import Averages
from firmware.metering.reference import Reference

STEPS = ("gain", "phase", "offset")
_WINDOWS = const(25)  # 5 s
_WINDOWS_MAX = const(3000)
# windows that do not count: the one that runs, and after a write what has to settle, too
_RUNNING = const(1)
_SETTLING = const(4)
_OPERATOR_MAX = const(32)

_IDLE, _BEFORE, _WRITING, _AFTER = range(4)
_STATES = ("", "measuring", "writing to the metrology unit", "measuring again")


class Calibrator:
    def __init__(self, arithmetic, record, corrections, facts, clock, tell):
        """`arithmetic` is the module of the IC's registers, such as link.ade9000.calibration;
        `record` a store.calibration.CalibrationRecord that was loaded; `corrections` those of the
        meter; `facts` = (u_fs_mv, i_fs_ma, fs_word); `tell(kind, text)` hears of "step",
        "refused", "kept" and "undone"."""
        self._arithmetic = arithmetic
        self._record = record
        self._corrections = corrections
        self._clock = clock
        self._tell = tell
        self._full_scales = facts[:2]
        self._full_uw = facts[0] * facts[1] // 2
        self._full_ua = facts[1] * 707
        self._averages = Averages(*facts)
        self._windows = _WINDOWS
        self.apply = _no_link  # link.set_calibration: main sets it when there is a link
        self.config_crc = None  # checksum of the IC's whole configuration, as last told
        self._state = _IDLE
        self._skip = 0
        self._items = ()  # of the last step
        self._step = ""
        self._outcome = ""
        self._trial = None  # arithmetic.Calibration; None: nothing is on trial
        self._done = []  # of the trial: what was calibrated, such as "gain UA"
        self._correct(self._registers())

    def rows(self):
        """((register, value), ...) as they shall stand in the IC now."""
        registers = self._trial or self._registers()
        return registers.rows()

    # what a person asks for

    def begin(self, step, phases="abc", u=None, i=None, pf=None, angle=None, windows=_WINDOWS):
        """Start a step: the sentence that says so. `windows` are averaged, each 200 ms."""
        if self._state != _IDLE:
            raise ConfigError("the step %s is still %s" % (self._step, _STATES[self._state]))
        if step not in STEPS:
            raise ConfigError("a step is one of %s" % ", ".join(STEPS))
        if type(windows) is not int or not 1 <= windows <= _WINDOWS_MAX:
            raise ConfigError("windows is a whole number 1..%d" % _WINDOWS_MAX)
        channels = _channels(phases)
        reference = Reference(u, i, pf, angle)
        if step == "gain":
            found = self._gains(channels, reference, pf is not None or angle is not None)
        elif step == "phase":
            found = self._phases(channels, reference, u is not None or i is not None)
        else:
            found = self._offsets(channels, reference)
        self._check_order(found)
        self._items = found
        self._step = step
        self._windows = windows
        self._outcome = ""
        self._averages.clear()
        self._state = _BEFORE
        self._skip = _RUNNING
        names = " ".join([item.name for item in found])
        return "measuring %s over %d windows: calibration() shows how it goes" % (names, windows)

    def _gains(self, channels, reference, has_angle):
        found = []
        if reference.u_uv is not None:
            found += [items.Gain("U", k, reference.u_uv) for k in channels if k < 3]
        if reference.i_ua is not None:
            found += [items.Gain("I", k, reference.i_ua) for k in channels]
        if not found or has_angle:
            raise ConfigError("gain takes the reference in V or A, as in u=230, i=5")
        return found

    def _phases(self, channels, reference, has_value):
        if reference.lag is None or has_value or 3 in channels:
            raise ConfigError("phase takes the reference angle of a, b or c, as in pf='0.5L'")
        return [items.Phase(k, reference) for k in channels]

    def _offsets(self, channels, reference):
        if reference.u_uv is None or reference.i_ua is None or 3 in channels:
            raise ConfigError("offset takes a small current of a, b or c: u=230, i=0.05, pf=1")
        if reference.lag is None:
            raise ConfigError("offset takes the power factor, too, as in pf=1")
        found = [items.PowerOffset("P", k, reference, self._full_uw) for k in channels]
        found += [items.PowerOffset("Q", k, reference, self._full_uw) for k in channels]
        return found + [items.CurrentOffset(k, reference.i_ua, self._full_ua) for k in channels]

    def _check_order(self, found):
        known = self._known()
        for item in found:
            for need in getattr(item, "needs", ()):
                wanted = need + items.PHASES[item.channel]
                if wanted not in known:
                    raise ConfigError("%s comes before this step" % wanted)

    def keep(self, operator, settings_version):
        """What is on trial becomes the calibration: the sentence that says so."""
        if self._state != _IDLE:
            raise ConfigError("the step %s is still %s" % (self._step, _STATES[self._state]))
        if self._trial is None:
            raise ConfigError("nothing is on trial: calibrate gain, phase or offset first")
        if not isinstance(operator, str) or not 1 <= len(operator) <= _OPERATOR_MAX:
            raise ConfigError("operator is your name, a text of 1..%d characters" % _OPERATOR_MAX)
        self._record.replace(
            {
                "rows": self._trial.rows(),
                "done": sorted(self._known()),
                "utc_ms": self._clock.utc_ms(),
                "operator": operator,
                "settings": settings_version,
            }
        )
        self._trial = None
        self._done = []
        self._items = ()
        self._tell("kept", "by %s, checksum 0x%08X" % (operator, self._record.checksum))
        return "the calibration is kept, checksum 0x%08X" % self._record.checksum

    def undoes(self, settings_version):
        """Is a calibration what a plain rollback() is about? On trial, or kept after the settings
        were committed last."""
        if self._state != _IDLE or self._trial is not None:
            return True
        return self._record.is_kept() and self._record.settings == settings_version

    def rollback(self, settings_version):
        """Drop the trial; without one, put the calibration before the last one back."""
        if self._state == _IDLE and self._trial is None:
            self._record.undo(settings_version)
            text = "the calibration before is back, checksum 0x%08X" % self._record.checksum
        else:
            text = "the calibration on trial is dropped"
        self._state = _IDLE
        self._trial = None
        self._done = []
        self._items = ()
        self._outcome = ""
        self._correct(self._registers())
        self.apply(self.rows())
        self._tell("undone", text)
        return text

    # what happens

    def take(self, values, meter):
        """A window as the meter publishes it."""
        if self._state in (_IDLE, _WRITING):
            return
        if self._skip:
            self._skip -= 1
            return
        averages = self._averages
        averages.take(values, meter)
        if averages.flagged > self._windows:
            self._refuse("the windows are flagged: %s" % flags.text(averages.flags))
        elif averages.count >= self._windows:
            if self._state == _BEFORE:
                self._write()
            else:
                self._finish()

    def configuration(self, crc, _is_same, _text):
        """The link wrote a configuration and read it back; `crc` is the IC's checksum of it."""
        self.config_crc = crc
        if self._state == _WRITING:
            self._averages.clear()
            self._state = _AFTER
            self._skip = _SETTLING

    def _write(self):
        averages = self._averages
        for item in self._items:
            item.error = item.read(averages)
            refusal = item.refusal()
            for index in item.watched:
                if refusal is None and not averages.is_steady(index):
                    refusal = "%s is not steady: measure again when the source is" % item.name
            if refusal is not None:
                self._refuse(refusal)
                return
        registers = self._copy(self._trial or self._registers())
        for item in self._items:
            item.correct(registers)
        self._trial = registers
        self._done += [item.done for item in self._items]
        self._correct(registers)
        self._state = _WRITING
        self.apply(registers.rows())

    def _finish(self):
        for item in self._items:
            item.after = item.read(self._averages)
        self._state = _IDLE
        self._outcome = "done, on trial until calibrate('keep', operator='...') or rollback()"
        self._tell("step", "%s of %s" % (self._step, " ".join([i.name for i in self._items])))

    def _refuse(self, sentence):
        self._state = _IDLE
        self._outcome = "refused: " + sentence
        self._tell("refused", "%s: %s" % (self._step, sentence))

    def _registers(self):
        return self._arithmetic.Calibration(self._record.rows, *self._full_scales)

    def _copy(self, registers):
        return self._arithmetic.Calibration(registers.rows(), *self._full_scales)

    def _known(self):
        return set(list(self._record.done) + self._done)

    def _correct(self, registers):
        self._corrections.set([registers.offsets(phase) for phase in range(3)])

    # what a person sees

    def table(self):
        """(header, rows, note): the last step; without one, what is in force."""
        if not self._items:
            return ("what", "value"), self._facts(), ""
        registers = self._trial or self._registers()
        rows = []
        for item in self._items:
            name = value = ""
            if item.register is not None:
                name = self._arithmetic.name(item.register)
                value = registers.value(item.register)
            rows.append((item.name, item.reference, item.error, name, value, item.after))
        header = ("channel", "reference", "error before", "register", "value", "error after")
        return header, rows, self._note()

    def _note(self):
        if self._state == _IDLE:
            return "%s: %s" % (self._step, self._outcome)
        return "%s: %s, %d of %d windows" % (
            self._step,
            _STATES[self._state],
            self._averages.count,
            self._windows,
        )

    def _facts(self):
        rows = self._record.facts()
        crc = "not told yet" if self.config_crc is None else "0x%04X" % self.config_crc
        rows.append(("checksum of the unit", crc))
        for register, value in self.rows():
            rows.append((self._arithmetic.name(register), value))
        return rows


def _channels(phases):
    if isinstance(phases, str) and phases:
        found = ["abcn".find(letter) for letter in phases.lower()]
        if min(found) >= 0 and len(set(found)) == len(found):
            return found
    raise ConfigError("the phases are some of a, b, c and n, as in 'abc'")


def _no_link(_rows):
    raise ConfigError("there is no link to the metrology unit to write registers over")
