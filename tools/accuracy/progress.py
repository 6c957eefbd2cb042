"""How far a run is, on a terminal's last line; and lines of the report, which take its place."""

import sys


def show(text):
    if sys.stderr.isatty():
        print("\r\x1b[K" + text, end="", file=sys.stderr, flush=True)


def say(text=""):
    show("")
    print(text, flush=True)
