"""What a driver tells of its own accord and what its polls bring, put among the points and told
to the listener. One for each session of a slot: a driver that was closed tells nothing any more.
"""

from micropython import const

from firmware.core.quality import IV, NT

NO_BLOCK = const(0xFFFF)  # of a device that found no place among the points

UNKNOWN, UP, DOWN = const(0), const(1), const(2)


class News:
    def __init__(self, number, blocks, points, clock, listener):
        """`number` of the slot, `blocks` in the points table by number of the device; the
        listener is Slot's."""
        self.states = bytearray(len(blocks))  # of devices that `run` serves: UNKNOWN, UP, DOWN
        self.missed = 0  # values of devices that have no place among the points
        self._number = number
        self._blocks = blocks
        self._points = points
        self._clock = clock
        self._listener = listener
        self._is_over = False

    def close(self):
        """Nothing is told from here on."""
        self._is_over = True

    def put(self, device, point, value, bits=0, stamp_ms=0, is_state=False):
        """As in the contract."""
        if self._is_over:
            return
        block = self._blocks[device]
        if block == NO_BLOCK:
            self.missed += 1
            return
        points = self._points
        index = points.base(block) + point
        if bits & (IV | NT):
            # a failed reading keeps the last value and its stamp, and says so
            points.quality[index] |= bits
            return
        before = points.values[index]
        is_news = is_state and before != value and not points.quality[index] & IV
        stamp_ms = stamp_ms or self._clock.utc_ms()
        points.put(index, value, bits, stamp_ms)
        if is_news:
            self._listener.state_changed(points.at(block), point, before, value, stamp_ms)

    def lost(self, device):
        """As in the contract; nothing when it is known already."""
        if self._turn(device, DOWN):
            self._points.mark(self._points.at(self._blocks[device]), NT | IV)
            self._listener.device_changed(self.name(device), False)

    def back(self, device):
        """As in the contract; one that was never lost is just known to be there."""
        was_lost = self.states[device] == DOWN
        if self._turn(device, UP) and was_lost:
            self._listener.device_changed(self.name(device), True)

    def event(self, name, text, device=-1, stamp_ms=0, members=()):
        """As in the contract."""
        if self._is_over:
            return
        who = self.name(device) if device >= 0 else "slot %d" % self._number
        self._listener.slot_event(name, who, text, stamp_ms, members)

    def name(self, device):
        """Of a device, as people know it."""
        block = self._blocks[device]
        return "" if block == NO_BLOCK else self._points.at(block).name

    def _turn(self, device, state):
        if self._is_over or self._blocks[device] == NO_BLOCK or self.states[device] == state:
            return False
        self.states[device] = state
        return True
