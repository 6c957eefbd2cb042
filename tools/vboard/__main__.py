"""`python -m tools.vboard`: a MicroPython board on a terminal device, until Ctrl-C.

The board's silicon is board/unix, its flash a littlefs image file, its supervisor relay.py.
"""

import argparse
import fcntl
import json
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path

from tools.vboard import bay, setup
from tools.vboard.relay import Relay


def parse(argv):
    parser = argparse.ArgumentParser(prog="python -m tools.vboard", description=__doc__)
    parser.add_argument("--flash", default="build/vboard.img", help="image file (made if absent)")
    parser.add_argument("--size", default="8M", help="size of a new image")
    parser.add_argument("--heap", default="3M", help="heap of the interpreter")
    parser.add_argument("--wiring", help="JSON file: where UART, SPI and pins lead")
    parser.add_argument("--bay", action="store_true", help="a backplane that `make plug` finds")
    parser.add_argument("--link", help="keep a symbolic link to the terminal here")
    parser.add_argument("--fresh", action="store_true", help="start with an erased flash")
    parser.add_argument("--events", action="store_true", help="report in JSON; end with stdin")
    return parser.parse_args(argv)


def open_flash(path, size, fresh):
    """The image, made when absent, held exclusively: two boards on one flash destroy it."""
    if not path.exists():
        setup.create_flash(path, size)
    image = open(path, "r+b")
    try:
        fcntl.flock(image, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        image.close()
        raise setup.BoardError(f"{path} is the flash of a board that runs already") from None
    if fresh:
        setup.create_flash(path, size)
    return image


def check_wiring(path):
    if path is None:
        return None
    try:
        wiring = json.loads(Path(path).read_text())
    except OSError as error:
        raise setup.BoardError(f"wiring file {path}: {error.strerror}") from None
    except ValueError as error:
        raise setup.BoardError(f"wiring file {path} is not JSON: {error}") from None
    if not isinstance(wiring, dict):
        raise setup.BoardError(f"wiring file {path} is not a JSON object")
    return Path(path).absolute()


def tell_person(name, **details):
    """One sentence for what a person wants to know; silence about the rest."""
    if name == "ready":
        print(f"board on {details['pty']} - try: mpremote connect {details['pty']}", flush=True)
    elif name == "crash":
        print(f"board crashed by {details['signal']}, restarting", flush=True)
    elif name == "fatal":
        print(f"the interpreter does not start:\n{details['text']}", file=sys.stderr, flush=True)
    elif name == "reset" and details["cause"] != "SOFT_RESET":
        print(f"board restarts: {details['cause']}", flush=True)


def tell_program(name, **details):
    try:
        print(json.dumps({"event": name, **details}), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the owner died; stdin ends us


def serve(args):
    size = setup.size_of(args.size)
    wiring = check_wiring(args.wiring)
    with bay.running(wiring) if args.bay else nullcontext(wiring) as wiring:
        return power_on(args, size, wiring)


def power_on(args, size, wiring):
    heap = setup.size_of(args.heap)
    argv = [setup.interpreter(), "-X", f"heapsize={heap}", "-i", str(setup.SHIM / "boot_port.py")]
    flash = Path(args.flash).absolute()
    with open_flash(flash, size, args.fresh):
        env = setup.board_env(TTU_FLASH=flash, TTU_WIRING=wiring)
        relay = Relay(argv, env, args.link, tell_program if args.events else tell_person)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: relay.stop())
        if args.events:
            relay.watch_owner(0)
        return relay.run()


def main():
    args = parse(sys.argv[1:])
    try:
        return serve(args)
    except (setup.BoardError, OSError) as error:
        if args.events:
            tell_program("fatal", text=str(error))
        else:
            print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
