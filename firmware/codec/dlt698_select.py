"""Which rows and meters: Region, RSD and MS of DL/T 698.45, the fields that hold Data.

A Region is (unit, start, end). An MS is (0,) none, (1,) all, or (choice, items): 2 user types,
3 Addresses, 4 configuration numbers, 5/6/7 Regions of those. An RSD is a tuple led by its
selector:
  (0,)                            every row
  (1, OAD, value)                 (2, OAD, start, end, interval), half open
  (3, (selections as in 2, without the 2))
  (4, date_time_s, MS) by collection start, 5 by storage time
  (6, start, end, TI, MS) by collection start, 7 storage, 8 success
  (9, n) the n-th last            (10, n, MS) the last n
Only 0, 1, 2 are confirmed by more than one public source.
"""

from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_fields as fields
from firmware.core.errors import CodecError

EVERY_ROW = (0,)
NO_METER = (0,)
ALL_METERS = (1,)


def read_region(r, typed, depth):
    below = data.lower(depth)
    return r.number(1), data.read(r, typed, below), data.read(r, typed, below)


def put_region(out, region, depth):
    unit, start, end = region
    below = data.lower(depth)
    fields.put_number(out, unit, 1)
    data.put(out, start, below)
    data.put(out, end, below)


def read_ms(r, typed=False, depth=data.MAX_DEPTH):
    choice = r.number(1)
    if choice < 2:
        return (choice,)
    if choice == 2:
        return choice, tuple(r.take(r.count()))
    if choice == 3:
        return choice, tuple([fields.read_tsa(r) for _ in range(r.count())])
    if choice == 4:
        return choice, tuple([r.number(2) for _ in range(r.count(2))])
    if choice < 8:
        below = data.lower(depth)
        return choice, tuple([read_region(r, typed, below) for _ in range(r.count(3))])
    raise CodecError("there is no choice %d of meters" % choice)


def put_ms(out, ms, depth=data.MAX_DEPTH):
    choice = ms[0]
    if not 0 <= choice <= 7:
        raise CodecError("there is no choice %s of meters" % choice)
    out.append(choice)
    if choice < 2:
        return
    fields.put_count(out, ms[1])
    for item in ms[1]:
        if choice == 3:
            fields.put_tsa(out, item)
        elif choice < 5:
            fields.put_number(out, item, 1 if choice == 2 else 2)
        else:
            put_region(out, item, data.lower(depth))


def _read_span(r, typed, depth):
    oad = fields.read_oad(r)
    return (oad,) + tuple([data.read(r, typed, depth) for _ in range(3)])


def _put_span(out, span, depth):
    oad, start, end, interval = span
    fields.put_oad(out, oad)
    for value in (start, end, interval):
        data.put(out, value, depth)


def read_rsd(r, typed=False, depth=data.MAX_DEPTH):
    selector = r.number(1)
    if selector == 0:
        return (0,)
    if selector == 9:
        return 9, r.number(1)
    below = data.lower(depth)
    if selector == 1:
        return 1, fields.read_oad(r), data.read(r, typed, below)
    if selector == 2:
        return (2,) + _read_span(r, typed, below)
    if selector == 3:
        return 3, tuple([_read_span(r, typed, below) for _ in range(r.count(7))])
    if selector == 4 or selector == 5:
        return selector, fields.read_time(r, fields.DATE_TIME_S), read_ms(r, typed, below)
    if selector == 10:
        return 10, r.number(1), read_ms(r, typed, below)
    if selector > 10:
        raise CodecError("there is no selector %d" % selector)
    start = fields.read_time(r, fields.DATE_TIME_S)
    end = fields.read_time(r, fields.DATE_TIME_S)
    return selector, start, end, fields.read_ti(r), read_ms(r, typed, below)


def put_rsd(out, rsd, depth=data.MAX_DEPTH):
    selector = rsd[0]
    below = data.lower(depth)
    fields.put_number(out, selector, 1)
    if selector == 1:
        fields.put_oad(out, rsd[1])
        data.put(out, rsd[2], below)
    elif selector == 2:
        _put_span(out, rsd[1:], below)
    elif selector == 3:
        fields.put_count(out, rsd[1])
        for span in rsd[1]:
            _put_span(out, span, below)
    elif selector == 4 or selector == 5:
        fields.put_time(out, rsd[1], fields.DATE_TIME_S)
        put_ms(out, rsd[2], below)
    elif 6 <= selector <= 8:
        fields.put_time(out, rsd[1], fields.DATE_TIME_S)
        fields.put_time(out, rsd[2], fields.DATE_TIME_S)
        fields.put_ti(out, rsd[3])
        put_ms(out, rsd[4], below)
    elif selector == 9 or selector == 10:
        fields.put_number(out, rsd[1], 1)
        if selector == 10:
            put_ms(out, rsd[2], below)
    elif selector:
        raise CodecError("there is no selector %d" % selector)
