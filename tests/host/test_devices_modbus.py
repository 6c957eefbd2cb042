"""Simulated Modbus devices, with frames by hand: registers, refusals, silence, writes."""

import device_asker as ask
import pytest
from device_maker import make, rtu
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as words


def test_breaker_by_hand():
    breaker = make("smart-breaker")
    breaker.put(ua=2304, ub=2311, uc=2297, ep=0x00012345, pa=-3)
    assert breaker.hear(rtu("11 03 0000 0003")) == rtu("11 03 06 0900 0907 08F9")
    assert breaker.hear(rtu("11 03 0018 0002")) == rtu("11 03 04 0001 2345")
    assert breaker.hear(rtu("11 03 0009 0001")) == rtu("11 03 02 FFFD")
    assert breaker.hear(rtu("11 03 0020 0002")) == rtu("11 03 04 0009 0000")
    breaker.raise_alarm()
    assert breaker.hear(rtu("11 03 0020 0002")) == rtu("11 03 04 000E 0004")
    breaker.raise_alarm(False)
    assert breaker.hear(rtu("11 03 0020 0002")) == rtu("11 03 04 0009 0004")
    assert breaker.hear(rtu("11 03 0000 0022"))[:3] == b"\x11\x03\x44"  # the whole range


def test_inverter_has_the_low_word_first():
    inverter = make("pv-inverter")
    inverter.put(ep=0x00012345, p=-5)
    assert inverter.hear(rtu("11 04 0016 0002")) == rtu("11 04 04 2345 0001")
    assert inverter.hear(rtu("11 04 000E 0002")) == rtu("11 04 04 FFFB FFFF")


@pytest.mark.parametrize(
    "kind, request_, reply",
    [
        ("smart-breaker", "11 03 0022 0001", "11 83 02"),  # behind a range
        ("smart-breaker", "11 03 0021 0002", "11 83 02"),  # half in it
        ("smart-breaker", "11 04 0000 0001", "11 84 01"),  # no such table
        ("smart-breaker", "11 03 0000 0000", "11 83 03"),  # no registers
        ("smart-breaker", "11 03 0000 007E", "11 83 03"),  # 126 of them
        ("smart-breaker", "11 41 0000 0001", "11 C1 01"),  # no such function
        ("smart-breaker", "11 01 0000 0001", "11 81 01"),  # one this kind lacks
        ("smart-breaker", "11 06 0030 0001", "11 86 03"),  # a value out of its range
        ("smart-breaker", "11 06 0020 0001", "11 86 02"),  # not for writing
        ("smart-breaker", "11 06 0040 0001", "11 86 04"),  # closed without the key
        ("smart-breaker", "11 05 0000 FF00", "11 85 04"),
        ("temperature-humidity", "11 04 0000 0002", "11 84 02"),
        ("residual-current", "11 05 0000 FF00", "11 85 01"),
        ("surge-protector", "11 03 00BB 0002", "11 83 02"),
    ],
)
def test_modbus_refusals(kind, request_, reply):
    device = make(kind)
    before = device.truth()
    assert device.hear(rtu(request_)) == rtu(reply)
    assert device.truth() == before


def test_modbus_silence():
    device = make("residual-current")
    sound = rtu("11 03 0000 0003")
    assert device.hear(sound) is not None
    assert device.hear(rtu("12 03 0000 0003")) is None  # for another
    assert device.hear(sound[:-1]) is None
    assert device.hear(b"\0" + sound) is None  # a slave takes a transmission as it is
    for bit in range(8 * len(sound)):
        raw = bytearray(sound)
        raw[bit // 8] ^= 1 << bit % 8
        assert device.hear(bytes(raw)) is None
    assert device.hear(b"") is None and device.requests == 1


def test_modbus_writes():
    breaker = make("smart-breaker")
    assert breaker.hear(rtu("11 10 0031 0002 04 0005 0064")) == rtu("11 10 0031 0002")
    assert (breaker.truth()["long_time"], breaker.truth()["residual_limit"]) == (5, 100)
    assert breaker.hear(rtu("11 10 0031 0002 04 0005 0001")) == rtu("11 90 03")
    assert breaker.hear(rtu("00 06 0031 0009")) is None  # broadcast: obeyed, not answered
    assert breaker.truth()["long_time"] == 9
    sensor = make("temperature-humidity")
    assert sensor.hear(rtu("11 06 0103 FFF6")) == rtu("11 06 0103 FFF6")
    assert sensor.truth()["temperature_offset"] == -10


def test_breaker_wants_its_key():
    breaker = make("smart-breaker")
    unlock, open_ = rtu("11 06 0041 55AA"), rtu("11 06 0040 0002")
    assert breaker.hear(unlock) == unlock
    assert breaker.hear(open_) == open_
    assert breaker.truth()["state"] & 1 == 0 and breaker.truth()["cause"] == 8
    assert breaker.truth()["ia"] == 0
    assert breaker.hear(open_) == rtu("11 86 04")  # one key, one command
    breaker.hear(unlock)
    breaker.step(11)
    assert breaker.hear(open_) == rtu("11 86 04")
    breaker.hear(unlock)
    close = ask.modbus(17, bits.WriteSingleCoilRequest(address=0, bits=[True]))
    assert breaker.hear(close) == close
    assert breaker.truth()["state"] & 1 == 1


def test_capacitor_rests_between_switchings():
    capacitor = make("smart-capacitor")
    capacitor.put(mode=1, state=0)
    count = capacitor.truth()["switchings"]
    on = ask.modbus(17, words.WriteSingleRegisterRequest(address=17, registers=[7]))
    off = ask.modbus(17, words.WriteSingleRegisterRequest(address=17, registers=[0]))
    assert capacitor.hear(on) == on
    assert capacitor.truth()["state"] == 7 and capacitor.truth()["switchings"] == count + 1
    assert capacitor.hear(off) == rtu("11 86 04")
    capacitor.step(30)
    assert capacitor.hear(off) == off and capacitor.truth()["state"] == 0
