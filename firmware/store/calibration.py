"""The calibration on flash: two copies, with who did it and when, and the one before it.

JSON in a Twin: {"now": entry, "before": entry, "config": [fingerprint, crc]}; an entry is {"rows":
[[register, value], ...], "done": [...], "utc_ms", "operator", "settings", "checksum"}, or null for
none. `checksum` is a CRC-32 over the rows. `config` is the IC's own checksum of its configuration,
and of which settings and rows.
"""

import json
import struct

from firmware.core.crc import crc32
from firmware.core.errors import ConfigError

_EMPTY = {"rows": (), "done": (), "utc_ms": 0, "operator": "", "settings": -1}


class CalibrationRecord:
    def __init__(self, twin):
        self._twin = twin
        self._now = None  # entry in force
        self._before = None
        self._config = None

    def load(self):
        """Take what flash holds; the text of what was wrong with it, or ""."""
        payload, info = self._twin.load()
        if payload is None:
            return "" if info.reason == "absent" else "the calibration is " + info.reason
        try:
            document = json.loads(payload)
            now, before = _checked(document["now"]), _checked(document["before"])
            config = document["config"]
            if config is not None:
                config = [int(config[0]), int(config[1])]
        except (ValueError, KeyError, TypeError, IndexError, OverflowError):
            return "the calibration is not what this firmware keeps"
        self._now, self._before, self._config = now, before, config
        return ""

    def is_kept(self):
        """Is there a calibration, or was there one?"""
        return self._now is not None or self._before is not None

    @property
    def rows(self):
        return self._entry()["rows"]

    @property
    def done(self):
        return self._entry()["done"]

    @property
    def settings(self):
        """Version of the settings when this was kept; -1: there is none."""
        return self._entry()["settings"]

    @property
    def checksum(self):
        return checksum(self.rows)

    def replace(self, entry):
        """Keep `entry` (without its checksum); the present one becomes the one before. StoreError
        when flash refuses: then nothing has changed."""
        fresh = dict(entry)
        fresh["checksum"] = checksum(fresh["rows"])
        self._save(fresh, self._now, self._config)

    def undo(self, settings_version):
        """The one before is back, and this one is the one before: twice is forward again."""
        if not self.is_kept():
            raise ConfigError("there is no earlier calibration to go back to")
        back = dict(self._before or _EMPTY)
        back["settings"] = settings_version
        back["checksum"] = checksum(back["rows"])
        self._save(back, self._now, self._config)

    def expected_crc(self, settings_text):
        """The IC's own checksum as it was with these settings and rows; None: not known."""
        if self._config and self._config[0] == self._fingerprint(settings_text):
            return self._config[1]
        return None

    def seal(self, settings_text, crc):
        """Keep the IC's own checksum, if it is news."""
        config = [self._fingerprint(settings_text), crc]
        if crc is not None and config != self._config:
            self._save(self._now, self._before, config)

    def facts(self):
        """[(what, value)] for people."""
        now = self._entry()
        if not self.is_kept():
            return [("calibration", "none")]
        return [
            ("calibrated by", now["operator"] or "nobody"),
            ("UTC ms", now["utc_ms"]),
            ("what", ", ".join(now["done"])),
            ("checksum", "0x%08X" % self.checksum),
        ]

    def _fingerprint(self, settings_text):
        return crc32(_packed(self.rows), crc32(settings_text.encode()))

    def _entry(self):
        return self._now or _EMPTY

    def _save(self, now, before, config):
        document = {"now": now, "before": before, "config": config}
        self._twin.save(json.dumps(document).encode())
        self._now, self._before, self._config = now, before, config


def checksum(rows):
    """CRC-32 over the rows, each as two 32-bit words, big-endian."""
    return crc32(_packed(rows))


def _packed(rows):
    return b"".join([struct.pack(">ii", register, value) for register, value in rows])


def _checked(entry):
    """The entry with its rows as tuples; ValueError when its checksum is not that of its rows."""
    if entry is None:
        return None
    entry["rows"] = tuple([(int(r), int(v)) for r, v in entry["rows"]])
    if entry["checksum"] != checksum(entry["rows"]):
        raise ValueError("checksum")
    return {key: entry[key] for key in tuple(_EMPTY) + ("checksum",)}
