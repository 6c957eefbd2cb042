"""The guarded shell on a real terminal line (PTY), beside tasks that must go on running."""

import os
import pty
import select
import signal
import subprocess
import time
import tty

import pytest
from conftest import ROOT

# A program of the terminal's shape: a task that counts, the shell, an orderly end.
PROGRAM = """
import asyncio
from firmware.console import shell
count = 0
async def work():
    global count
    while count < 20000:
        count += 1
        await asyncio.sleep_ms(1)
async def main():
    asyncio.create_task(shell.on_stdin().run())
    await work()
try:
    asyncio.run(main())
finally:
    print("stopped in order")
print("ended by itself")
"""
PATIENCE_S = 20  # bound of each wait; a wait that ends well takes milliseconds


class Session:
    def __init__(self, argv, env):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.process = subprocess.Popen(
            argv, cwd=ROOT, env=env, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        self.shown = b""

    def type(self, keys):
        os.write(self.master, keys)

    def until(self, expected):
        """What came up to and with `expected`."""
        end = time.monotonic() + PATIENCE_S
        while expected not in self.shown:
            left = end - time.monotonic()
            assert left > 0, f"{expected!r} did not come, only {self.shown!r}"
            if select.select([self.master], [], [], left)[0]:
                self.shown += os.read(self.master, 4096)
        before, _, self.shown = self.shown.partition(expected)
        return before + expected

    def ask(self, source):
        """The one line that the shell answers to `source`."""
        self.type(source + b"\r")
        self.until(source + b"\r\n")
        return self.until(b"\r\nttu> ")[: -len(b"\r\nttu> ")]

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "main.py"
    path.write_text(PROGRAM)
    return str(path)


@pytest.fixture
def session(micropython, device_env, program):
    """-i: as on a board, the plain prompt follows when the program ends."""
    opened = Session([*micropython, "-i", program], device_env)
    yield opened
    opened.close()


@pytest.fixture
def last_session(micropython, device_env, program):
    """Without a plain prompt behind it."""
    opened = Session([*micropython, program], device_env)
    yield opened
    opened.close()


def test_prompt_beside_a_running_task(session):
    session.until(b"ttu> ")
    first = int(session.ask(b"count"))
    assert session.ask(b"1/0") == b"ZeroDivisionError: divide by zero"
    assert session.ask(b"ttu.status()") == b"the terminal is not running"
    assert session.ask(b"ttu.points(1, 2)") == b"use it as points('meter.*')"
    # Nobody types: the task goes on.
    time.sleep(0.05)
    assert int(session.ask(b"count")) > first + 10


def plain_prompt_knows_main(session):
    session.until(b"stopped in order")
    session.until(b">>> ")
    session.type(b"print('still', count > 0)\r")
    session.until(b"still True")


def test_ctrl_c_as_a_byte_leaves_to_the_plain_prompt(session):
    session.until(b"ttu> ")
    session.type(b"12\x03")
    session.until(b"ttu> ")
    session.type(b"\x03")
    plain_prompt_knows_main(session)


def test_ctrl_c_as_an_interrupt_while_idle(session):
    session.until(b"ttu> ")
    session.process.send_signal(signal.SIGINT)
    plain_prompt_knows_main(session)


def test_ctrl_c_breaks_an_endless_line(session):
    session.until(b"ttu> ")
    session.type(b"while True: print('round')\r")
    session.until(b"round\nround\n")
    session.process.send_signal(signal.SIGINT)
    plain_prompt_knows_main(session)


def test_ctrl_d_ends_the_program(last_session):
    last_session.until(b"ttu> ")
    last_session.type(b"\x04")
    last_session.until(b"stopped in order")
    assert last_session.process.wait(PATIENCE_S) == 0


def test_without_a_typist_the_tasks_go_on(micropython, device_env, tmp_path):
    """Standard input at its end: no console, and nothing else is lost."""
    program = tmp_path / "main.py"
    program.write_text(PROGRAM.replace("20000", "300"))
    done = subprocess.run(
        [*micropython, str(program)],
        cwd=ROOT,
        env=device_env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0 and b"ended by itself" in done.stdout, done
