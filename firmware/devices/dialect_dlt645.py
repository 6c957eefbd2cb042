"""Meters and breakers that speak DL/T 645-2007. A point's place is a data identifier; it is
shown as `bcd` (numbers as the standard lays them out), `bits` (a status word) or, where the
identifier is the maker's own, `bcd1` .. `bcd8` or, with a sign in the top bit, `sbcd1` .. `sbcd8`
bytes. A profile's `blocks` name identifiers that bring several others at once."""

from micropython import const

from firmware.codec import dlt645, dlt645_items, dlt645_values
from firmware.codec.dlt645_master import Transaction
from firmware.core.errors import CodecError, SlotError
from firmware.core.quality import GOOD, IV
from firmware.devices.dialect import BaseDialect

_STANDARD = const(0)  # kinds
_BITS = const(1)
_BCD = const(16)  # + bytes
_SIGNED = const(32)  # + bytes


class Dialect(BaseDialect):
    GAP_MS = const(500)  # Tb (DL/T 645-2007, physical layer)
    DEFAULT_KIND = "bcd"

    def __init__(self):
        super().__init__(Transaction(), dlt645.MAX_FRAME + len(dlt645.PREAMBLE))

    def address(self, text):
        """Twelve digits; SlotError for wildcards and the broadcast address."""
        try:
            dlt645.address_bytes(text)
        except CodecError as error:
            raise SlotError(str(error))
        if "A" in text or text == dlt645.BROADCAST:
            raise SlotError("%s is not the address of one meter" % text)
        return text

    def judge(self, document):
        """Identifiers are in capitals afterwards."""
        blocks = document.get("blocks", {})
        document["blocks"] = {
            self.place(block, document): [self.place(one, document) for one in blocks[block]]
            for block in blocks
        }

    def place(self, where, document):
        try:
            dlt645.hex_bytes(where, 4, "a data identifier")
        except (CodecError, TypeError):
            raise SlotError("%s is no data identifier of eight digits" % (where,))
        return where.upper()

    def kind(self, text, place):
        if text == "bcd":
            if dlt645_items.find(place) is None:
                raise SlotError("the standard has no %s: say bcd1 to bcd8 or sbcd" % place)
            return _STANDARD
        if text == "bits":
            return _BITS
        digit = text[-1:]
        if text[:-1] not in ("bcd", "sbcd") or digit not in "12345678":
            raise SlotError("%s is none of bcd, bits, bcd1 to bcd8, sbcd1 to sbcd8" % text)
        return int(digit) + (_SIGNED if text[0] == "s" else _BCD)

    def plan(self, rows, document):
        reads = []
        left = list(rows)
        blocks = document["blocks"]
        for block in sorted(blocks):
            members = blocks[block]
            inside = [row for row in left if row[1] in members]
            inside = [row for row in inside if row[2] == inside[0][2]]  # all shown alike
            if len(inside) > 1:
                points = []
                for point, place, kind in inside:
                    points += (point, kind << 8 | members.index(place))
                reads.append(((block,) + tuple(members), tuple(points)))
                left = [row for row in left if row not in inside]
        return reads + [((place,), (point, kind << 8)) for point, place, kind in left]

    def parts(self, ask, points):
        return len(points) // 2

    def part(self, ask, points, number):
        point, how = points[2 * number : 2 * number + 2]
        return (ask[1 + (how & 0xFF)],), (point, how & ~0xFF)

    def begin(self, address, ask):
        return self.master.begin(address, dlt645.read(address, ask[0]))

    def refused(self):
        return self.master.reply.error >= 0

    def values(self, points, out):
        """What the answer lacks or marks FF is invalid."""
        reply = self.master.reply
        numbers = _numbers(reply.di, reply.data, points[1] >> 8)
        for i in range(0, len(points), 2):
            at = points[i + 1] & 0xFF
            value = numbers[at] if at < len(numbers) else None
            if value is None:
                out(points[i], 0, IV)
            else:
                out(points[i], value, GOOD)


def _numbers(di, data, kind):
    if kind == _STANDARD:
        return dlt645_values.numbers(di, data)
    if kind == _BITS:  # two bytes a word, low byte first (DL/T 645-2007, 04 00 05 nn)
        return [data[i] | data[i + 1] << 8 for i in range(0, len(data) - 1, 2)]
    size = kind & 15
    signed = kind & _SIGNED != 0
    return [
        dlt645_values.number(data, i, size, signed) for i in range(0, len(data) - size + 1, size)
    ]
