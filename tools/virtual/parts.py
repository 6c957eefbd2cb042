"""What the terminals of benches and tests have in common, under MicroPython."""

from firmware import loading
from firmware.config.schema import SCHEMA


def settings(kind):
    """{name: default} of a module type."""
    return {row[0][len(kind) + 1 :]: row[2] for row in SCHEMA if row[0].startswith(kind + ".")}


def driver(kind):
    """The Driver class of a module type."""
    return loading.find("modules." + kind)


class Deaf:
    """Listens to slots and makes nothing of it."""

    def slot_failed(self, number, text):
        pass

    def slot_event(self, name, who, text, stamp_ms, members):
        pass

    def device_changed(self, name, is_back):
        pass

    def state_changed(self, device, point, before, now, stamp_ms):
        pass
