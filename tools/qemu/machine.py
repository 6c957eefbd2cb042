"""One emulated board while it runs: QEMU with its UART on a pseudo-terminal that mpremote opens.

Time is counted in instructions (`-icount`), so what runs on it is as repeatable on a busy desk as
on an idle one, and no wait is longer than the code it executes.
"""

import os
import select
import subprocess
import sys
import time
import tty
from pathlib import Path

from tools.qemu.need import QemuError

# 2**3 ns an instruction: about what an STM32F4 needs; 2**6 ns: 1.6 ticks of the 25 MHz timer
AS_A_BOARD, COUNTING = 3, 6
_BOOT_S = 20
_LOOK_S = 0.2
_PROMPT = b">>> "


class Machine:
    def __init__(self, elf, shift=AS_A_BOARD):
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)  # for mpremote
        command = ["qemu-system-arm", "-machine", "mps2-an385", "-kernel", str(elf)]
        command += ["-icount", f"shift={shift}", "-semihosting", "-nodefaults"]
        command += ["-display", "none", "-serial", "stdio"]
        self._qemu = subprocess.Popen(
            command, stdin=self._master, stdout=self._master, stderr=subprocess.PIPE
        )

    def __enter__(self):
        got, end = b"", time.monotonic() + _BOOT_S
        while not got.endswith(_PROMPT):
            ready, _, _ = select.select([self._slave], [], [], 0.1)
            if ready:
                got += os.read(self._slave, 256)
            elif self._qemu.poll() is not None or time.monotonic() > end:
                said = self.close() or f"no prompt within {_BOOT_S} s"
                raise QemuError(f"the emulated board does not start: {said}")
        return self

    def __exit__(self, *error):
        self.close()

    def mpremote(self, *words, timeout=60):
        """Run `mpremote connect PORT words...`: (exit code, what it printed). An end of the
        emulation, as by a reset, ends mpremote too, which would not notice."""
        command = [str(Path(sys.executable).with_name("mpremote")), "connect", self.port, *words]
        end = time.monotonic() + timeout
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as remote:
            while True:
                try:
                    said, _ = remote.communicate(timeout=_LOOK_S)
                    return remote.returncode, said
                except subprocess.TimeoutExpired:
                    if self._qemu.poll() is not None:
                        reason = "the board was reset"
                    elif time.monotonic() > end:
                        reason = f"no end within {timeout} s"
                    else:
                        continue
                remote.kill()
                return 1, remote.communicate()[0] + reason

    def close(self):
        """End the emulation; what QEMU had to say on its own."""
        self._qemu.kill()
        _, said = self._qemu.communicate()
        os.close(self._master)
        os.close(self._slave)  # kept open until here: a terminal nobody holds hangs up
        return said.decode(errors="replace").strip()
