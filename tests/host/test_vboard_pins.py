"""machine.Pin of the shim under MicroPython: the chip's wires on a real socket."""

import time

import pytest
from vboard_chip import Desk, PinChip, cpu_ticks, lines_of

pytestmark = pytest.mark.alone


@pytest.fixture
def desk(micropython, tmp_path):
    with Desk(micropython, tmp_path) as desk:
        yield desk


@pytest.fixture
def pins(tmp_path):
    pins = PinChip(tmp_path / "pins")
    yield pins
    pins.close()


PIN_HEAD = """
import asyncio, machine, time
from machine import Pin
irq0, cf1, event = Pin(4, Pin.IN), Pin(6, Pin.IN), Pin(16, Pin.IN)
"""


def test_pin_interrupts_carry_the_stamp_of_their_edge(desk, pins):
    text = """
def falls(pin):
    print('irq0', pin is irq0, pin(), machine.edge_us())
def both(pin):
    print('cf1', pin(), machine.edge_us())
    if machine.edge_us() == 1002:
        raise ValueError('handler')
irq0.irq(falls, Pin.IRQ_FALLING)
cf1.irq(both, Pin.IRQ_RISING | Pin.IRQ_FALLING)
async def main():
    pump = asyncio.create_task(machine.pump())
    print('ready')
    while cf1() or machine.edge_us() < 5000:
        await asyncio.sleep_ms(5)
    now = machine.edge_us()
    print(0 <= time.ticks_diff(time.ticks_us(), now) < 1000000)
asyncio.run(main())
"""
    process = desk.script(PIN_HEAD + text)
    assert process.line() == "ready"
    while pins.client is None:
        time.sleep(0.005)
    time.sleep(0.05)
    big = 1 << 40
    pins.edge((0, 0, 1000), (2, 0, 1001), (2, 1, 1002), (0, 1, 1003), (0, 1, 1004))
    pins.edge((0, 0, 2000))
    pins.client.sendall(b"\x02\x00" + bytes(6))  # half a record
    time.sleep(0.03)
    pins.client.sendall(big.to_bytes(8, "big"))
    lines = lines_of(process)
    assert [line for line in lines if line.startswith(("irq0", "cf1", "ValueError"))] == [
        "irq0 True 0 1000",
        "cf1 0 1001",
        "cf1 1 1002",
        "ValueError: handler",
        "irq0 True 0 2000",
        f"cf1 0 {big}",
    ]
    assert lines[-1] == "True"


def test_pin_value_is_up_to_date_without_a_pump(desk, pins):
    text = """
hits = []
cf1.irq(lambda pin: hits.append(machine.edge_us()), Pin.IRQ_FALLING)
print(irq0())
import sys; sys.stdin.readline()
print(irq0(), hits)
"""
    process = desk.script(PIN_HEAD + text)
    assert process.line() == "1"
    while pins.client is None:
        time.sleep(0.005)
    time.sleep(0.05)
    pins.edge((2, 0, 71), (2, 1, 72), (2, 0, 73), (0, 0, 74))
    process.tell("")
    assert process.line() == "0 [71, 73]"


def test_pins_drive_reset_and_watch_the_event_wire(desk, pins):
    text = """
reset = Pin(17, Pin.OUT, value=0)
reset(1); reset(1); reset(0)
event()
print(event(), reset())
import sys; sys.stdin.readline()
"""
    process = desk.script(PIN_HEAD + text)
    assert process.line() == "1 0"
    process.tell("")
    process.end()
    arrived(pins, 4)
    assert pins.got == [(8, 0), (8, 1), (8, 0), (5, 0x81)]


def arrived(chip, count):
    """Wait until the chip has got so many edges, for a while."""
    deadline = time.monotonic() + 10
    while len(chip.got) < count and time.monotonic() < deadline:
        time.sleep(0.01)


def test_pins_idle_high_without_a_chip_and_come_back(desk, tmp_path):
    text = """
reset = Pin(17, Pin.OUT, value=1)
falls = 0
def fall(pin):
    global falls
    falls += 1
irq0.irq(fall, Pin.IRQ_FALLING)
async def main():
    asyncio.create_task(machine.pump())
    was = None
    while True:
        now = (irq0(), falls)
        if now != was:
            was = now
            print(*now)
        await asyncio.sleep_ms(5)
asyncio.run(main())
"""
    process = desk.script(PIN_HEAD + text)
    assert process.line() == "1 0"
    for round in (1, 2):
        chip = PinChip(tmp_path / "pins", levels=(0, 1, 1, 1, 1, 1))
        assert process.line() == f"0 {round}"
        arrived(chip, 1)
        chip.close()
        assert process.line() == f"1 {round}"
        assert chip.got == [(8, 1)]  # what the board drives is driven again


def test_idle_pump_uses_no_cpu(desk, pins):
    text = """
async def main():
    asyncio.create_task(machine.pump())
    await asyncio.sleep_ms(50)
    print('idle')
    await asyncio.sleep(9)
asyncio.run(main())
"""
    process = desk.script(PIN_HEAD + text)
    assert process.line() == "idle"
    for state in ("chip there", "chip gone"):
        before = cpu_ticks(process.pid)
        time.sleep(0.5)
        assert cpu_ticks(process.pid) - before <= 2, state  # of 50
        if state == "chip there":
            pins.client.shutdown(2)


def test_time_stands_while_the_crystal_waits(desk, pins):
    text = """
import sys
seen = []
cf1.irq(lambda pin: seen.append(machine.edge_us()), Pin.IRQ_FALLING)
irq0()
print(abs(machine.ticks_us() - time.ticks_us()) < 10000)
sys.stdin.readline()
irq0()
time.sleep_ms(90)
first = machine.ticks_us()
time.sleep_ms(3)
print(seen, first, machine.ticks_us() - first)
sys.stdin.readline()
while True:
    now = machine.ticks_us()
    assert now >= first
    if now > first:
        break
print(40000 < time.ticks_us() - now < 60000)
"""
    process = desk.script(PIN_HEAD + text)
    assert process.line() == "True"
    while pins.client is None:
        time.sleep(0.005)
    time.sleep(0.05)
    now = time.monotonic_ns() // 1000
    # it stood 9 s before this board came, 20 ms before the first edge and 30 ms more before the
    # second; it may run for 20 ms more and stands then
    pins.edge((15, 0, 9000000))
    pins.edge((15, 0, 9020000), (2, 0, 1020000), (2, 1, 1), (15, 0, 9050000), (2, 0, 1100000))
    pins.edge((15, 1, now + 70000))
    process.tell("")
    assert process.line() == f"[1000000, 1050000] {now + 20000} 0"
    pins.client.shutdown(2)  # time goes on without it, and not backwards
    process.tell("")
    assert process.line() == "True"
