"""The calibration of the metrology unit, wired: what flash keeps, the IC's registers, the meter.

Part of the composition root: it knows everybody calibration has to do with.
"""

from firmware.core.errors import StoreError
from firmware.core.twin import Twin
from firmware.link.ade9000 import calibration as registers
from firmware.metering.calibration import Calibrator
from firmware.metering.corrections import Corrections
from firmware.store import event_codes
from firmware.store.calibration import CalibrationRecord

_EVENTS = {
    "step": event_codes.CALIBRATION_STEP,
    "kept": event_codes.CALIBRATION_KEPT,
    "undone": event_codes.CALIBRATION_UNDONE,
    "refused": event_codes.CALIBRATION_REFUSED,
}


class Calibrating:
    def __init__(self, t):
        """Of the terminal `t`: reads what flash keeps, for the start of the IC."""
        self._t = t
        # whatever else the IC's registers follow from: with another of these the checksum of its
        # configuration is another one, and nothing is compared
        self._text = "%s %s %s" % (t.VERSION, t.config.group("link"), t.config.group("metering"))
        self._record = CalibrationRecord(Twin("/calibration.a", "/calibration.b", 4096))
        wrong = self._record.load()
        if wrong:
            t.events.emit(event_codes.CALIBRATION_LOST, "meter", wrong)
        self.rows = self._record.rows
        self.expected_crc = self._record.expected_crc(self._text)
        self.calibrator = None

    def connect(self, facts, meter, link):
        """`facts` = (u_fs_mv, i_fs_ma, fs_word) of the IC behind `link`."""
        meter.corrections = Corrections()
        self.calibrator = Calibrator(
            registers, self._record, meter.corrections, facts, self._t.clock, self._tell
        )
        self.calibrator.apply = link.set_calibration

    def configuration(self, crc, is_same, text):
        """As the link's sink hears it."""
        if is_same is False:
            self._t.events.emit(event_codes.METROLOGY_CONFIG, "meter", text)
        self.calibrator.configuration(crc, is_same, text)
        self._seal()

    def _tell(self, kind, text):
        self._t.events.emit(_EVENTS[kind], "meter", text)
        if kind == "kept":
            self._seal()

    def _seal(self):
        """Keep the checksum for the next start, unless it is of rows that are on trial."""
        if self.calibrator.rows() != tuple(self._record.rows):
            return
        try:
            self._record.seal(self._text, self.calibrator.config_crc)
        except StoreError as error:
            self._t.events.emit(event_codes.STORE_FAILED, "", str(error))
