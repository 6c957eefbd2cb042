"""The terminal's metering under MicroPython on an emulated ADE9000 in lockstep; see
metering_terminal for what is told. A helper of tests."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from conftest import ROOT, find_micropython
from link_rig import LinkRig, end

from tools.station.station import wiring

FLASH = 2 << 20
OVERRUN, SHORT, BUS, STUCK, SATURATED, FREQUENCY, PHASE, EVENT, GAP = (1 << k for k in range(9))
OV, SB, NT, IV = 0x01, 0x20, 0x40, 0x80


class MeteringRig(LinkRig):
    def __init__(self, folder):
        super().__init__(folder, None)
        self.windows = []  # all that were told, the newest last

    def boot(self):
        """The terminal starts, on the flash as it is."""
        umqtt = Path(sys.prefix) / "share" / "umqtt"
        self.terminal = subprocess.Popen(
            [find_micropython(), "-X", "heapsize=2M", "tests/host/metering_terminal.py"]
            + [f"{self.folder}/flash.img"],
            cwd=ROOT,
            env=dict(
                os.environ,
                MICROPYPATH=f"{ROOT}:{ROOT}/board/unix:{umqtt}:.frozen",
                TTU_WIRING=f"{self.folder}/wiring.json",
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def order(self, text):
        """A line to the terminal."""
        self.terminal.stdin.write(text + "\n")
        self.terminal.stdin.flush()

    def kill(self):
        """As by a reset: nothing is saved."""
        self.terminal.kill()
        self.close()

    def close(self):
        if self.terminal is not None:
            self.terminal.kill()
            self.terminal.wait(5)
            self.terminal.stdin.close()
            self.terminal.stdout.close()
            self.terminal = None

    def window(self, fits=lambda window: True):
        """The next window for which that is true. Signal time stands when the machine is busy, so
        the time-out is no measure of anything."""
        window = None
        for _ in range(100):
            (window,) = self.until("window")
            self.windows.append(window)
            if fits(window):
                return window
        raise AssertionError((window, self.told("event")[-5:], self.told("log")[-5:]))

    def until(self, what, *begin, timeout_s=60):
        """As of a LinkRig; a terminal that says nothing at all is ended."""
        watch = threading.Timer(timeout_s, self.terminal.kill)
        watch.start()
        try:
            return super().until(what, *begin, timeout_s=timeout_s)
        finally:
            watch.cancel()


@contextlib.contextmanager
def metering_rig(*options):
    """A running terminal; `options` for the emulator."""
    with tempfile.TemporaryDirectory(prefix="ttu-") as folder:
        words = [f"--{name}={folder}/{name}" for name in ("spi", "pins", "control")]
        emulator = subprocess.Popen(
            [sys.executable, "-m", "tools.emulator", "--pace", "lockstep", *words, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        rig = MeteringRig(folder)
        try:
            assert emulator.stdout.readline().startswith("ready")
            Path(folder, "wiring.json").write_text(
                json.dumps(wiring(f"{folder}/spi", f"{folder}/pins"))
            )
            Path(folder, "flash.img").write_bytes(b"\xff" * FLASH)
            rig.boot()
            yield rig
        finally:
            rig.close()
            end(emulator)
