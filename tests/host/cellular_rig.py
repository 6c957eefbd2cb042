"""An emulated cellular module on a PTY in a thread of the test, with power from the start."""

import json
import os
import selectors
import subprocess
import termios
import threading
import tty

from conftest import ROOT

from tools.emulator.cellular import Module
from tools.emulator.module_port import Port
from tools.emulator.timers import Timers

_BAUDS = {getattr(termios, f"B{baud}"): baud for baud in (9600, 38400, 115200, 460800)}
QUICK = {"boot_s": 0.2, "register_s": 0.1, "latency_ms": 5}


class Modem:
    """Context manager; `path` is the terminal device."""

    def __init__(self, **options):
        self._loop = selectors.DefaultSelector()
        self._timers = Timers()
        self._fd, self._slave = os.openpty()
        tty.setraw(self._slave)
        attributes = termios.tcgetattr(self._slave)
        attributes[6][termios.VMIN] = 0
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)
        os.set_blocking(self._fd, False)
        self.path = os.ttyname(self._slave)
        self._port = Port(self._loop, self._timers, self._baud, self._hand, lambda level: None)
        self.module = Module(self._port, 2, {**QUICK, **options})
        self._wishes = []
        self._is_stopping = False
        self._loop.register(self._fd, selectors.EVENT_READ, self._ready)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _baud(self):
        return _BAUDS[termios.tcgetattr(self._slave)[4]]

    def _hand(self, data):
        os.write(self._fd, data)

    def _ready(self, _mask):
        self._port.carry(os.read(self._fd, 4096), self.module.feed)

    def _run(self):
        self.module.power(True)
        while not self._is_stopping:
            for key, mask in self._loop.select(self._timers.wait_s(0.02)):
                if self._loop.get_map().get(key.fd) is not None:
                    key.data(mask)
            self._timers.run()
            while self._wishes:
                self.module.set(**self._wishes.pop(0))

    def set(self, **values):
        """A fault, within 20 ms."""
        self._wishes.append(values)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_stopping = True
        self._thread.join()
        self.module.close()
        self._loop.close()
        os.close(self._fd)
        os.close(self._slave)


class Terminal:
    """cellular_terminal.py under MicroPython. `finish` gives its counters."""

    def __init__(self, micropython, env, folder, modem, **options):
        wiring = folder / "wiring.json"
        wiring.write_text(json.dumps({"uart": {"2": modem.path}}))
        path = f"{env['MICROPYPATH']}:{ROOT}/board/unix"
        self._process = subprocess.Popen(
            [*micropython, "-X", "heapsize=512k", "tests/host/cellular_terminal.py"],
            cwd=ROOT,
            env=dict(env, MICROPYPATH=path, TTU_WIRING=str(wiring)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._process.stdin.write(json.dumps(options) + "\n")
        self._process.stdin.close()

    def finish(self, timeout=40):
        """(its lines, its counters)."""
        timer = threading.Timer(timeout, self._process.kill)
        timer.start()
        said = self._process.stdout.read()
        timer.cancel()
        assert self._process.wait() == 0 and "Traceback" not in said, said
        lines = said.splitlines()
        return lines, json.loads(lines[-1])
