"""Curves and daily freezes (store/curve.py): a row a boundary, of all devices."""

from firmware.store.curve import CurveStore, Work

_QUARTER_MS = 900000
# folder, quarters a row, minutes, segments, rank when flash is full: as in firmware/keeping.py
_KINDS = (("curve", 1, 60, 4, -1), ("daily", 5, 600, 2, 100))
_COLUMNS = (("ep", -2), ("ua", -1), ("ia", -3), ("p", -4))
_DEVICES = 3
_RESERVE = 32768  # bytes of the bench's small flash that are left to others


class Freezes:
    def __init__(self):
        self.acked = {row[0]: [] for row in _KINDS}  # [(end_ms, marks, values of all devices)]
        self.tried = dict.fromkeys(self.acked)  # the row that was being written
        self.gone = set()  # kinds of which something gave way on a full flash
        self.stores = {}  # of the boot before
        self.end_ms = 1790006400000 // (5 * _QUARTER_MS) * (5 * _QUARTER_MS)
        self.values = (0,) * (_DEVICES * len(_COLUMNS))

    def copy(self):
        other = Freezes()
        other.acked = {kind: list(self.acked[kind]) for kind in self.acked}
        other.tried, other.gone = dict(self.tried), set(self.gone)
        other.end_ms, other.values = self.end_ms, self.values
        return other

    def boot(self, terminal, tally):
        for kind in self.stores:
            if self.stores[kind].dropped:
                self.gone.add(kind)
        work = Work()
        self.stores = {}
        for kind, _, span, keep, rank in _KINDS:
            reserve = 0 if self.stores else _RESERVE
            store = CurveStore("/" + kind, span, keep, terminal.disk, reserve, work)
            terminal.retention.add(kind, store, rank)
            if self.stores:
                store.make_room = terminal.retention.make_room
            self.stores[kind] = store
            # registers do not give way while there are curves that could
            is_gone = kind in self.gone and "curve" in self.gone
            self._judge(kind, store, 1 if is_gone else span * 60000 * (keep - 1), tally)
        self.gone = set()

    def _judge(self, kind, store, kept_ms, tally):
        found = {}
        newest = 0
        for end_ms, marks, name, row in store.rows():
            if not name:
                continue  # what cannot be read has a place, but no value
            if end_ms < newest:
                tally.add("order_broken", "%s: %d after %d" % (kind, end_ms, newest))
            newest = end_ms
            values = found.setdefault(end_ms, [marks])
            values += [value for _, _, value, _ in row]
        acked, tried = self.acked[kind], self.tried[kind]
        known = {row[0]: row for row in acked}
        if tried and tried[0] in found:
            known[tried[0]] = tried
            self.acked[kind] = acked = acked + [tried]
        for end_ms in found:
            row = known.get(end_ms)
            if row is None or found[end_ms] != [row[1]] + list(row[2]):
                tally.add("corrupt_served", "%s of %d" % (kind, end_ms))
        kept_from = acked[-1][0] - kept_ms + 1 if acked else 0
        if found:  # the oldest go first
            kept_from = min(kept_from, min(found))
        for end_ms, _, _ in acked:
            if end_ms not in found and end_ms >= kept_from:
                tally.add("acked_lost", "%s of %d" % (kind, end_ms))
        if acked and store.last_ms != acked[-1][0]:
            tally.add("acked_lost", "%s ends at %d" % (kind, store.last_ms))
        self.acked[kind] = [row for row in acked if row[0] in found]
        self.tried[kind] = None

    def act(self, terminal, draw):
        for _ in range(draw(1, 3)):
            terminal.pass_ms(1000)
            self.end_ms += _QUARTER_MS
            self.values = tuple([value + draw(0, 30000) for value in self.values])
            for kind, every, _, _, _ in _KINDS:
                if self.end_ms // _QUARTER_MS % every == 0:
                    self._put(kind, draw(0, 3))

    def _put(self, kind, marks):
        row = self.end_ms, marks, self.values
        self.tried[kind] = row
        n = len(_COLUMNS)
        rows = [
            ("d%d" % i, _COLUMNS, self.values[i * n : i * n + n], bytes(n))
            for i in range(_DEVICES)
        ]
        self.stores[kind].put(self.end_ms, marks, rows)
        self.acked[kind].append(row)
        self.tried[kind] = None
