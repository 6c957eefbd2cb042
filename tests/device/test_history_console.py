"""The verbs of what is kept, over real stores: readable tables, and a sentence for wrong use."""

from flash import formatted

from firmware.console import ttu
from firmware.console.table import Note, Table
from firmware.points.table import Points
from firmware.store.curve import CurveStore
from firmware.store.curve_chunk import Cursor
from firmware.store.freezes import Freezes

QUARTER = 900000
START = 1790006400000  # 2026-09-21 16:00 UTC
METER = (("ep", "kWh", -2), ("ua", "V", -1), ("state", "", 0))
NAMES = {"curve": "ep ua", "daily": "ep*", "monthly": "ep* ua state"}


class Terminal:
    def __init__(self):
        fs = formatted()[1]
        self.points = Points(500)
        stores = {}
        for kind, span in (("curve", 1440), ("daily", 44640), ("monthly", 527040)):
            stores[kind] = CurveStore("/" + kind, span, 31, fs, 0)
        self.history = Freezes(self.points, stores, NAMES, (), lambda: None, None)
        self.blocks = [self.points.add("meter-%d" % k, METER) for k in range(9)]

    def take(self, kind, row):
        ms = START + row * QUARTER
        for number, block in enumerate(self.blocks):
            late = QUARTER + 1 if number == 8 else 0
            for i in range(3):
                self.points.put(block.base + i, 1000 * number + 10 * row + i, 0, ms - late)
        assert self.history.take(kind, ms, 0)


def sentence(result):
    """The text of the Note that `result` must be."""
    assert isinstance(result, Note), repr(result)
    text = repr(result)
    assert "\n" not in text and len(text) < 250, text
    return text


terminal = Terminal()
ttu.bind(terminal)

# nothing yet
assert len(ttu.curve()) == 0
assert "nothing is kept yet" in sentence(ttu.curve("meter-1", "ep"))
assert [row[0] for row in ttu.freezes()] == ["curve", "daily", "monthly"]
assert ttu.freezes()[0][1:3] == (None, None) and "(none)" in repr(ttu.freezes("daily"))
assert "nothing is kept yet" in sentence(ttu.freezes("daily", "meter-1"))

for row in range(1, 25):
    terminal.take("curve", row)
for day in (1, 2, 3):
    terminal.take("daily", 96 * day)
terminal.take("monthly", 96 * 3)

# a quantity by quarters: power of ten, unit, quality; the newest hours
table = ttu.curve("meter-2", "ep", hours=2)
assert table.header == ("end (UTC)", "ep kWh", "quality") and len(table) == 8
assert table[7] == ("2026-09-21 22:00:00", "22.40", "good"), table[7]
assert table[0] == ("2026-09-21 20:15:00", "21.70", "good"), table[0]
assert len(ttu.curve("meter-2", "ua")) == 24
assert ttu.curve("meter-8", "ua", hours=1)[0][2] == "NT"
assert ttu.curve("meter-2", "ep", hours=1, until=2)[3] == ("2026-09-21 20:00:00", "21.60", "good")
assert ttu.curve()[4] == ("meter-4", "ep ua")
assert sentence(ttu.curve("meter-4")) == "of meter-4 there is ep, ua"
for words, named, said in (
    (("meter-9", "ep"), {}, "of 'meter-9' nothing is kept, there is meter-0, meter-1,"),
    (("meter-9", "ep"), {}, "and 3 more"),
    (("x" * 5000, "ep"), {}, "nothing is kept"),
    ((None, "ep"), {"hours": 9}, None),
    (("meter-1", "u"), {}, "there is ep, ua, no 'u'"),
    (("meter-1", 5), {}, "no 5"),
    (("meter-1", "ep"), {"hours": 0}, "hours are 1..50"),
    (("meter-1", "ep"), {"hours": 51}, "hours are 1..50"),
    (("meter-1", "ep"), {"hours": "1"}, "hours are 1..50"),
    (("meter-1", "ep"), {"until": -1}, "until is"),
    (("meter-1", "ep"), {"day": 1}, "use it as"),
    ((5, []), {}, "nothing is kept"),
):
    answer = ttu.curve(*words, **named)
    if said:
        assert said in sentence(answer), (words, sentence(answer))
    else:
        assert isinstance(answer, Table)

# registers: all devices at the newest boundary, one over the time
table = ttu.freezes("daily")
assert len(table) == 9 and table[2] == ("meter-2", "ep=48.80"), table[2]
assert table[8][1] == "ep=108.80 (NT)" and table.note == "at 2026-09-24 16:00:00", table.note
table = ttu.freezes("daily", "meter-1")
assert [row[1] for row in table] == ["19.60", "29.20", "38.80"], table.rows
assert table.header == ("end (UTC)", "ep kWh") and not table.note
assert ttu.freezes("monthly", "meter-8").header[1:] == ("ep kWh", "ua V", "state")
assert ttu.freezes("monthly", "meter-8")[0][1] == "108.80?"
assert "?" in ttu.freezes("monthly", "meter-8").note
# many quantities: those that say something, and a time as one
many = tuple([("ep_t%d" % i, "Wh", -3) for i in range(12)]) + (("dmax_at", "s", 0),)
block = terminal.points.add("billing", many)
terminal.points.put_all(block.base, [0] * 11 + [1500, START // 1000], 0, START + 97 * QUARTER)
NAMES["daily"] = "ep* dmax*"
history = Freezes(terminal.points, terminal.history._stores, NAMES, ("billing",), int, None)
assert history.take("daily", START + 97 * QUARTER, 0)
table = ttu.freezes("daily", "billing")
assert table.header == ("end (UTC)", "ep_t11 Wh", "dmax_at s")
assert table[0][1:] == ("1.500?", "2026-09-21 16:00:00?"), table[0]
assert "ep_t0, ep_t1, ep_t2, ep_t3, ep_t4, ep_t5 and 5 more" in table.note
assert "dmax_at=2026-09-21 16:00:00 (NT)" in ttu.freezes("daily")[0][1]
# however many quantities: what is kept is gone through twice
chunks = []
search = Cursor._is_head
Cursor._is_head = lambda cursor, at: chunks.append(at) or search(cursor, at)
list(terminal.history.store("daily").values("billing", "dmax_at"))
once, chunks[:] = len(chunks), []
ttu.freezes("daily", "billing")
assert once <= len(chunks) <= 4 * once, (once, len(chunks))
Cursor._is_head = search
row = ttu.freezes()[0]
assert row[2] == "2026-09-21 22:00:00" and row[5:] == (0, 0), row
assert "28 rows" in ttu.freezes().note
# a clock that was years ahead, and is right again
terminal.take("monthly", 96 * 3653)
terminal.take("monthly", 96 * 33)
table = ttu.freezes("monthly", "meter-1")
assert [row[0][:7] for row in table] == ["2026-09", "2036-09", "2026-10"], table.rows
for words, said in (
    (("weekly",), "what is kept is curve, daily, monthly"),
    ((5,), "what is kept is"),
    (("daily", "meter-9"), "nothing is kept, there is"),
    (("daily", 5), "nothing is kept"),
    (("daily", "a", "b"), "use it as"),
):
    assert said in sentence(ttu.freezes(*words)), words
print("OK")
