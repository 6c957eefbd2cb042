"""The virtual board by hand: keys typed at its terminal, boot, reset, watchdog, the end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT
from vboard_user import PROMPT, Terminal, children

from tools.vboard import image, setup
from tools.vboard.board import VirtualBoard

pytestmark = pytest.mark.alone


COUNTER = """
print('main is here')
count = 0
while True:
    count += 1
"""


@pytest.fixture
def start(tmp_path):
    """start(main=text, ...) -> (board, open terminal); both end with the test."""
    boards, terminals = [], []

    def start(heap="300K", wiring=None, **scripts):
        pairs = []
        for name, text in scripts.items():
            source = tmp_path / f"{name}.py"
            source.write_text(text)
            pairs.append((source, f"/{name}.py"))
        image.build(tmp_path / "flash.img", pairs, size="256K")
        boards.append(VirtualBoard(tmp_path / "flash.img", heap=heap, wiring=wiring).start())
        terminals.append(Terminal(boards[-1].pty))
        return boards[-1], terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()
    for board in boards:
        board.stop()


def is_alive(pid):
    """False for a zombie: it is dead, only its parent has not looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_expressions_and_type_ahead(start):
    _, user = start()
    user.prompt()
    assert user.run("6 * 7") == "42\r\n"
    # the second line is typed while the first runs
    user.type(b"import time; time.sleep_ms(150)\r1+2\r")
    user.expect(b"1+2\r\n3\r\n" + PROMPT)


def test_ctrl_c_breaks_main_and_leaves_its_globals(start):
    board, user = start(main=COUNTER)
    user.prompt()  # what came before the terminal was open is lost: once more from the start
    user.type(b"\x04")
    user.expect(b"MPY: soft reboot\r\nmain is here\r\n")
    user.type(b"\x03")
    user.expect(b"KeyboardInterrupt: \r\n")
    user.expect(PROMPT)
    assert int(user.run("count")) > 0
    assert user.run("sorted(n for n in globals() if n != '__name__')") == "['count']\r\n"
    user.type(b"\x04")
    user.expect(b"MPY: soft reboot\r\nmain is here\r\n")
    user.type(b"\x03\x03\x03")  # an impatient user
    user.expect(PROMPT)
    assert board.crashes == 0 and board.boots == 3


def test_ctrl_c_breaks_asyncio_and_input(start):
    main = """
import asyncio
async def main():
    print('on')
    await asyncio.sleep(99)
asyncio.run(main())
"""
    _, user = start(main=main)
    user.prompt()
    user.type(b"\x04")
    user.expect(b"MPY: soft reboot\r\non\r\n")
    user.type(b"\x03")
    user.expect(b"KeyboardInterrupt")
    user.expect(PROMPT)
    user.type(b"name = input('who? ')\r")
    user.expect(b"\r\nwho? ")
    user.type(b"\x03")
    user.expect(PROMPT)
    assert user.run("'name' in globals()") == "False\r\n"


def test_boot_script_runs_first_and_can_keep_main_out(start):
    _, user = start(boot="a = 'from boot'", main="print('main sees', a)\na = 1/0")
    user.type(b"\x04")
    user.expect(b"MPY: soft reboot\r\nmain sees from boot\r\nTraceback")
    user.expect(b"ZeroDivisionError: divide by zero\r\n")
    user.expect(PROMPT)
    user.run("f = open('boot.py', 'w'); f.write('nonsense('); f.close()")
    user.type(b"\x04")
    assert b"main sees" not in user.expect(PROMPT)


def test_soft_reset_in_raw_mode_skips_main(start):
    _, user = start(boot="print('booted')", main="print('main is here')")
    user.prompt()
    user.type(b"\x01")
    user.expect(b"raw REPL; CTRL-B to exit\r\n>")
    user.type(b"\x04")
    user.expect(b"MPY: soft reboot\r\nbooted\r\n")
    assert b"main is here" not in user.expect(b"raw REPL; CTRL-B to exit\r\n>")
    user.type(b"print(1)\x04")
    user.expect(b"OK1\r\n\x04\x04>")
    user.type(b"\x02")
    user.expect(PROMPT)
    user.type(b"\x04")
    user.expect(b"soft reboot\r\nbooted\r\nmain is here\r\n")


def test_exit_in_main_is_a_soft_reset_at_a_bounded_rate(start):
    board, user = start(main="import sys\nsys.exit()")
    user.expect(b"MPY: soft reboot\r\n")
    before = board.boots
    time.sleep(1.0)
    assert 2 <= board.boots - before <= 14
    user.type(b"\x03\x03")
    assert board.crashes == 0


def test_watchdog_bites_and_is_named(start):
    main = """
import machine, time
if machine.reset_cause() == machine.WDT_RESET:
    print('bitten')
else:
    dog = machine.WDT(timeout=100)
    for _ in range(6):
        time.sleep_ms(50)
        dog.feed()
    print('fed for 300 ms')
    while True:
        time.sleep_ms(1)
"""
    board, user = start(main=main)
    user.type(b"\x04")
    user.expect(b"fed for 300 ms\r\n")
    user.expect(b"board: watchdog reset\r\nbitten\r\n")
    assert ("reset", {"cause": "WDT_RESET", "status": -signal.SIGKILL}) in board.events
    user.expect(PROMPT)
    assert user.run("1") == "1\r\n"  # and the dog does not bite on


def test_soft_reset_stops_the_watchdog(start):
    board, user = start()
    user.prompt()
    user.run("import machine; dog = machine.WDT(timeout=400)")
    user.type(b"\x04")
    user.expect(b"MPY: soft reboot\r\n")
    assert not board.wait_for("reset", 0.6, cause="WDT_RESET")


def test_hard_reset_skips_finally(start):
    main = """
import machine
print('cause', machine.reset_cause())
if machine.reset_cause() != machine.HARD_RESET:
    try:
        machine.reset()
    finally:
        open('after', 'w').close()
"""
    _, user = start(main=main)
    user.expect(b"cause 2\r\n")
    user.expect(PROMPT)
    assert user.run("import os; 'after' in os.listdir()") == "False\r\n"


def test_memory_error_leaves_the_board_alive(start):
    main = """
hog = []
try:
    while True:
        hog.append(bytes(1000))
except MemoryError:
    count = len(hog)
    hog.clear()
    raise
"""
    board, user = start(heap="200K", main=main)
    user.prompt()
    user.type(b"\x04")
    user.expect(b"MemoryError: memory allocation failed")
    user.expect(PROMPT)
    assert 50 < int(user.run("count")) < 200  # of 1000 bytes, beside the shim and the REPL
    assert board.crashes == 0


def test_stop_leaves_no_process(start):
    board, _ = start(main=COUNTER)
    family = children(os.getpid())
    assert board.pid in family
    board.stop()
    assert not any(map(is_alive, family))
    board.stop()


def test_board_dies_with_its_owner(tmp_path):
    code = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from tools.vboard.board import VirtualBoard
board = VirtualBoard({str(tmp_path / "flash.img")!r}).start()
print(board.pid, flush=True)
time.sleep(60)
"""
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(owner.stdout.readline())
    family = [owner.pid, *children(owner.pid)]
    assert pid in family and all(map(is_alive, family))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert _ends(family)


def test_relay_killed_takes_the_interpreter_along(start):
    board, _ = start(main=COUNTER)
    pid = board.pid
    relay = next(p for p in children(os.getpid()) if pid in children(p))
    os.kill(relay, signal.SIGKILL)
    assert _ends([relay, pid])
    assert not board.is_running() and board.pty is None


def _ends(pids):
    end = time.monotonic() + 5
    while any(map(is_alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(is_alive, pids))


def test_command_line(tmp_path):
    argv = [sys.executable, "-m", "tools.vboard", "--flash", str(tmp_path / "f"), "--size", "64K"]
    argv += ["--link", str(tmp_path / "port")]
    program = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    line = program.stdout.readline()
    pty = os.readlink(tmp_path / "port")
    assert line == f"board on {pty} - try: mpremote connect {pty}\n"
    with Terminal(str(tmp_path / "port")) as user:
        user.prompt()
        assert user.run("import os; os.statvfs('/')[:3]") == "(4096, 4096, 16)\r\n"
    family = children(program.pid)
    program.send_signal(signal.SIGTERM)
    assert program.wait(5) == 0
    program.stdout.close()
    assert family and _ends(family)
    assert not (tmp_path / "port").is_symlink()


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--size", "4X", "'4X' is not a size"),
        ("--size", "5000", "not a multiple of 4096"),
        ("--wiring", "absent.json", "wiring file absent.json: No such file"),
        ("--flash", "/proc/none/f", "No such file or directory"),
    ],
)
def test_wrong_arguments_are_one_sentence(option, value, says, tmp_path):
    argv = [sys.executable, "-m", "tools.vboard", "--flash", str(tmp_path / "f"), option, value]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=10)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: ") and says in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_interpreter_that_cannot_start_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON", "/bin/false")
    with pytest.raises(setup.BoardError):
        VirtualBoard(tmp_path / "flash.img").start()
    monkeypatch.setenv("MICROPYTHON", str(tmp_path / "nowhere"))
    with pytest.raises(setup.BoardError, match="no MicroPython at"):
        VirtualBoard(tmp_path / "flash.img").start()


def test_output_nobody_heard_is_gone(start):
    board, user = start()
    user.prompt()
    user.run("import time")
    user.type(b"time.sleep_ms(100); print('un' + 'heard')\r")
    user.expect(b"print('un' + 'heard')\r\n")
    user.close()
    time.sleep(0.3)
    user.fd = os.open(board.pty, os.O_RDWR | os.O_NOCTTY)
    user.type(b"1 + 1\r")
    assert b"unheard" not in user.expect(b"2\r\n" + PROMPT)


def test_terminal_is_raw_for_whoever_opens_it(start):
    """No echo of the board's own output back into the board, whatever opens the terminal."""
    _, user = start()
    user.prompt()
    user.type(b"print('x' * 3, end='|')\r")
    user.expect(b"\r\nxxx|" + PROMPT)
    assert user.run("2") == "2\r\n"
