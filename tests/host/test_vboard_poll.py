"""The interpreter's poll set with many streams and an object without a descriptor."""

import signal
import subprocess

from conftest import ROOT

SCRIPT = """
import io, select, sys
sys.path.insert(0, %r)
import shim_poll
class Flag(io.IOBase):
    def ioctl(self, request, arg):
        return 0 if request == 3 else -1
poller = select.poll()
%s
flag = Flag()
poller.register(flag, 1)
kept = []
for fd in range(30):
    poller.register(fd, 1)
    kept.append(bytearray(64))  # behind the table, so that it cannot grow where it is
print(flag in [entry[0] for entry in poller.ipoll(0)])
"""


def play(micropython, how):
    text = SCRIPT % (str(ROOT / "board" / "unix"), how)
    return subprocess.run([*micropython, "-c", text], capture_output=True, text=True, timeout=20)


def test_room_is_kept(micropython):
    done = play(micropython, "shim_poll.reserve(poller)")
    assert (done.returncode, done.stdout) == (0, "False\n")


def test_the_defect_is_there(micropython):
    """When this fails the interpreter was mended: shim_poll can go. What is written to memory that
    is not its own does harm most of the time only, by where it lies."""
    codes = [play(micropython, "").returncode for _ in range(12)]
    assert {-signal.SIGSEGV, 128 + signal.SIGSEGV} & set(codes), codes
