"""Devices that speak Modbus RTU: registers of one function that lie close together are read at
once. A point's place is a register (of the profile's function) or [function, register]; it is
shown as u16 s16 u32 s32 u64 s64, or as bit 0 of a coil or discrete input."""

from micropython import const

from firmware.codec import modbus, modbus_values
from firmware.codec.modbus_master import Transaction
from firmware.core.errors import SlotError
from firmware.core.quality import GOOD
from firmware.devices.dialect import BaseDialect, number

_KINDS = ("u16", "s16", "u32", "s32", "u64", "s64", "bit")
_BIT = const(6)
_READERS = {
    1: modbus.read_coils,
    2: modbus.read_discrete,
    3: modbus.read_holding,
    4: modbus.read_input,
}
_MOST = const(125)  # registers of one request
_LAST = const(65535)  # register, or value
_ORDER_MOST = const(4)  # writes that operate an output
_NOT_NOW = (5, 6)  # exceptions: acknowledged, busy (Modbus application protocol 1.1b3, 7)


class Dialect(BaseDialect):
    GAP_MS = const(200)
    DEFAULT_KIND = "u16"

    def __init__(self):
        super().__init__(Transaction(), modbus.MAX_FRAME)

    def address(self, text):
        """Unit 1 to 247; SlotError."""
        if not text.isdigit() or not 1 <= int(text) <= 247:
            raise SlotError("a Modbus device has an address from 1 to 247, not %s" % text)
        return int(text)

    def judge(self, document):
        number(document, "gap", 0, 0, _MOST)
        number(document, "block", _MOST, 1, _MOST)
        if document.get("words", "high") not in ("high", "low"):
            raise SlotError("words is high or low, not %s" % document["words"])

    def place(self, where, document):
        """(function, register)."""
        if isinstance(where, int):
            where = (document.get("function", modbus.READ_HOLDING), where)
        if not _is_place(where):
            raise SlotError("%s is no register, nor [function 1 to 4, register]" % (where,))
        return tuple(where)

    def kind(self, text, place):
        if text not in _KINDS:
            raise SlotError("%s is none of %s" % (text, ", ".join(_KINDS)))
        kind = _KINDS.index(text)
        function, register = place
        if (kind == _BIT) != (function < modbus.READ_HOLDING):
            raise SlotError("function %d does not read %s" % (function, text))
        if register + _size(kind) - 1 > _LAST:
            raise SlotError("%s does not fit behind register %d" % (text, register))
        return kind

    def plan(self, rows, document):
        reads = []
        gap = document.get("gap", 0)
        longest = document.get("block", _MOST)
        low = 16 if document.get("words", "high") == "low" else 0
        for point, place, kind in sorted(rows, key=lambda row: row[1]):
            function, register = place
            end = register + _size(kind)
            last = reads[-1] if reads else None
            if (
                last is None
                or last[0] != function
                or register > last[2] + gap
                or end - last[1] > longest
            ):
                last = [function, register, end, []]
                reads.append(last)
            last[2] = max(last[2], end)
            last[3] += (point, (register - last[1]) << 5 | low | kind)
        return [((f, first, end - first), tuple(points)) for f, first, end, points in reads]

    def parts(self, ask, points):
        return len(_offsets(points))

    def part(self, ask, points, number):
        function, first, _ = ask
        offset = _offsets(points)[number]
        mine, count = [], 1
        for i in range(0, len(points), 2):
            if points[i + 1] >> 5 == offset:
                mine += (points[i], points[i + 1] & 31)
                count = max(count, _size(points[i + 1] & 15))
        return (function, first + offset, count), mine

    def begin(self, address, ask):
        function, register, count = ask
        return self.master.begin(_READERS[function](address, register, count))

    def order(self, writes):
        """((register, value), ..) of [[register, value], ..]: each is one request 06H."""
        if not isinstance(writes, list) or not 1 <= len(writes) <= _ORDER_MOST:
            raise SlotError("an output is operated by 1 to %d writes" % _ORDER_MOST)
        for write in writes:
            if len(write) != 2 or not (0 <= write[0] <= _LAST and 0 <= write[1] <= _LAST):
                raise SlotError("%s is no [register, value]" % (write,))
        return tuple([tuple(write) for write in writes])

    def begin_order(self, address, order):
        return self.master.begin(modbus.write_register(address, *order))

    def refused(self):
        return self.master.reply.error >= 0

    def is_divisible(self):
        return self.master.reply.error not in _NOT_NOW

    def values(self, points, out):
        data = self.master.reply.data
        for i in range(0, len(points), 2):
            how = points[i + 1]
            at, kind = how >> 5, how & 15
            if kind == _BIT:
                value = int(modbus_values.bit(data, at))
            else:
                low_first = how & 16 != 0
                value = modbus_values.number(data, at, _size(kind), kind & 1 == 1, low_first)
            out(points[i], value, GOOD)


def _is_place(where):
    if not isinstance(where, (list, tuple)) or len(where) != 2:
        return False
    if not isinstance(where[0], int) or not isinstance(where[1], int):
        return False
    return where[0] in _READERS and 0 <= where[1] <= _LAST


def _offsets(points):
    return sorted({points[i] >> 5 for i in range(1, len(points), 2)})


def _size(kind):
    """Registers, or bits."""
    return 1 if kind == _BIT else 1 << (kind >> 1)
