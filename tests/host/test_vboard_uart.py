"""machine.UART of the shim under MicroPython on a real terminal."""

import os
import pty
import time
import tty

import pytest
from vboard_chip import Desk, cpu_ticks, lines_of

pytestmark = pytest.mark.alone


@pytest.fixture
def desk(micropython, tmp_path):
    with Desk(micropython, tmp_path) as desk:
        yield desk


@pytest.fixture
def line(tmp_path):
    """Far end of UART 1: a file descriptor."""
    master, slave = pty.openpty()
    tty.setraw(master)
    (tmp_path / "uart").symlink_to(os.ttyname(slave))
    yield master
    os.close(master)
    os.close(slave)


def test_uart_reads_and_writes_like_silicon(desk, line):
    text = """
import time
from machine import UART
uart = UART(1, 2400, parity=0, timeout=0)
print(uart.any(), uart.read(), uart.read(5), uart.readinto(bytearray(3)))
print(uart.write(b'\\x00\\n\\r\\x03\\x11hello'))
import sys; sys.stdin.readline()
print(uart.any(), uart.read(2), uart.any())
buf = bytearray(4)
print(uart.readinto(buf), bytes(buf), uart.read())
print(uart.baudrate, uart.parity)
late = UART(1, 9600, timeout=400, timeout_char=100)
print('waiting')
print(late.read(6))
"""
    process = desk.script(text)
    assert process.line() == "0 None None None"
    assert process.line() == "10"
    assert os.read(line, 100) == b"\0\n\r\x03\x11hello"
    os.write(line, b"\x68\n\x03\r\x16\x00z")
    process.tell("")
    assert process.line() == "7 b'h\\n' 5"
    assert process.line() == r"4 b'\x03\r\x16\x00' b'z'"
    assert process.line() == "2400 0"
    assert process.line() == "waiting"
    os.write(line, b"abc")
    time.sleep(0.03)
    os.write(line, b"def")
    assert process.line() == "b'abcdef'"


def test_uart_under_asyncio(desk, line):
    text = """
import asyncio
from machine import UART
uart = UART(1, 9600)
async def main():
    reader = asyncio.StreamReader(uart)
    print('ready')
    for _ in range(3):
        data = await asyncio.wait_for(reader.read(100), 3)
        print(data)
    await reader.readinto(bytearray(1))
    uart.any()
    print(await asyncio.wait_for(reader.read(9), 3))
    try:
        await asyncio.wait_for_ms(reader.read(9), 30)
    except asyncio.TimeoutError:
        print('quiet')
    await asyncio.sleep(9)
asyncio.run(main())
"""
    process = desk.script(text)
    assert process.line() == "ready"
    for data in (b"one", b"two", bytes(60)):
        os.write(line, data)
        assert process.line() == repr(data)
    os.write(line, b"!rest")
    assert process.line() == "b'rest'"
    assert process.line() == "quiet"


def test_uart_far_end_gone_is_silence_not_a_spin(desk, tmp_path):
    master, slave = pty.openpty()
    (tmp_path / "uart").symlink_to(os.ttyname(slave))
    text = """
import asyncio
from machine import UART
uart = UART(1, 9600)
async def main():
    reader = asyncio.StreamReader(uart)
    print('ready')
    for _ in range(4):
        try:
            print(await asyncio.wait_for_ms(reader.read(9), 200))
        except asyncio.TimeoutError:
            pass
    print(uart.any(), uart.read(), uart.write(b'into the void'))
    try:
        uart.init(9600)
    except OSError as error:
        print(error)
asyncio.run(main())
"""
    process = desk.script(text)
    assert process.line() == "ready"
    before = cpu_ticks(process.pid)
    os.close(slave)
    os.close(master)
    assert process.line() == "0 None 13"
    assert cpu_ticks(process.pid) - before <= 8  # of 80
    assert process.line() == f"UART 1: cannot open {tmp_path}/uart"


def test_uart_with_a_stuck_reader_drops_and_counts(desk, line):
    text = """
from machine import UART
uart = UART(1, 9600)
sent = sum(uart.write(bytes(100)) or 0 for _ in range(2000))
print(uart.lost > 0, sent + uart.lost == 200000)
"""
    assert lines_of(desk.script(text)) == ["True True"]


def test_uart_that_leads_nowhere_says_so(desk, tmp_path):
    text = """
from machine import UART
for number in (2, 5):
    try:
        UART(number)
    except OSError as error:
        print(error)
"""
    assert lines_of(desk.script(text)) == [
        f"UART 2: cannot open {tmp_path}/absent",
        "UART 5 is not wired: the wiring file does not name it",
    ]
