"""`make run`: the desk-top station, the terminal on its virtual board, a live table, one result.

Runs until Ctrl-C, or for --seconds; the last line of its output is the result. Exit code 0 only
when nothing failed.
"""

import argparse
import functools
import json
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console as Screen
from rich.live import Live

from tools.deploy.build import BuildError
from tools.emulator.recording import RecordingError
from tools.station import screen
from tools.station.broker import KINDS, BrokerError
from tools.station.console import Console, ConsoleError
from tools.station.station import FIVE, Plan, Station, StationError
from tools.vboard import bay
from tools.vboard.setup import BoardError

_REFRESH_S = 0.5
_TELL_S = 5  # between two lines of progress where no table can be drawn
_BOOT_S = 20  # until the first window, on a busy machine
_ARRIVE_S = 10  # the broker's last messages, on a busy machine
_STOP_S = 15  # an orderly stop drains the outbox


VIAS = ("cellular", "network")
CHIPS = ("ade9000", "atm90e36a", "atm90e32as")
# what the result holds whatever happened
KEYS = (
    "windows",
    "windows_lost",
    "meters_read",
    "meters_failed",
    "published",
    "delivered",
    "heap_code_bytes",
    "heap_data_bytes",
    "link_mode",
)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        """One sentence, without the usage."""
        sys.exit(f"run: {message}")


def parse(argv):
    parser = Parser(prog="make run", description=__doc__)
    parser.add_argument("--seconds", type=float, help="stop by itself after this time")
    parser.add_argument("--pace", choices=("real", "lockstep"), default="real")
    parser.add_argument("--meters", type=int, default=8, help="meters on the RS-485 bus, 1..64")
    parser.add_argument("--devices", type=int, help="a mixed fleet on the bus instead, 1..64")
    parser.add_argument("--nodes", type=int, default=12, help="meters behind the carrier, 1..60")
    parser.add_argument("--via", choices=VIAS, default=VIAS[0], help="what the uplink goes over")
    parser.add_argument("--heap", default="3M", help="heap of the virtual board")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=KINDS, default="auto")
    parser.add_argument("--chip", choices=CHIPS, default=CHIPS[0], help="metrology IC")
    parser.add_argument("--waveform", help="recording (.npz) instead of the built-in signal")
    options = parser.parse_args(argv)
    if not 1 <= options.meters <= 64:
        parser.error("--meters is 1 to 64")
    if options.devices is not None and not 1 <= options.devices <= 64:
        parser.error("--devices is 1 to 64")
    if not 1 <= options.nodes <= 60:
        parser.error("--nodes is 1 to 60")
    if options.seconds is not None and not 0 < options.seconds < float("inf"):
        parser.error("--seconds is a number above 0")
    if options.waveform and not Path(options.waveform).is_file():
        parser.error(f"there is no recording {options.waveform}")
    return options


def cpu_seconds(pid):
    """Processor time a process has used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0  # it ended
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(station, seconds, show):
    """Until the time is over, Ctrl-C or a part fails; CPU share of the terminal in percent."""
    began = time.monotonic()
    measured = None  # (time, cpu) once the first window is there
    while seconds is None or time.monotonic() - began < seconds:
        time.sleep(_REFRESH_S)
        show()
        if station.failures():
            break
        if measured is None and station.listener.values("meter"):
            measured = (time.monotonic(), cpu_seconds(station.board.pid))
            began = measured[0]  # the run is counted from the first report on
        if measured is None and time.monotonic() - began > _BOOT_S:
            break
    if measured is None:
        return None
    share = (cpu_seconds(station.board.pid) - measured[1]) / (time.monotonic() - measured[0])
    return round(100 * share, 1)


def stop_terminal(station):
    """Ctrl-C on the board's console; the report it prints last."""
    with Console(station.board.pty) as console:
        console.type("\x03")
        console.until("{", _STOP_S)
        return json.loads("{" + console.until("}", _STOP_S))


def missing(report, listener):
    """Messages that the broker has acknowledged and the listener has not got."""
    return report.get("delivered", 0) - len(listener.delivered) - listener.repeated


def judge(report, plan, listener, truth, failures):
    """Sentences about everything that went wrong."""
    errors = list(failures)
    if not report:
        return [*errors, "the terminal gave no report"]
    if not report["windows"]:
        errors.append("no window was metered")
    if report["windows_lost"]:
        errors.append(f"{report['windows_lost']} windows were lost")
    if truth.get("overwrites"):
        errors.append(
            f"{truth['overwrites']} waveform pages were overwritten before they were read"
        )
    wanted = (plan.devices or plan.meters) + plan.nodes
    if report["meters_failed"] or report["meters_read"] != wanted:
        errors.append(f"{report['meters_read']} of {wanted} devices were read")
    if report["link_mode"] != "both":
        errors.append(f"the link was in mode {report['link_mode']} at the end")
    if not listener.delivered:
        errors.append("no message was delivered")
    if report["waiting"] or report["uplink"] != "up":
        errors.append(f"{report['waiting']} messages wait, the uplink was {report['uplink']}")
    if missing(report, listener) > 0:
        errors.append(f"{missing(report, listener)} messages were acknowledged and did not arrive")
    if listener.broken:
        errors.append(f"{listener.broken} messages were not JSON")
    return errors


def watch_live(station, seconds):
    """`watch` with the table on a terminal, or a line every few seconds into a log."""
    if sys.stderr.isatty():
        with Live(auto_refresh=False, console=Screen(stderr=True)) as table:
            draw = functools.partial(screen.draw, station)
            return watch(station, seconds, lambda: table.update(draw(), refresh=True))
    told = time.monotonic()

    def tell():
        nonlocal told
        if time.monotonic() - told >= _TELL_S:
            told = time.monotonic()
            listener = station.listener
            own = listener.values("terminal")
            print(screen.counters(listener.values("meter"), own, len(listener.delivered)).plain,
                  file=sys.stderr)  # fmt: skip

    return watch(station, seconds, tell)


@contextmanager
def published(folder):
    """Within it, `make plug` means the bay of this station."""
    bay.publish(folder)
    try:
        yield
    finally:
        bay.withdraw(folder)


def run(plan, seconds):
    """The result as a dict."""
    share, truth, report, modules = None, {}, {}, {}
    with Station(plan) as station, published(station.folder):
        listener = station.listener
        with suppress(KeyboardInterrupt):
            share = watch_live(station, seconds)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # stopping is not to be stopped half-way
        failures = station.failures()
        if not failures:
            try:
                truth = station.ask("emulator", cmd="truth")
                slots = station.ask("bay", do="status")["slots"]
                modules = {number: slot["module"] for number, slot in slots.items()}
                report = stop_terminal(station)
            except (ConsoleError, ValueError, OSError) as error:
                failures.append(f"the terminal did not stop in order: {error}")
            deadline = time.monotonic() + _ARRIVE_S
            while missing(report, listener) > 0 and time.monotonic() < deadline:
                time.sleep(0.1)
    return {
        **dict.fromkeys(KEYS),
        **listener.values("terminal"),
        **report,
        "pace": plan.pace,
        "broker": station.broker.kind,
        "heap": plan.heap,
        "cpu_pct": share,
        "received": len(listener.delivered),
        "repeated": listener.repeated,
        "lockstep_waits": truth.get("lockstep_waits"),
        "overwrites": truth.get("overwrites"),
        "bay": modules,
        "errors": judge(report, plan, listener, truth, failures),
    }


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, interrupt)  # what a CI's time limit sends: stop in order
    plan = Plan(
        options.meters,
        options.pace,
        options.heap,
        options.seed,
        options.broker,
        options.waveform,
        options.chip,
        options.devices,
    )
    plan.modules = FIVE
    plan.nodes = options.nodes
    plan.via = options.via
    try:
        if plan.waveform:
            print(plan.for_recording(), flush=True)
        print("building and starting the station ...", flush=True)
        result = run(plan, options.seconds)
    except (BuildError, StationError, BrokerError, BoardError, RecordingError) as error:
        sys.exit(f"run: {error}")
    except KeyboardInterrupt:
        sys.exit("run: stopped while starting")
    for error in result["errors"]:
        print("error:", error)
    with suppress(BrokenPipeError):
        print(json.dumps(result), flush=True)
    sys.exit(1 if result["errors"] else 0)


if __name__ == "__main__":
    main()
