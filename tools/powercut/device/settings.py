"""The settings (config/store.py): a commit is there whole or not at all."""

from firmware.config.store import Config
from firmware.core.twin import Twin
from firmware.store import event_codes

_INTS = ("pq.dip", 50, 95), ("pq.rated_a", 1, 1000000), ("metering.nominal_v", 10, 100000)


class Settings:
    def __init__(self):
        self.acked = {}  # path: value
        self.tried = {}
        self._config = None

    def copy(self):
        other = Settings()
        other.acked, other.tried = self.acked, self.tried
        return other

    def boot(self, terminal, tally):
        self._config = Config(Twin("/config.a", "/config.b", 16384, terminal.disk))
        problems = self._config.load()
        if self._has(self.tried):
            self.acked = self.tried
        elif not self._has(self.acked):
            tally.add("acked_lost", "settings: " + "; ".join(problems))
        self.tried = self.acked

    def _has(self, values):
        return all([self._config.get(path) == values[path] for path in values])

    def act(self, terminal, draw):
        fresh = dict(self.acked)
        for path, low, high in _INTS[: draw(1, 3)]:
            fresh[path] = draw(low, high)
        fresh["station.name"] = "ttu-" + "x" * draw(0, 28)
        for path in fresh:
            self._config.set(path, fresh[path])
        self.tried = fresh
        self._config.commit()
        self.acked = fresh
        terminal.log.emit(event_codes.CONFIG_COMMITTED, "", "station.name")
