"""The expansion bay of a virtual board: how its backplane is started and wired, and
`python -m tools.vboard.bay plug|unplug|set|supply|show|status`, which acts on the one that runs
here.

A backplane lives in a folder, with its sockets and the UARTs of its slots. `publish` leaves a
link to its control socket in .run/, where `make plug` finds it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.station import control
from tools.vboard.setup import ROOT, BoardError, end_with_parent

MODULE = "tools.emulator.backplane"
LINK = ROOT / ".run" / "bay"
_SLOTS = range(1, 7)
# where the pins of slot 1 are: machine pin (board/unix/board.py), pin of the backplane
_PINS = ((21, 0), (31, 8), (41, 16), (51, 24))  # presence, power, reset, interrupt
_SUPPLY_PIN, _SUPPLY = 27, 6  # the line of the supply, on both sides


class BayError(Exception):
    """The text is for a person."""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """One sentence, without the usage."""
        sys.exit(f"bay: {message}")


def words(folder, plugged=(), peers=(), options=()):
    """Arguments of a backplane process; plugged: "SLOT=MODULE", peers: "TYPE=TTY", options:
    "TYPE=JSON"."""
    found = ["--i2c", f"{folder}/i2c", "--pins", f"{folder}/slots"]
    found += ["--control", f"{folder}/bay", "--uart", f"{folder}/uart"]
    for option, texts in (("--options", options), ("--plug", plugged), ("--peer", peers)):
        for text in texts:
            found += [option, text]
    return found


def wiring(folder):
    """What the wiring file of the board says about it."""
    pins = {str(at + n - 1): far + n - 1 for n in _SLOTS for at, far in _PINS}
    pins[str(_SUPPLY_PIN)] = _SUPPLY
    return {
        "i2c": {"1": {"path": f"{folder}/i2c"}},
        "slot_pins": {"path": f"{folder}/slots", "map": pins},
        "uart": {str(n): f"{folder}/uart{n}" for n in _SLOTS},
    }


def publish(folder):
    """From now on `make plug` means the backplane in this folder."""
    LINK.parent.mkdir(exist_ok=True)
    spare = LINK.with_name(f"bay.{os.getpid()}")
    spare.symlink_to(f"{folder}/bay")
    spare.replace(LINK)


def withdraw(folder):
    """Undo `publish`, unless another one runs by now."""
    with suppress(OSError):
        if os.readlink(LINK) == f"{folder}/bay":
            LINK.unlink()


@contextmanager
def running(wiring_file):
    """A backplane with empty slots, published; yields the path of a wiring file for the board:
    `wiring_file` (None: nothing) and the backplane."""
    with tempfile.TemporaryDirectory(prefix="ttu-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, *words(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is ours to hand on
            preexec_fn=end_with_parent,
        )
        try:
            if not process.stdout.readline().startswith("ready"):
                raise BoardError("the backplane does not start")
            parts = json.loads(Path(wiring_file).read_text()) if wiring_file else {}
            for name, part in wiring(folder).items():
                parts[name] = {**part, **parts.get(name, {})}
            both = Path(folder, "wiring.json")
            both.write_text(json.dumps(parts))
            publish(folder)
            yield both
        finally:
            withdraw(folder)
            process.terminate()
            process.wait()
            process.stdout.close()


def ask(path, **request):
    """One request to the control socket at `path`; what it answered. BayError."""
    try:
        answer = control.ask(path, **request)
    except (OSError, ValueError):
        raise BayError("no bay runs here: start one with make run or make board") from None
    if not answer.pop("ok"):
        raise BayError(answer["error"])
    return answer


def ask_published(**request):
    """`ask` of the backplane that runs in this tree."""
    try:
        path = os.readlink(LINK)  # short, unlike the path of the link
    except OSError:
        path = ""
    return ask(path, **request)


def _arguments(argv):
    parser = _Parser(prog="python -m tools.vboard.bay", description=__doc__)
    parser.add_argument("do", choices=("plug", "unplug", "set", "supply", "show", "status"))
    parser.add_argument("--slot", type=int, help="1 to 6")
    parser.add_argument("--module", help="type, or: blank corrupt unknown unreadable")
    parser.add_argument("--serial", help="serial number in the identity")
    parser.add_argument(
        "values", nargs="*", metavar="NAME=VALUE", help="set: what it measures; supply: good=0"
    )
    options = parser.parse_intermixed_args(argv)
    if options.do not in ("status", "supply") and options.slot is None:
        parser.error("say which slot: SLOT=3")
    if options.do == "plug" and not options.module:
        parser.error("say what is plugged: MODULE=hplc")
    values = dict(_value(parser, text) for text in vars(options).pop("values"))
    if bool(values) != (options.do in ("set", "supply")):
        parser.error("a value goes with set and set with a value: set --slot 3 temperature=45")
    given = {name: value for name, value in vars(options).items() if value is not None}
    return {**values, **given}


def _value(parser, text):
    """(name, value) of "temperature=45", numbers as such."""
    name, is_told, value = text.partition("=")
    if not name or not is_told:
        parser.error(f"{text} is no NAME=VALUE")
    try:
        number = float(value)
    except ValueError:
        return name, value
    return name, int(number) if number.is_integer() else number


def _say(answer):
    for name, value in answer.get("status", {}).items():
        print(f"{name}: {value}")
    for number, slot in answer.get("slots", {}).items():
        fed = "fed" if slot["is_powered"] else "dark"
        what = f"{slot['module']}, serial {slot['serial']}, {fed}" if slot["module"] else "empty"
        print(f"slot {number}: {what}")


def main():
    request = _arguments(sys.argv[1:])
    if request["do"] == "show":
        request["do"] = "module"
    try:
        _say(ask_published(**request))
    except BayError as error:
        sys.exit(f"bay: {error}")


if __name__ == "__main__":
    main()
