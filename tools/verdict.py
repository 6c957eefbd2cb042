"""How a bench that has bars speaks: one sentence for wrong words, one for each bar that is missed,
the result as one line of JSON, and an exit code that tells the truth."""

import argparse
import json
import sys
from contextlib import contextmanager, suppress


class Parser(argparse.ArgumentParser):
    def __init__(self, name, about):
        super().__init__(prog=f"make {name}", description=about)
        self._name = name

    def error(self, message):
        """One sentence, without the usage."""
        sys.exit(f"{self._name}: {message}")


def missed(bars, result):
    """Sentences about the bars that are not met; bars: {key: (bar, "most" or "least")}."""
    found = []
    for key, (bar, kind) in bars.items():
        value = result.get(key)
        if value is None:
            found.append(f"{key} was not measured")
        elif (value > bar) if kind == "most" else (value < bar):
            found.append(f"{key} is {value}, at {kind} {bar} is wanted")
    return found


def say(text):
    """Progress, beside the result."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def spoken(name, *errors):
    """What goes wrong within, and Ctrl-C, is one sentence and ends the program."""
    try:
        yield
    except errors as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{name}: stopped")


def end(result, failures):
    """The last words, and the exit."""
    for text in failures:
        print("missed:", text)
    with suppress(BrokenPipeError):
        print(json.dumps(result), flush=True)
    sys.exit(1 if failures else 0)
