"""The table in the middle: one (value, quality, stamp) a point, in flat arrays.

Devices are blocks of points of one template. Producers `put`, consumers read; the table
knows neither. Capacity is fixed at start, so that no growth can fragment the heap.
"""

from array import array
from collections import namedtuple

from firmware.core import decimal, quality

# One block. number: its place in the table; template: ((name, unit, power of ten), ..); base:
# index of its first point. Made when somebody looks: a station has 200 of them.
Device = namedtuple("Device", ("number", "name", "template", "base"))


class Points:
    def __init__(self, capacity):
        self.values = array("q", bytes(8 * capacity))
        self.stamps = array("q", bytes(8 * capacity))  # UTC ms; 0 = never written
        self.quality = bytearray(b"\xc0" * capacity)  # IV NT until first written
        self.used = 0
        self._sealed = 0  # blocks that nobody else may claim
        self._names = []  # by number of the device
        self._templates = []
        self._bases = array("H")

    def add(self, name, template):
        """Claim a block; the Device. The name's former block is taken over if it fits; else it
        is left behind until the next start. ValueError when the table is full, or the name is
        one of the terminal's own."""
        number = self._names.index(name) if name in self._names else -1
        if 0 <= number < self._sealed and self._templates[number] is not template:
            raise ValueError("%s is a name of the terminal's own: choose another" % name)
        if number >= 0 and len(self._templates[number]) == len(template):
            if self._templates[number] != template:  # one of two that are alike is enough
                self._templates[number] = template
            return self.at(number)
        if self.used + len(template) > len(self.values):
            raise ValueError("no room for the points of %s: raise station.points" % name)
        if number < 0:
            number = len(self._names)
            self._names.append(name)
            self._templates.append(template)
            self._bases.append(self.used)
        else:
            self._templates[number] = template
            self._bases[number] = self.used
        self.used += len(template)
        return self.at(number)

    def seal(self):
        """The blocks claimed so far are never taken over but with their very template."""
        self._sealed = len(self._names)

    def at(self, number):
        """The Device of that number."""
        return Device(number, self._names[number], self._templates[number], self._bases[number])

    def base(self, number):
        """Index of the first point of a block; makes no Device."""
        return self._bases[number]

    def device(self, name):
        """The Device of that name or None."""
        return self.at(self._names.index(name)) if name in self._names else None

    def reading(self, name):
        """(value, power of ten, quality bits) of a point such as "meter.ua"; None without one."""
        at = name.rfind(".")
        device = self.device(name[:at]) if at > 0 else None
        if device is not None:
            for offset, row in enumerate(device.template):
                if row[0] == name[at + 1 :]:
                    index = device.base + offset
                    return self.values[index], row[2], self.quality[index]
        return None

    @property
    def devices(self):
        """Every Device, in the order they were added."""
        for number in range(len(self._names)):
            yield self.at(number)

    def put(self, index, value, bits, stamp_ms):
        """One new value: int in the template's unit and power, quality bits, UTC ms."""
        self.values[index] = value
        self.quality[index] = bits
        self.stamps[index] = stamp_ms

    def put_all(self, first, values, bits, stamp_ms):
        """A new value for each point from index `first` on, all of one quality and stamp."""
        mine, marks, stamps = self.values, self.quality, self.stamps
        for value in values:
            mine[first] = value
            marks[first] = bits
            stamps[first] = stamp_ms
            first += 1

    def mark(self, device, bits):
        """Add quality bits to a whole block; values and stamps stay as they were."""
        for index in range(device.base, device.base + len(device.template)):
            self.quality[index] |= bits

    def rows(self, matches):
        """Yield (name, value text, unit, quality text, stamp ms) where matches(name)."""
        for device in self.devices:
            for offset, (point, unit, power) in enumerate(device.template):
                name = device.name + "." + point
                if matches(name):
                    index = device.base + offset
                    yield (
                        name,
                        decimal.text(self.values[index], power),
                        unit,
                        quality.text(self.quality[index]),
                        self.stamps[index],
                    )
