"""The table in the middle: one (value, quality, stamp) a point, in flat arrays.

Devices are blocks of points of one template. Producers `put`, consumers read; the table
knows neither. Capacity is fixed at start, so that no growth can fragment the heap.
"""

from array import array

from firmware.core import decimal, quality


class Device:
    """One block: `template` is a tuple of (name, unit, power of ten)."""

    def __init__(self, name, template, base):
        self.name = name
        self.template = template
        self.base = base  # index of its first point


class Points:
    def __init__(self, capacity):
        self.values = array("q", bytes(8 * capacity))
        self.stamps = array("q", bytes(8 * capacity))  # UTC ms; 0 = never written
        self.quality = bytearray(b"\xc0" * capacity)  # IV NT until first written
        self.devices = []
        self.used = 0

    def add(self, name, template):
        """Claim a block; the Device. The name's former block is taken over if it fits."""
        device = self.device(name)
        if device is not None:
            if len(device.template) != len(template):
                raise ValueError("%s is already there with another template" % name)
            device.template = template
            return device
        if self.used + len(template) > len(self.values):
            raise ValueError("the points table is full, %s was not added" % name)
        device = Device(name, template, self.used)
        self.devices.append(device)
        self.used += len(template)
        return device

    def device(self, name):
        """The Device of that name or None."""
        for device in self.devices:
            if device.name == name:
                return device
        return None

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
