"""One run of the interpreter, from one reset to the next, and the four lines into it.

Input is a pipe (a terminal would lose type-ahead each time the REPL changes its mode); output
is a terminal of its own, so that the kernel hangs the board up should this process die; a
control pipe carries the board's requests; signals are Ctrl-C and the power switch.
"""

import fcntl
import os
import platform
import pty
import signal
import struct
import subprocess
import termios
import time
import tty

_PATIENCE_S = 0.05
# System calls in which the interpreter waits (poll, select, sleep), and `read`, by machine.
_WAITS = {
    "x86_64": (("7", "23", "35", "230", "232", "270", "271"), "0"),
    "aarch64": (("22", "72", "73", "101", "115"), "63"),
}
_SIGINT_BIT = 1 << signal.SIGINT - 1


def _take_terminal():
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Child:
    def __init__(self, argv, env):
        self.output, terminal = pty.openpty()
        self.control, control_in = os.pipe()
        # Both ends stay with us: what a run has not read is there for the next one.
        self._unread, self.input = os.pipe()
        tty.setraw(terminal)
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=self._unread,
                stdout=terminal,
                stderr=terminal,
                bufsize=0,
                cwd="/",
                env=dict(env, TTU_CTL_FD=str(control_in)),
                pass_fds=(control_in,),
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
        finally:
            os.close(terminal)
            os.close(control_in)
        os.set_blocking(self.input, False)
        os.set_blocking(self.control, False)
        self.pid = self._process.pid

    def read_output(self):
        """What the board printed; b'' once it has ended."""
        try:
            return os.read(self.output, 4096)
        except OSError:  # EIO: the last holder of the terminal is gone
            return b""

    def read_control(self):
        """What the board asked for; b'' once it has ended, None when there is nothing."""
        try:
            return os.read(self.control, 4096)
        except BlockingIOError:
            return None

    def write(self, data):
        """Hand over what the pipe takes; the number of bytes."""
        try:
            return os.write(self.input, data)
        except BlockingIOError:
            return 0

    def listens_to_ctrl_c(self):
        """Is code running that Ctrl-C breaks? At a prompt the byte itself is wanted."""
        try:
            with open(f"/proc/{self.pid}/status") as status:
                caught = [line for line in status if line.startswith("SigCgt:")]
        except OSError:
            return False
        return bool(caught) and bool(int(caught[0].split()[1], 16) & _SIGINT_BIT)

    def interrupt(self):
        """Ctrl-C: True if code was running and is broken now.

        This port raises KeyboardInterrupt wherever the signal strikes, in the middle of the
        file system's C code too, so a moment at which the code waits for something is given a
        chance. The process is stopped while we look: a SIGINT after its code ended kills it.
        """
        end = time.monotonic() + _PATIENCE_S
        while True:
            os.kill(self.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            heard = self.listens_to_ctrl_c()
            due = not heard or self._is_at_rest() or time.monotonic() >= end
            if heard and due:
                os.kill(self.pid, signal.SIGINT)
            os.kill(self.pid, signal.SIGCONT)
            if due:
                return heard
            time.sleep(0.001)

    def _is_at_rest(self):
        """Is it waiting in poll, sleep or input()? True also where the kernel does not say."""
        try:
            with open(f"/proc/{self.pid}/syscall") as file:
                number, *arguments = file.read().split()
        except OSError:
            return True
        waits, read = _WAITS.get(platform.machine(), ((), ""))
        return number in waits or (number == read and arguments[:1] == ["0x0"])

    def kill(self):
        """Power off."""
        self._process.kill()

    def bury(self):
        """Wait for the end, close every line; (exit status, negative for a signal; input
        that nobody has read)."""
        status = self._process.wait()
        waiting = struct.unpack("i", fcntl.ioctl(self._unread, termios.FIONREAD, b"\0" * 4))[0]
        rest = os.read(self._unread, waiting) if waiting else b""
        for fd in (self._unread, self.input, self.output, self.control):
            os.close(fd)
        return status, rest
