"""What of the time survives a reboot: a small file in two copies, and the board's battery clock.

The file is written after each freeze and each step, 96 times a day, which costs 40 to 120 erases
(300 to 1100 bytes, littlefs with blocks of 4096). It holds when that was (the floor: no clock that
says less was running all along), how sure, the learned rate and which boundaries were taken. A
battery clock that says less than the floor, or ten years more (the battery keeps it for five), was
lost: the floor is the best guess then, and the time is unknown. It is written back each hour, at
the beginning of a second, since some keep whole seconds only.
"""

import json

from micropython import const

from firmware.core import civil
from firmware.core.errors import StoreError

LIMIT = const(3072)  # bytes of the file, three kinds of boundaries in 16 eras each
_FIRST_S = const(1735689600)  # 2025: nobody had this firmware before
_BEHIND_S = const(5)  # the battery clock may be behind the floor
_BATTERY_S = const(315576000)  # ten years
_BATTERY_PPB = const(12000)  # 1 s a day, -25 .. +60 C
_SECOND_US = const(1000000)
_FRESH_US = const(300000000)  # a battery clock without a floor: set by whom?


class Keeper:
    def __init__(self, twin, rtc_us, set_rtc):
        """`twin`: a core.twin.Twin; rtc_us(): UTC in us of the board's battery clock;
        set_rtc(us): sets it, None where the board has none."""
        self._twin = twin
        self._rtc_us = rtc_us
        self._set_rtc = set_rtc
        self.kept = {}  # what the file held at boot
        self.problem = ""  # of the file, or of flash
        self.writes = 0

    def load(self):
        """(UTC in us, what it may be off in us, whether it is known, sentence or "")."""
        payload, info = self._twin.load()
        if payload is None:
            self.problem = "" if info.reason == "absent" else "the kept time is " + info.reason
        else:
            self._parse(payload)
        return self._judge(self._rtc_us())

    def _parse(self, payload):
        try:
            kept = json.loads(payload)
            if type(kept["utc"]) is not int or type(kept["doubt"]) is not int:
                raise ValueError
            self.kept = kept
        except (ValueError, KeyError, TypeError):
            self.problem = "the kept time is not what this firmware writes"

    def _judge(self, rtc_us):
        rtc_s = rtc_us // _SECOND_US
        floor_s = self.kept.get("utc")
        least_s = _FIRST_S if floor_s is None else floor_s - _BEHIND_S
        is_lost = rtc_s < least_s or (floor_s is not None and rtc_s > floor_s + _BATTERY_S)
        if not is_lost:
            if floor_s is None:
                return rtc_us, _FRESH_US, True, ""
            off_us = (rtc_s - floor_s) * _BATTERY_PPB // 1000
            doubt_us = self.kept["doubt"] * 1000 + max(0, off_us) + _SECOND_US
            return max(rtc_us, floor_s * _SECOND_US), doubt_us, self.kept.get("known") == 1, ""
        best_s = max(floor_s or 0, _FIRST_S)
        text = "the battery clock says %s" % civil.text(rtc_s * 1000)
        if floor_s is not None:
            text += ", it was %s already" % civil.text(floor_s * 1000)
        return best_s * _SECOND_US, 0, False, text

    def floor_s(self):
        """The time is later than that, s since 1970."""
        return max(_FIRST_S, self.kept.get("utc", 0) - _BEHIND_S)

    def save(self, clock, doubt_us, rate, boundaries):
        """`rate`, `boundaries`: records of theirs. False when flash refuses: see `problem`."""
        record = {
            "v": 1,
            "utc": clock.utc_ms() // 1000,
            "doubt": doubt_us // 1000,
            "known": int(clock.is_known),
            "rate": rate,
            "boundaries": boundaries,
        }
        try:
            self._twin.save(json.dumps(record, separators=(",", ":")).encode())
        except StoreError as error:
            self.problem = str(error)
            return False
        self.problem = ""
        self.writes += 1
        return True

    def set_rtc(self, clock):
        """To be called at the beginning of a second."""
        if self._set_rtc is not None and clock.is_known:
            self._set_rtc(clock.utc_us())
