"""machine.SPI of the shim under MicroPython against a chip on a real socket."""

import time

import pytest
from vboard_chip import Desk, SpiChip, lines_of

pytestmark = pytest.mark.alone


@pytest.fixture
def desk(micropython, tmp_path):
    with Desk(micropython, tmp_path) as desk:
        yield desk


@pytest.fixture
def chip(tmp_path):
    chip = SpiChip(tmp_path / "spi")
    yield chip
    chip.close()


SPI_HEAD = """
import machine, time
from machine import Pin, SPI
spi = SPI(1, 20000000, polarity=0, phase=0)
cs = Pin(10, Pin.OUT, value=1)
"""


def test_spi_transfers_of_every_kind(desk, chip):
    text = """
small, large, both = bytearray(4), bytearray(70000), bytearray(b'abc')
cs(0); spi.write(b'\\x12\\x34'); spi.readinto(small); cs(1)
print(list(small))
cs(0); spi.write(bytes(200)); print(list(spi.read(3, 0x55))); spi.write_readinto(both, both); cs(1)
print(list(both))
spi.readinto(memoryview(large)[5:]); print(list(large[4:8]), list(large[-2:]))
cs.off(); spi.write(b'last'); cs.on()
cs(0); spi.write(b'x'); cs(1); print(list(spi.read(1)))
"""
    expected = ["[0, 1, 2, 3]", "[4, 5, 6]", "[158, 157, 156]"]
    # the count goes on at 7: no byte lost, none twice, over 69995 bytes in two records
    expected += ["[0, 7, 8, 9]", f"[{(7 + 69993) & 255}, {(7 + 69994) & 255}]"]
    lines = lines_of(desk.script(SPI_HEAD + text))
    assert lines[:3] == expected[:3]
    assert lines[3] == f"{expected[3]} {expected[4]}"
    assert lines[4] == f"[{(7 + 69995) & 255}]"
    assert chip.log == [
        "fall", b"\x12\x34", (4, 0), "rise",
        "fall", bytes(200), (3, 0x55), b"abc", "rise",
        (65535, 0), (4460, 0),
        "fall", b"last", "rise",
        "fall", b"x", "rise", (1, 0),
    ]  # fmt: skip


def test_spi_transaction_leaves_in_few_pieces(desk, chip):
    text = """
rx = bytearray(6)
cs(0); spi.write(b'\\x00\\x08'); spi.readinto(rx); time.sleep_ms(30); cs(1)
time.sleep_ms(30)
cs(0); spi.write(b'\\x00\\x00abcd'); cs(1)
time.sleep_ms(30)
"""
    lines_of(desk.script(SPI_HEAD + text))
    select_head_fill = b"\x01\0\0" + b"\x02\0\x02\0\x08" + b"\x04\0\x03\0\x06\0"
    write = b"\x01\0\0" + b"\x02\0\x06\0\0abcd" + b"\x03\0\0"
    assert chip.sends == [select_head_fill, b"\x03\0\0", write]


def test_spi_partial_answers_are_joined(desk, chip):
    def dribble(data):
        for at in range(0, len(data), 400):
            chip.client_send(data[at : at + 400])
            time.sleep(0.005)

    chip.answer = dribble
    text = """
big = bytearray(3500)
cs(0); spi.write(b'\\x80\\x08'); spi.readinto(big); cs(1)
print(all(big[i] == i & 255 for i in range(3500)))
"""
    assert lines_of(desk.script(SPI_HEAD + text)) == ["True"]


SPI_WATCH = (
    SPI_HEAD
    + """
def look():
    began = time.ticks_us()
    cs(0); spi.write(b'\\x12\\x34'); got = bytes(spi.read(4)); cs(1)
    return got, time.ticks_diff(time.ticks_us(), began)
was = None
while True:
    got, us = look()
    now = 'chip' if got[3] == got[0] + 3 & 255 else 'junk'
    if got == b'\\xff\\xff\\xff\\xff':
        now = 'high'
    if now != was:
        was = now
        print(now)
    time.sleep_ms(10)
"""
)


def test_spi_floats_high_without_a_chip_and_resumes(desk, tmp_path):
    process = desk.script(SPI_WATCH)
    assert process.line() == "high"
    for _ in range(2):
        chip = SpiChip(tmp_path / "spi")
        assert process.line() == "chip"
        chip.close()
        assert process.line() == "high"


def test_spi_absent_chip_costs_little_and_is_tried_seldom(desk, tmp_path):
    text = """
began = time.ticks_ms()
n = 0
while time.ticks_diff(time.ticks_ms(), began) < 300:
    cs(0); spi.write(b'\\x12\\x34'); x = spi.read(4); cs(1)
    assert x == b'\\xff\\xff\\xff\\xff'
    n += 1
print(n > 2000)
rx = bytearray(3500)
spi.readinto(rx); print(rx == b'\\xff' * 3500)
"""
    assert lines_of(desk.script(SPI_HEAD + text)) == ["True", "True"]


def test_spi_silent_chip_stalls_once_and_within_its_bound(desk, chip):
    chip.answer = lambda data: None
    text = """
best, fast = 10**9, 0
for _ in range(3):
    began = time.ticks_us(); cs(0); spi.write(b'\\x12\\x34')
    x = spi.read(4)
    took = time.ticks_diff(time.ticks_us(), began)
    assert x == b'\\xff\\xff\\xff\\xff'
    spi.read(4); spi.write(b'zz'); cs(1)           # the rest of it does not wait again
    rest = time.ticks_diff(time.ticks_us(), began) - took
    cs(0); x = spi.read(4); cs(1)                   # nor the next one, so soon
    fast += rest < 50000
    best = min(best, took)
    time.sleep_ms(550)
print(245000 < best < 300000, fast > 0, best)
"""
    lines = lines_of(desk.script(SPI_HEAD + text))
    assert lines[0].startswith("True True"), lines
    assert chip.clients == 3


def test_spi_half_an_answer_does_not_reach_the_next_question(desk, chip):
    def cut(data):
        chip.answer = chip.client_send
        chip.client_send(data[: len(data) // 2])

    text = SPI_WATCH.replace("time.sleep_ms(10)", "time.sleep_ms(100)")
    process = desk.script(SPI_HEAD + text)
    assert process.line() == "chip"
    chip.answer = cut
    assert process.line() == "high"
    assert process.line() == "chip"  # never 'junk'
