"""The link alone under MicroPython, an emulated metrology IC, and what one tells of the other."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

from conftest import ROOT, find_micropython

from tools.station.station import wiring

LONGEST_S = 60  # no test takes so long: one that hears nothing ends then


class LinkRig:
    def __init__(self, folder, terminal):
        self.folder = folder
        self.terminal = terminal
        self.lines = []  # [ms, what, ...] as the link told them

    def ask(self, **request):
        """One command to the emulator's control socket."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(5)
            control.connect(f"{self.folder}/control")
            control.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(control.makefile().readline())
        assert answer["ok"], answer
        return answer

    def until(self, what, *begin, timeout_s=20):
        """The next line of that kind whose values begin so."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            text = self.terminal.stdout.readline()
            if not text.startswith("["):  # a task that failed: the others go on, so end them
                self.terminal.kill()
                raise AssertionError(text + self.terminal.stdout.read())
            line = json.loads(text)
            self.lines.append(line)
            if line[1] == what and line[2 : 2 + len(begin)] == list(begin):
                return line[2:]
        raise AssertionError(f"no {what} {begin}; {self.lines[-5:]}")

    def order(self, verb, argument=None):
        """To the terminal, as link_terminal takes it."""
        self.terminal.stdin.write(json.dumps([verb, argument]) + "\n")
        self.terminal.stdin.flush()

    def now(self):
        """Pass over what it told before."""
        self.order("now")
        self.until("now")

    def end(self):
        """End it; what it sums up."""
        self.order("end")
        return self.until("end")[0]

    def told(self, what):
        return [line[2:] for line in self.lines if line[1] == what]


def end(process):
    """It may be too far behind its time to hear that it shall end."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


@contextlib.contextmanager
def link_rig(chip="ade9000", options=(), crc=0):
    """A running link; `crc` as link_terminal takes it, `options` for the emulator."""
    with tempfile.TemporaryDirectory(prefix="ttu-") as folder:
        words = [f"--{name}={folder}/{name}" for name in ("spi", "pins", "control")]
        emulator = subprocess.Popen(
            [sys.executable, "-m", "tools.emulator", "--chip", chip, *words, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        terminal = None
        try:
            assert emulator.stdout.readline().startswith("ready")
            with open(f"{folder}/wiring.json", "w") as file:
                json.dump(wiring(f"{folder}/spi", f"{folder}/pins"), file)
            terminal = subprocess.Popen(
                [
                    find_micropython(),
                    "tests/host/link_terminal.py",
                    chip,
                    str(LONGEST_S),
                    str(crc),
                ],
                cwd=ROOT,
                env=dict(
                    os.environ,
                    MICROPYPATH=f"{ROOT}:{ROOT}/board/unix:.frozen",
                    TTU_WIRING=f"{folder}/wiring.json",
                ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            yield LinkRig(folder, terminal)
        finally:
            for process in (terminal, emulator):
                if process is not None:
                    end(process)
            if terminal is not None:
                terminal.stdin.close()
                terminal.stderr.close()
