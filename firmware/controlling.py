"""Control, wired: a part of the composition root, the same on every board and on the bench."""

from firmware.config import interlocks
from firmware.control import book
from firmware.control.desk import Desk
from firmware.control.door import Door
from firmware.control.outputs import Outputs
from firmware.control.runner import Runner


class Control:
    def __init__(self, clock, slots, setting, points, emit, kept=None, rules=None):
        """slots(): the Slots in service; setting(name) of the group `control`, in force now;
        emit(name, device, text): an event. `kept`, `rules`: Book and Interlocks, if not those on
        this board's flash."""
        self.interlocks = rules or interlocks.on_flash()
        self.outputs = Outputs(slots)
        self.door = Door(
            clock,
            kept or book.on_flash(),
            self.outputs.find,
            setting,
            lambda output, action: self.interlocks.objection(output, action, points.reading),
            emit,
        )
        self.runner = Runner(self.door, self.outputs.find)
        self.desk = Desk(self.door, self.outputs, self.interlocks)
