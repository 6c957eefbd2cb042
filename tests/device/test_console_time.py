"""The verb of time: what it shows, what it takes, how it refuses."""

from firmware.console import ttu
from firmware.console.table import Note
from firmware.core.errors import ConfigError


class Terminal:
    def time(self):
        return [("UTC", "2026-11-30 12:00:00")]

    def meter_clocks(self):
        return ("device", "offset s"), [("1-17", 3)], "set at 03:20"

    def set_time(self, text):
        if text == "noon":
            raise ConfigError("a moment is written as 2026-11-30 12:00:00, not %s" % text)
        return "the clock is set"


ttu.bind(Terminal())
assert ttu.time()[0] == ("UTC", "2026-11-30 12:00:00")
assert ttu.time("meters").header == ("device", "offset s")
assert repr(ttu.time("2026-11-30 12:00:00")) == "the clock is set"
assert "a moment is written as" in repr(ttu.time("noon"))
for wrong in (12, None, b"x"):
    answer = ttu.time(wrong)
    assert isinstance(answer, Note) and "local time in quotes" in repr(answer)
assert "use it as time(" in repr(ttu.time("a", "b"))
print("OK")
