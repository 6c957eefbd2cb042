"""What happens in the parts, told as events: a part of the composition root. Bay, slots, the
pass-through, control and the supervisor call it their listener."""

from firmware.core.members import Members
from firmware.store import event_codes

_TASKS = {
    "crashed": event_codes.TASK_CRASHED,
    "late": event_codes.TASK_LATE,
    "stuck": event_codes.TASK_STUCK,
    "gave up": event_codes.TASK_GIVEN_UP,
}


class Telling:
    def __init__(self, events):
        """`events`: an EventLog."""
        self._events = events

    def slot_failed(self, number, text):
        self._events.emit(event_codes.SLOT_ERROR, "slot %d" % number, text)

    def module_in(self, number, text):
        self._events.emit(event_codes.MODULE_IN, "slot %d" % number, text)

    def module_out(self, number, text):
        self._events.emit(event_codes.MODULE_OUT, "slot %d" % number, text)

    def module_refused(self, number, text):
        self._events.emit(event_codes.MODULE_REFUSED, "slot %d" % number, text)

    def client_in(self, number, text):
        self._events.emit(event_codes.CLIENT_IN, "slot %d" % number, text)

    def client_out(self, number, text):
        self._events.emit(event_codes.CLIENT_OUT, "slot %d" % number, text)

    def device_changed(self, name, is_back):
        code = event_codes.DEVICE_BACK if is_back else event_codes.DEVICE_LOST
        self._events.emit(code, name)

    def state_changed(self, device, point, before, now, stamp_ms):
        text = "%s %d, was %d" % (device.template[point][0], now, before)
        self._events.emit(event_codes.STATE, device.name, text, stamp_ms)

    def slot_event(self, name, who, text, stamp_ms=0, members=()):
        details = Members(text, members) if members else text
        self._events.emit(event_codes.code(name), who, details, stamp_ms)

    def task_event(self, kind, name, text):
        self._events.emit(_TASKS[kind], name, text)
