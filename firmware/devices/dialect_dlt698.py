"""Devices that speak DL/T 698.45: several objects are read by one GET list. A point's place is
an OAD ("20000200"); it is shown as the whole value (0) or as element n of an array or structure
(1, 2 ..). Bit n of the number a bit-string becomes is its n-th bit, the first on the line 0."""

from micropython import const

from firmware.codec import dlt698_requests as requests
from firmware.codec.dlt698 import PREAMBLE
from firmware.codec.dlt698_address import flag_and_bytes, meter
from firmware.codec.dlt698_data import BITS, Tagged
from firmware.codec.dlt698_master import Transaction
from firmware.codec.dlt698_replies import ERROR, OK
from firmware.core.errors import CodecError, SlotError
from firmware.core.quality import GOOD, IV
from firmware.devices.dialect import BaseDialect, number

_LIST = const(8)  # objects of one request, unless the profile says otherwise
_LIST_MOST = const(64)
_FRAME = const(512)  # bytes of the longest frame we take: longer answers come in fragments


class Dialect(BaseDialect):
    GAP_MS = const(500)
    DEFAULT_KIND = 0

    def __init__(self):
        super().__init__(Transaction(_FRAME), _FRAME + len(PREAMBLE))

    def address(self, text):
        """Digits; SlotError."""
        try:
            flag_and_bytes(meter(text))
        except CodecError as error:
            raise SlotError(str(error))
        if "A" in text.upper():
            raise SlotError("%s is not the address of one device" % text)
        return text

    def judge(self, document):
        number(document, "list", _LIST, 1, _LIST_MOST)

    def place(self, where, document):
        try:
            requests.get(0, where)
        except (CodecError, TypeError):
            raise SlotError("%s is no OAD of eight hexadecimal digits" % (where,))
        return where.upper()

    def kind(self, element, place):
        if not isinstance(element, int) or not 0 <= element <= 31:
            raise SlotError("an element is 0 (the whole value) to 31, not %s" % element)
        return element

    def plan(self, rows, document):
        longest = document.get("list", _LIST)
        reads = []  # [OADs, points]
        for point, place, kind in rows:
            last = reads[-1] if reads else None
            if last is None or (place not in last[0] and len(last[0]) >= longest):
                last = [[], []]
                reads.append(last)
            if place not in last[0]:
                last[0].append(place)
            last[1] += (point, last[0].index(place) << 5 | kind)
        return [(tuple(oads), tuple(points)) for oads, points in reads]

    def parts(self, ask, points):
        return len(ask)

    def part(self, ask, points, number):
        mine = []
        for i in range(0, len(points), 2):
            if points[i + 1] >> 5 == number:
                mine += (points[i], points[i + 1] & 31)
        return (ask[number],), mine

    def count_from(self, number):
        self.master.number = number

    def begin(self, address, ask):
        apdu = requests.get(0, ask[0]) if len(ask) == 1 else requests.get_list(0, ask)
        return self.master.begin(meter(address), apdu)

    def refused(self):
        return self.master.reply.service == ERROR

    def values(self, points, out):
        """What the answer refuses, or what is no number, is invalid."""
        results = self.master.reply.results
        for i in range(0, len(points), 2):
            how = points[i + 1]
            result = results[how >> 5]
            value = _number(result.data, how & 31) if result.dar == OK else None
            if value is None:
                out(points[i], 0, IV)
            else:
                out(points[i], value, GOOD)


def _number(data, element):
    """The integer in a decoded Data, None when there is none."""
    if element:
        if not isinstance(data, (list, tuple)) or isinstance(data, Tagged):
            return None
        data = data[element - 1] if element <= len(data) else None
    if isinstance(data, bool):
        return int(data)
    if isinstance(data, Tagged):
        if data.tag == BITS:
            count, raw = data.value
            return sum([1 << i for i in range(min(count, 31)) if raw[i >> 3] << (i & 7) & 0x80])
        data = data.value
    return data if isinstance(data, int) else None
