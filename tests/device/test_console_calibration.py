"""The verbs of calibration: a step starts, is refused or called off; rollback takes the last."""

from flash import formatted

from firmware.config.store import Config
from firmware.console import ttu
from firmware.console.table import Note
from firmware.core.clock import Clock
from firmware.core.twin import Twin
from firmware.link.ade9000 import calibration as registers
from firmware.metering import calibration, corrections
from firmware.store.calibration import CalibrationRecord

NOW = 1790000000000


class Terminal:
    def __init__(self, fs):
        self.clock = Clock(lambda: 0, lambda a, b: a - b, lambda: NOW)
        self.config = Config(Twin("/a", "/b", 4096, fs))
        self.config.load()
        self.calibrator = None


def sentence(result):
    """The text of the Note that `result` must be."""
    assert isinstance(result, Note), repr(result)
    text = repr(result)
    assert "\n" not in text and "Traceback" not in text and len(text) < 250, text
    return text


fs = formatted()[1]
terminal = Terminal(fs)
ttu.bind(terminal)
for verb in (ttu.calibration, ttu.calibrate):
    assert "not calibrated from here" in sentence(verb())
assert "not calibrated from here" in sentence(ttu.rollback("calibration"))
record = CalibrationRecord(Twin("/c", "/d", 4096, fs))
applied = []
given = corrections.Corrections()
facts = (500000, 400000, 74532013)
terminal.calibrator = calibration.Calibrator(
    registers, record, given, facts, terminal.clock, lambda kind, text: None
)
terminal.calibrator.apply = applied.append
assert ttu.calibration()[0] == ("calibration", "none")
assert "say gain, phase or offset" in sentence(ttu.calibrate())
assert "say gain, phase or offset" in sentence(ttu.calibrate("gain", u=230, operator="Li"))
assert "use it as calibrate(" in sentence(ttu.calibrate("gain", v=230))
assert "use it as calibrate(" in sentence(ttu.calibrate("gain", "a", "b"))
assert "keep takes operator" in sentence(ttu.calibrate("keep"))
assert "keep takes operator" in sentence(ttu.calibrate("keep", operator="Li", u=230))
assert "nothing is on trial" in sentence(ttu.calibrate("keep", operator="Li"))
assert "gain UB comes before" in sentence(ttu.calibrate("phase", "b", pf="0.5L"))
assert "above 0" in sentence(ttu.calibrate("gain", u="230"))
assert "no earlier calibration" in sentence(ttu.rollback("calibration"))
assert "'calibration' or nothing" in sentence(ttu.rollback("settings"))
assert "no earlier settings" in sentence(ttu.rollback())
# a step that runs; settings on trial go first, then the step, then what was kept last
assert "measuring UA UB UC IA IB IC" in sentence(ttu.calibrate("gain", u=230, i=5))
assert "still measuring" in sentence(ttu.calibrate("gain", u=230))
table = ttu.calibration()
assert [row[0] for row in table] == ["UA", "UB", "UC", "IA", "IB", "IC"]
assert "gain: measuring, 0 of 25 windows" in repr(table)
ttu.config("uplink.port", 99)
assert sentence(ttu.rollback()) == "no longer on trial: uplink.port"
assert sentence(ttu.rollback()) == "the calibration on trial is dropped"
ttu.config("uplink.port", 99)
ttu.commit()
entry = {"rows": ((0x00B, 7),), "done": ("gain UA",), "utc_ms": NOW, "operator": "Li"}
record.replace(dict(entry, settings=terminal.config.version))
assert ("AVGAIN", 7) in ttu.calibration().rows
assert "the calibration before is back" in sentence(ttu.rollback())
assert applied[-1] == () and ("AVGAIN", 7) not in ttu.calibration().rows
assert "the calibration before is back" in sentence(ttu.rollback())
assert applied[-1] == ((0x00B, 7),)
ttu.config("uplink.port", 98)
ttu.commit()
assert "put back: uplink.port" in sentence(ttu.rollback())

print("OK")
