"""`VirtualBoard`: the virtual board for tests and for `make run`.

The relay runs in a process of its own (`python -m tools.vboard --events`), so that a busy
caller does not slow the board down and a dead caller takes its board with it. Not for use from
several threads at once.
"""

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tools.vboard import setup

_START_S = 10.0
_STOP_S = 3.0


class VirtualBoard:
    def __init__(
        self, flash, heap="3M", wiring=None, size="8M", link=None, fresh=False, on_event=None
    ):
        """`flash` image file (made when absent), `wiring` a dict or the path of a JSON file;
        `on_event(name, details)` is called from a reader thread."""
        self._args = ["--flash", str(Path(flash).absolute()), "--heap", str(heap)]
        self._args += ["--size", str(size), "--events"]
        self._args += ["--link", str(Path(link).absolute())] if link else []
        self._args += ["--fresh"] if fresh else []
        self._wiring = wiring
        self._wiring_file = None
        self._on_event = on_event
        self._process = None
        self._reader = None
        self._ended = False  # the relay has closed its report
        self._change = threading.Condition()
        self.events = []  # (name, details) since start; the newest 1000
        self.pty = None  # path of the terminal while the board runs
        self.pid = None  # of the interpreter
        self.boots = 0
        self.crashes = 0
        self.fault = None  # why the board gave up, in words

    def start(self):
        """Returns when boot code is done and boot.py may run; BoardError when it cannot."""
        self._ended = False
        self.events = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.vboard", *self._args, *self._wiring_args()],
            cwd=setup.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C at the caller's terminal is the caller's
        )
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()
        if not self.wait_for("up", _START_S):
            self.stop()
            raise setup.BoardError(self.fault or "the virtual board does not come up")
        return self

    def _wiring_args(self):
        if self._wiring is None:
            return []
        if isinstance(self._wiring, dict):
            self._wiring_file = tempfile.NamedTemporaryFile("w", suffix=".json")
            json.dump(self._wiring, self._wiring_file)
            self._wiring_file.flush()
            return ["--wiring", self._wiring_file.name]
        return ["--wiring", str(Path(self._wiring).absolute())]

    def _read(self, report):
        for line in report:
            details = json.loads(line)
            name = details.pop("event")
            with self._change:
                self._note(name, details)
                self._change.notify_all()
            if self._on_event:
                self._on_event(name, details)
        with self._change:
            self.pty = self.pid = None
            self._ended = True
            self._change.notify_all()

    def _note(self, name, details):
        self.events = self.events[-999:] + [(name, details)]
        self.pty = details.get("pty", self.pty)
        self.pid = details.get("pid", self.pid)
        self.boots += name == "boot"
        self.crashes += name == "crash"
        self.fault = details["text"] if name == "fatal" else self.fault

    def wait_for(self, name, timeout_s, after=0, **details):
        """True once an event with this name and these details is among `events[after:]`; False
        at the time-out or when the board has ended."""

        def has_come():
            return any(
                known == name and details.items() <= more.items()
                for known, more in self.events[after:]
            )

        with self._change:
            self._change.wait_for(lambda: has_come() or not self.is_running(), timeout_s)
            return has_come()

    def is_running(self):
        return self._process is not None and not self._ended

    def stop(self):
        """Power off; leaves no process behind. May be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        _close(process.stdin)  # the relay ends with it
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()  # the kernel hangs the interpreter up
            process.wait()
        if self._reader:
            self._reader.join(_STOP_S)
        _close(process.stdout)
        self.pty = self.pid = None
        if self._wiring_file:
            self._wiring_file.close()
            self._wiring_file = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def _close(stream):
    if stream:
        stream.close()
