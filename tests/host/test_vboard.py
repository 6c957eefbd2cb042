"""The virtual board as its users meet it: through the real mpremote."""

import json
import os
import signal
import subprocess

import pytest
from vboard_user import MPREMOTE, PROMPT, Terminal, mpremote

from tools.vboard.board import VirtualBoard


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vboard")
    with VirtualBoard(folder / "flash.img", heap="400K", link=folder / "pty") as board:
        yield board


@pytest.fixture
def call(board):
    def call(*args, **kw):
        return mpremote(board.pty, *args, **kw)

    return call


def test_eval_and_exec(call):
    assert call("eval", "6 * 7") == "42\n"
    assert call("exec", "print('a'); print('b')") == "a\nb\n"
    failed = subprocess.run(
        [str(MPREMOTE), "connect", "nothing-here", "eval", "1"], capture_output=True, timeout=20
    )
    assert failed.returncode != 0  # or none of the calls here could fail


def test_error_in_code_is_reported(call):
    call("exec", "1/0", status=1)


def test_files_go_both_ways(call, tmp_path):
    binary = bytes(range(256)) * 90  # every byte, Ctrl keys and line ends too
    (tmp_path / "up.bin").write_bytes(binary)
    call("fs", "cp", "up.bin", ":up.bin", cwd=tmp_path)
    call("fs", "cp", ":up.bin", "down.bin", cwd=tmp_path)
    assert (tmp_path / "down.bin").read_bytes() == binary
    (tmp_path / "note.txt").write_text("one\ntwo\n")
    call("fs", "mkdir", ":notes", "+", "fs", "cp", "note.txt", ":notes/n.txt", cwd=tmp_path)
    assert call("fs", "cat", ":notes/n.txt") == "one\ntwo\n"
    assert "8 n.txt" in call("fs", "ls", ":notes")
    call("fs", "rm", ":notes/n.txt", "+", "fs", "rmdir", ":notes", "+", "fs", "rm", ":up.bin")
    assert "notes" not in call("fs", "ls")
    call("fs", "cat", ":notes/n.txt", status=1)


def test_run_a_script(call, tmp_path):
    (tmp_path / "job.py").write_text("import sys\nprint(sys.platform, sys.path)\n")
    assert call("run", "job.py", cwd=tmp_path) == "linux ['', '.frozen', '/lib']\n"


def test_host_files_are_invisible(call):
    call("exec", "open('/etc/hostname')", status=1)
    assert call("exec", "import os; print('etc' in os.listdir('/'))") == "False\n"


def test_mip_installs_a_local_package(call, tmp_path):
    package = tmp_path / "pack"
    package.mkdir()
    (package / "greeting.py").write_text("TEXT = 'hello from lib'\n")
    urls = [["greeting.py", "greeting.py"]]
    (package / "package.json").write_text(json.dumps({"urls": urls, "version": "1"}))
    call("mip", "install", "--no-mpy", str(package / "package.json"), cwd=tmp_path)
    assert "greeting.py" in call("fs", "ls", ":lib")
    assert call("exec", "import greeting; print(greeting.TEXT)") == "hello from lib\n"


def test_mount_runs_from_the_host(call, tmp_path):
    (tmp_path / "far.py").write_text("VALUE = 12345\n")
    code = "import far; open('back.bin', 'wb').write(bytes(range(256)) * 8); print(far.VALUE)"
    # mpremote says where it mounted before or after, as its output is buffered
    assert "12345\n" in call("mount", ".", "exec", code, cwd=tmp_path)
    assert (tmp_path / "back.bin").read_bytes() == bytes(range(256)) * 8


def test_reset_and_soft_reset(board, call):
    known = len(board.events)
    call("exec", "import machine; machine.marker = 1")
    call("reset")
    assert board.wait_for("boot", 5, known, cause="HARD_RESET")
    cause = "import machine as m; print(m.reset_cause() == m.{}, hasattr(m, 'marker'))"
    assert call("resume", "exec", cause.format("HARD_RESET")) == "True False\n"
    call("soft-reset")
    assert call("resume", "exec", cause.format("SOFT_RESET")) == "True False\n"


def test_rtc_survives_a_reset(board, call):
    call("exec", "import machine; machine.RTC().datetime((2031, 2, 28, 0, 23, 59, 50, 0))")
    known = len(board.events)
    call("reset")
    assert board.wait_for("boot", 5, known, cause="HARD_RESET")
    year_month = "import machine; print(machine.RTC().datetime()[:2])"
    assert call("exec", year_month) == "(2031, 2)\n"


def test_heap_is_limited(call):
    sizes = "import gc; gc.collect(); print(gc.mem_free() + gc.mem_alloc())"
    assert 300_000 < int(call("exec", sizes)) <= 400 * 1024
    code = "try:\n bytearray(500_000)\nexcept MemoryError:\n print('full')"
    assert call("exec", code) == "full\n"


def test_link_names_the_terminal(board, tmp_path_factory):
    link = tmp_path_factory.getbasetemp()
    link = next(link.glob("vboard*/pty"))
    assert os.readlink(link) == board.pty
    assert mpremote(str(link), "eval", "5") == "5\n"


def test_killed_mpremote_leaves_a_usable_board(board, call):
    argv = [str(MPREMOTE), "connect", board.pty, "exec", "while True:\n print('x' * 60)"]
    endless = subprocess.Popen(argv, stdout=subprocess.PIPE)
    assert endless.stdout.read(200)
    endless.kill()
    endless.wait()
    endless.stdout.close()
    assert call("eval", "2 + 2") == "4\n"


def test_output_without_a_reader_never_blocks(board):
    """The board prints far more than every buffer holds, to nobody, then to a sleeper; it
    ends all the same, and says so by a reset."""
    flood = "import time, machine; time.sleep_ms(200); [print(i, '-' * 60) for i in range(9000)]"
    for sleeps in (False, True):
        known = len(board.events)
        with Terminal(board.pty) as user:
            user.prompt()
            user.type(flood.encode() + b"; machine.reset()\r")
            user.expect(b"reset()\r\n")
            if sleeps:  # opens the terminal and reads nothing
                assert board.wait_for("boot", 10, known, cause="HARD_RESET")
        assert board.wait_for("boot", 10, known, cause="HARD_RESET")


def test_files_survive_a_new_board(tmp_path):
    image = tmp_path / "flash.img"
    (tmp_path / "main.py").write_text("print('main', 'ran')\n")
    with VirtualBoard(image) as first:
        mpremote(first.pty, "fs", "cp", "main.py", ":main.py", cwd=tmp_path)
        with pytest.raises(Exception, match="runs already"):
            VirtualBoard(image).start()
    with VirtualBoard(image) as second, Terminal(second.pty) as user:
        user.type(b"\x04")
        user.expect(b"MPY: soft reboot\r\nmain ran\r\n")
        assert mpremote_after(user, second).startswith("print('main'")
    with VirtualBoard(image, fresh=True) as third:
        assert mpremote(third.pty, "fs", "ls") == "ls :\n"


def mpremote_after(user, board):
    user.expect(PROMPT)
    return mpremote(board.pty, "fs", "cat", ":main.py")


def test_crash_is_reported_and_the_board_restarts(board, call):
    known = len(board.events)
    os.kill(board.pid, signal.SIGSEGV)
    assert board.wait_for("crash", 5, known)
    assert board.wait_for("up", 5, known)
    assert ("crash", {"signal": "SIGSEGV"}) in board.events[known:]
    told = "import machine as m; print(m.raw_reset, m.reset_cause() == m.{})"
    assert call("resume", "exec", told.format("HARD_RESET")) == "panic True\n"
    known = len(board.events)
    call("resume", "exec", "--no-follow", "import shim_host; shim_host.tell('brownout')")
    assert board.wait_for("up", 5, known)
    assert call("resume", "exec", told.format("PWRON_RESET")) == "brownout True\n"
