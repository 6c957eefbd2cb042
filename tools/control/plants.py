"""Defects that `make control` must find, put into the running terminal by number (MicroPython)."""

from firmware.control import book, door
from modules.control import board, driver

_holder = door.Door._holder


def _no_originator(self, originator):
    """Whoever selected it."""
    return self.selection or _holder(self, originator)


def _use_later(self, originator, number, under_way=None):
    """The number is kept when the operation is over."""
    self._numbers[originator] = number
    if under_way is None:
        self._save(None)


def _no_end(self, _timer):
    """The timer ends nothing."""


def _no_stop(self):
    self.fed = 0


def _no_number(self, originator, number):
    """Any number will do."""


def _never_late(self):
    """A selection does not run out."""


def _no_wait(self):
    return 60000


def put(number):
    """Defect 1 to 5; 0: none."""
    if number == 1:
        door.Door._holder = _no_originator
    elif number == 2:
        book.Book.use = _use_later
    elif number == 3:
        driver.Driver._end = _no_end
        board.Board.stop = _no_stop
    elif number == 4:
        book.Book.judge = _no_number
    elif number == 5:
        door.Door.look = _never_late
        door.Door.wait_ms = _no_wait
