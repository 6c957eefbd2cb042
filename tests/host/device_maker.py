"""Simulated devices for tests, and Modbus frames by the book. A helper of tests."""

from tools.station.devices.kinds import KINDS

ADDRESS = {"modbus": "17", "dlt645": "000000000012", "dlt698": "000000000012"}


def make(kind, seed=3, **more):
    device = KINDS[kind](ADDRESS[KINDS[kind].protocol], seed, **more)
    device.step(1)
    return device


def crc(raw):
    """By the book, bit by bit: no table of anybody's."""
    value = 0xFFFF
    for byte in raw:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def rtu(text):
    raw = bytes.fromhex(text)
    return raw + crc(raw)
