"""`python -m tools.headend`: a small head-end. It takes the events and curves of every station at
a broker, acknowledges them, and shows what it has: taken, repeated (declared, or not), held back
since something before it is missing, gaps, late, early copies. Ctrl-C ends it; the last line is
the ledger of every station.
"""

import argparse
import json
import sys
import time

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tools.headend.client import HeadEnd
from tools.headend.lies import KINDS

_COLUMNS = ("taken", "repeated", "undeclared", "held", "gaps", "late", "early", "live")


def parse(argv):
    lies = "; ".join(f"{name}: {what}" for name, what in KINDS.items())
    parser = argparse.ArgumentParser(prog="python -m tools.headend", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--name", default="headend", help="client id; its session is kept")
    parser.add_argument("--seconds", type=float, help="end after so long")
    parser.add_argument("--lie", choices=KINDS, help=lies)
    parser.add_argument("--late", type=float, default=60, metavar="S")
    parser.add_argument("--count", type=int, default=10, metavar="N")
    return parser.parse_args(argv)


def draw(headend):
    table = Table("station", *_COLUMNS, "last event", box=None)
    for station, ledger in sorted(headend.ledgers.items()):
        numbers = ledger.numbers()
        last = "%d/%d" % ledger.last_event if ledger.last_event else ""
        table.add_row(station, *(str(numbers[name]) for name in _COLUMNS), last)
    events = [f"{s}  {e['event']} {e['device'] or ''} {e['text']}" for s, e in headend.newest]
    broken = f"{headend.broken} messages were not what is documented\n" if headend.broken else ""
    return Group(table, Text(broken + "\n".join(events), style="dim"))


def main():
    options = parse(sys.argv[1:])
    until = time.monotonic() + options.seconds if options.seconds else None
    headend = HeadEnd(
        options.port, options.host, options.name, options.lie, options.late, options.count
    )
    try:
        with headend, Live(console=Console(stderr=True), refresh_per_second=4) as live:
            while not headend.is_dead.is_set() and (until is None or time.monotonic() < until):
                live.update(draw(headend))
                time.sleep(0.25)
    except KeyboardInterrupt:
        pass
    except OSError as error:
        where = f"{options.host}:{options.port}"
        sys.exit(f"headend: no broker at {where} ({error}); say --host and --port")
    print(json.dumps({name: ledger.numbers() for name, ledger in headend.ledgers.items()}))
    sys.exit(3 if headend.is_dead.is_set() else 0)


if __name__ == "__main__":
    main()
