"""The rest of the machine shim under MicroPython: timers, clock, identity, a bare board."""

import pytest
from vboard_chip import Desk, Script, lines_of


@pytest.fixture
def desk(micropython, tmp_path):
    with Desk(micropython, tmp_path) as desk:
        yield desk


def test_a_board_without_wiring(micropython, tmp_path):
    text = """
import machine
spi = machine.SPI(7); cs = machine.Pin(3, machine.Pin.OUT)
cs(0); print(spi.read(2)); cs(1)
print(machine.Pin(9, machine.Pin.IN, machine.Pin.PULL_UP).value(), machine.Pin(8).value())
out = machine.Pin(5, machine.Pin.OUT, value=1); print(out(), machine.Pin(5, machine.Pin.OUT)())
try:
    machine.UART(1)
except OSError as error:
    print(error)
print(machine.unique_id(), machine.reset_cause() == machine.PWRON_RESET)
machine.WDT(timeout=10).feed()
machine.reset()
"""
    process = Script(micropython, tmp_path, text, tmp_path / "absent.json")
    status, said = process.end()
    assert said.split("\n") == [
        "b'\\xff\\xff'",
        "1 0",
        "1 1",
        "UART 1 is not wired: the wiring file does not name it",
        "b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00' True",
        "",
    ]
    assert status == 66


def test_timer_and_clock(desk):
    text = """
import asyncio, machine, time
from machine import RTC, Timer
calls = []
async def main():
    def count(timer):
        calls.append(timer)
        if len(calls) == 3:
            timer.deinit()
        if len(calls) == 2:
            raise ValueError('in callback')
    Timer(mode=Timer.PERIODIC, period=5, callback=count)
    once = []
    Timer().init(mode=Timer.ONE_SHOT, period=5, callback=once.append)
    never = Timer(period=5, callback=once.append); never.deinit()
    await asyncio.sleep_ms(80)
    print(len(calls), len(once))
    times = []
    def slow(timer):
        times.append(time.ticks_ms())
        if len(times) == 1:
            time.sleep_ms(40)                   # eight periods late
    busy = Timer(period=5, callback=slow)
    await asyncio.sleep_ms(80)
    busy.deinit()
    gaps = [b - a for a, b in zip(times, times[1:])]
    print(len(times) > 2, min(gaps[1:]) >= 3)   # no volley to make up for it
asyncio.run(main())
rtc = RTC()
days = ((2000, 2, 29, 1), (2024, 12, 31, 1), (2026, 3, 1, 6), (2099, 1, 1, 3))
for year, month, day, weekday in days:
    rtc.datetime((year, month, day, 0, 23, 59, 58, 5))
    assert rtc.datetime()[:7] == (year, month, day, weekday, 23, 59, 58), rtc.datetime()
    assert RTC().datetime()[:3] == (year, month, day)
print(machine.unique_id())
"""
    lines = lines_of(desk.script(text))
    assert lines[-3:] == ["3 1", "True True", f"{bytes.fromhex('0011223344556677')}"]
    assert "ValueError: in callback" in lines


def test_wiring_of_signal_and_registers(desk):
    text = """
import machine
led = machine.Pin(30, machine.Pin.OUT)
lamp = machine.Signal(led, invert=True)
lamp.on(); print(led(), lamp.value())
print(machine.mem32, machine.freq() > 0, machine.idle())
"""
    assert lines_of(desk.script(text)) == ["0 1", "<32-bit memory> True None"]
