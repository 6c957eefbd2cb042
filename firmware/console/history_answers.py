"""What the verbs curve and freezes answer. `terminal.history` is a store.freezes.Freezes."""

from micropython import const

from firmware.console.table import Note, Table
from firmware.console.verbs import Misuse
from firmware.core import decimal, quality
from firmware.core.civil import text as _utc

_HOURS_MAX = const(50)  # 200 rows
_ROWS_MAX = const(100)
_NAMES_MAX = const(6)  # that a sentence lists
_WIDE = const(10)  # quantities side by side
_BOUNDARIES = const(31)
_HOUR_MS = 3600000
_SPAN_MS = {"curve": 86400000, "daily": 62 * 86400000, "monthly": 800 * 86400000}


def curve(terminal, device, quantity, hours=24, until=0):
    store = terminal.history.store("curve")
    if device is None:
        return _kept(store)
    columns = _columns(store, device)
    if quantity is None:
        return Note("of %s there is %s" % (device, _listed([name for name, _ in columns])))
    power = _power(columns, device, quantity)
    if type(hours) is not int or not 1 <= hours <= _HOURS_MAX:
        raise Misuse("hours are 1..%d" % _HOURS_MAX)
    if type(until) is not int or not 0 <= until < 10000:
        raise Misuse("until is how many hours ago it ends, 0..9999")
    end_ms = store.last_ms - until * _HOUR_MS
    rows = [
        (_utc(ms), _text(value, power), quality.text(bits))
        for ms, value, bits in store.values(
            device, quantity, end_ms - hours * _HOUR_MS + 1, end_ms, power
        )
    ]
    return Table(("end (UTC)", _title(terminal, device, quantity), "quality"), rows)


def freezes(terminal, kind, device):
    history = terminal.history
    if kind is None:
        return _stores(history)
    if kind not in history.kinds:
        raise Misuse("what is kept is %s" % ", ".join(history.kinds))
    store = history.store(kind)
    return _newest(store) if device is None else _of_device(terminal, kind, store, device)


def _kept(store):
    rows, more = [], 0
    for name, columns in store.devices():
        if len(rows) < _ROWS_MAX:
            rows.append((name, " ".join([quantity for quantity, _ in columns])))
        else:
            more += 1
    return Table(("device", "quantities"), rows, "and %d more" % more if more else "")


def _stores(history):
    rows = []
    for kind in history.kinds:
        store = history.store(kind)
        used, most = store.used, max(1, store.room)
        first, last = store.first_ms(), store.last_ms
        times = (_utc(first) if first else None, _utc(last) if last else None)
        sizes = ("%d" % (used // 1024), "%d %%" % (100 * used // most))
        rows.append((kind,) + times + sizes + (store.dropped, store.damaged))
    note = "%d rows since the start, %d could not be kept" % (history.taken, history.failed)
    header = ("kind", "since (UTC)", "newest (UTC)", "kB", "of its room", "given up", "damaged")
    return Table(header, rows, note)


def _newest(store):
    rows, more = [], 0
    for _, _, name, kept in store.rows(store.last_ms) if store.last_ms else ():
        if not name:
            continue
        if len(rows) < _ROWS_MAX:
            rows.append((name, _in_short(kept)))
        else:
            more += 1
    note = "at %s" % _utc(store.last_ms) if rows else ""
    if more:
        note += ", and %d more: say whose" % more
    return Table(("device", "quantities, as they are counted"), rows, note)


def _in_short(kept):
    """Of all quantities of a device; a quality that all have is said once."""
    marks = [row[3] for row in kept]
    is_same = min(marks) == max(marks)
    texts = []
    for quantity, power, value, bits in kept:
        text = "%s=%s" % (quantity, _said(quantity, value, power) or "-")
        texts.append(text if not bits or is_same else "%s (%s)" % (text, quality.text(bits)))
    if is_same and marks[0]:
        texts.append("(%s)" % quality.text(marks[0]))
    return " ".join(texts)


def _of_device(terminal, kind, store, device):
    columns = _columns(store, device)
    since = max(0, store.last_ms - _SPAN_MS[kind])
    # read twice, whatever the number of quantities: which say something and when, then what
    times, is_told = [], bytearray(len(columns))
    for ms, i, value, _ in _several(store, device, columns, since):
        if ms not in times[-1:]:
            times = times[1 - _BOUNDARIES :] + [ms]
        is_told[i] |= bool(value)
    told = [row for row, is_any in zip(columns, is_told) if is_any or len(columns) <= _WIDE]
    shown = told[:_WIDE]
    left = [row[0] for row in columns if row not in shown]
    rows, is_marked = [[_utc(ms)] + [None] * len(shown) for ms in times], False
    for ms, i, value, bits in _several(store, device, shown, min(times + [store.last_ms])):
        if ms not in times:
            continue  # of a clock that was ahead
        text = _said(shown[i][0], value, shown[i][1])
        is_marked = is_marked or bool(text and bits)
        rows[times.index(ms)][1 + i] = text + "?" if text and bits else text
    notes = []
    if left:
        notes.append("not shown, or 0 all the time: %s" % _listed(left))
    if is_marked:
        notes.append("?: not as good as it should be")
    header = ["end (UTC)"] + [_title(terminal, device, quantity) for quantity, _ in shown]
    return Table(header, rows, "\n".join(notes))


def _several(store, device, columns, since):
    """(UTC ms, column, value or None, quality bits) of a device since then."""
    names, powers = [row[0] for row in columns], [row[1] for row in columns]
    return store.several(device, names, since, None, powers)


def _columns(store, device):
    names = []
    for name, columns in store.devices():
        if name == device:
            return columns
        names.append(name)
    if not names:
        raise Misuse("nothing is kept yet")
    raise Misuse("of %s nothing is kept, there is %s" % (repr(device)[:40], _listed(names)))


def _power(columns, device, quantity):
    for name, power in columns:
        if name == quantity:
            return power
    names = _listed([name for name, _ in columns])
    raise Misuse("of %s there is %s, no %s" % (device, names, repr(quantity)[:40]))


def _listed(names):
    more = len(names) - _NAMES_MAX
    text = ", ".join(names[:_NAMES_MAX])
    return "%s and %d more" % (text, more) if more > 0 else text


def _title(terminal, device, quantity):
    """With its unit, while the device is there."""
    block = terminal.points.device(device)
    for name, unit, _ in block.template if block else ():
        if name == quantity and unit:
            return "%s %s" % (quantity, unit)
    return quantity


def _said(quantity, value, power):
    """As text; what is a time by its name as one."""
    if value and not power and quantity.endswith("_at"):
        return _utc(value * 1000)
    return _text(value, power)


def _text(value, power):
    return None if value is None else decimal.text(value, power)
