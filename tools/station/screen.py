"""The live table of `make run`, drawn by rich from what the terminal publishes."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

MODES = ("lost", "pulse_only", "data_only", "both")

# point name without the phase, column head, decimal places
_COLUMNS = (
    ("u", "U V", 2),
    ("i", "I A", 2),
    ("p", "P W", 0),
    ("q", "Q var", 0),
    ("s", "S VA", 0),
    ("pf", "PF", 3),
    ("ep", "import Wh", 1),
    ("er", "export Wh", 1),
)
_DEVICES = 12  # shown of all that are on the bus
_EVENTS = 4  # newest ones shown


def _number(value, places):
    return "-" if value is None else f"{value:,.{places}f}"


def _numbers(values, names, places):
    return " ".join(_number(values.get(name), places) for name in names)


def meter_table(values):
    table = Table(title="Transformer", title_justify="left")
    table.add_column("")
    for _, head, _ in _COLUMNS:
        table.add_column(head, justify="right", min_width=9)
    for phase in ("a", "b", "c", ""):
        cells = [
            _number(values.get(kind + phase), places) if kind + phase in values else ""
            for kind, _, places in _COLUMNS
        ]
        table.add_row(phase.upper() or "total", *cells)
    table.add_row("N", "", _number(values.get("in"), 2))
    return table


def bus_table(devices):
    """`devices` are pairs of name and values."""
    table = Table(title="Devices", title_justify="left")
    for head in ("device", "import kWh", "U A/B/C V", "I A/B/C A", "P kW"):
        table.add_column(head, justify="right")
    for name, values in devices:
        table.add_row(
            name,
            _number(values.get("ep"), 2),
            _numbers(values, ("ua", "ub", "uc"), 1),
            _numbers(values, ("ia", "ib", "ic"), 3),
            _number(values.get("p"), 4),
        )
    return table


def counters(meter, own, delivered):
    """One line: frequency, link, and how much of everything."""
    mode = MODES[int(own["link_mode"])] if "link_mode" in own else "starting"
    heap = [own.get(name, 0) // 1024 for name in ("heap_code_bytes", "heap_data_bytes")]
    cells = (
        ("f", f"{_number(meter.get('f'), 3)} Hz", ""),
        ("link", mode, "green" if mode == "both" else "red"),
        ("windows", f"{own.get('windows', 0)} ({own.get('windows_lost', 0)} lost)", ""),
        ("meters", f"{own.get('meters_read', 0)} read {own.get('meters_failed', 0)} failed", ""),
        ("delivered", str(delivered), ""),
        ("heap", f"{heap[0]} + {heap[1]} KiB", ""),
    )
    line = Text()
    for name, text, style in cells:
        line.append(name + " ", "dim").append(text + "   ", style)
    return line


def bay_line(slots):
    """One line: what is plugged where."""
    line = Text("bay   ", "dim")
    for number, slot in sorted(slots.items()):
        module = slot["module"]
        line.append(f"{number} ", "dim").append(f"{module or 'empty'}   ", "" if module else "dim")
    return line


def _shown(rows):
    """Names of some devices of every slot."""
    slots = sorted({row[0] for row in rows})
    each = _DEVICES // max(len(slots), 1)
    return [row[-1] for slot in slots for row in [r for r in rows if r[0] == slot][:each]]


def draw(station):
    """Everything on one screen."""
    listener = station.listener
    names = _shown([line.split() for line in station.plan.archive()])
    meter = listener.values("meter")
    head = f"board {station.board.pty}   {station.broker.kind} on port {station.broker.port}"
    events = [f"event {e['event']} {e['device'] or ''} {e['text']}" for e in listener.events]
    return Group(
        Text(f"{head}   pace {station.plan.pace}   Ctrl-C stops"),
        meter_table(meter),
        bay_line(station.ask("bay", do="status")["slots"]),
        counters(meter, listener.values("terminal"), len(listener.delivered)),
        bus_table([(name, listener.values(name)) for name in names]),
        Text("\n".join(events[-_EVENTS:]), style="dim"),
    )
