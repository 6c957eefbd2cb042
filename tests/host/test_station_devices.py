"""The simulated devices of the buses hold what their README.md says, in its unit and width."""

import struct

import device_asker as ask
import device_maps
import pytest
from device_maker import make
from dlt698 import _native as core

from tools.station.devices.kinds import KINDS

MAPS = device_maps.read()
# What README.md says an alarm does, below each table
ALARMS = {
    "smart-breaker": {"state": 0b1110, "cause": 4},
    "residual-current": {"state": 0b11},
    "smart-capacitor": {"faults": 0b1000},
    "surge-protector": {"faults": 0b1},
    "ev-charger": {"state": 4, "faults": 0b10},
    "pv-inverter": {"state": 2, "faults": 0b10000, "p": 0},
    "residual-current-645": {"state": 0b110},
    "meter-645": {"state4": 1, "state7": 1, "state3": 0},
    "meter-698": {"state4": 1, "state7": 1, "state3": 0},
    "concentrator-698": {"state4": 1, "state7": 1, "state3": 0},
    "end-terminal-698": {"state4": 1, "state7": 1, "state3": 0},
}
TAGS = {"05": ">i", "06": ">I", "10": ">h", "12": ">H"}


def test_every_kind_has_a_table():
    assert set(MAPS) == set(KINDS)
    for kind, table in MAPS.items():
        names = [row.name for row in table]
        assert len(set(names)) == len(names), kind
        assert set(names) == set(make(kind).truth()), kind
        is_key = any(row.cells["class"] == "key" for row in table)
        assert KINDS[kind].is_key == is_key, kind
        assert f"parity {KINDS[kind].parity}" in table[0].head
        assert all(str(baud) in table[0].head for baud in KINDS[kind].BAUDS)


def read_modbus(device, row):
    function = 4 if "function 04" in row.head else 3
    if "function 03" in row.cells["item"]:
        function = 3
    register, width = int(row.pick("register")), int(row.cells["width"])
    reply = device.hear(ask.modbus_read(17, function, register, width))
    pdu = ask.modbus_answer(17, reply)
    assert not pdu.isError(), row.name
    got = list(pdu.registers)
    if "low word first" in row.head:
        got.reverse()
    raw = struct.pack(f">{width}H", *got)
    return int.from_bytes(raw, "big", signed=row.cells["sign"] == "s")


def read_645(device, row):
    di = row.pick("identifier")
    address, control, data = ask.dlt645_answer(device.hear(ask.dlt645_read(device.address, di)))
    assert (address, control) == (device.address, 0x91)
    raw = bytes.fromhex(data)
    assert raw[:4] == bytes.fromhex(di)[::-1]
    return device_maps.number_645(row, raw[4:])


def read_698(device, row):
    """The item alone; the whole attribute must agree."""
    attribute, tag = row.cells["attribute"], row.cells["type"][-3:-1]
    is_single = row.cells["element"].startswith("none")
    index = "00" if is_single else f"{int(row.pick('element')):02X}"
    reply = ask.dlt698_answer(device.hear(ask.dlt698(device.address, ask.get(attribute))))
    whole = core.encode_data(reply.attributes[0].result)
    reply = device.hear(ask.dlt698(device.address, ask.get(attribute[:6] + index)))
    raw = core.encode_data(ask.dlt698_answer(reply).attributes[0].result)
    if not is_single:
        assert whole[0] == 1
        assert whole[2 + len(raw) * (int(index, 16) - 1) :].startswith(raw)
    assert raw[0] == int(tag, 16), row.name
    if tag == "04":
        assert raw[1] == 16
        return sum(1 << bit for bit in range(16) if raw[2 + bit // 8] & 0x80 >> bit % 8)
    return struct.unpack(TAGS[tag], raw[1:])[0]


READERS = {"modbus": read_modbus, "dlt645": read_645, "dlt698": read_698}


@pytest.mark.parametrize("kind", KINDS)
def test_items_are_where_the_table_says(kind):
    device = make(kind)
    for alarm in (False, True):
        if alarm and kind != "temperature-humidity":
            device.raise_alarm()
        truth = device.truth()
        got = {row.name: READERS[device.protocol](device, row) for row in MAPS[kind]}
        assert got == truth


def test_every_kind_moves_and_stays_in_its_width():
    for kind in KINDS:
        device = make(kind)
        first = device.truth()
        for _ in range(300):
            device.step(60 if device.protocol == "modbus" else 2)
        assert device.truth() != first, kind
        assert all(isinstance(value, int) for value in device.truth().values())
        got = {row.name: READERS[device.protocol](device, row) for row in MAPS[kind]}
        assert got == device.truth(), kind


def test_alarms():
    for kind in KINDS:
        device = make(kind)
        if kind == "temperature-humidity":
            with pytest.raises(ValueError, match="no alarm"):
                device.raise_alarm()
            continue
        alarms = [row.name for row in MAPS[kind] if row.cells["class"] in ("key", "alarm")]
        before = {name: device.truth()[name] for name in alarms}
        device.raise_alarm()
        raised = {name: device.truth()[name] for name in alarms}
        assert raised != before, kind
        device.step(5)
        assert ALARMS[kind].items() <= device.truth().items(), kind
        assert {name: device.truth()[name] for name in alarms} == raised, kind
        device.raise_alarm(False)
        after = {name: device.truth()[name] for name in alarms}
        changed = {name for name in alarms if after[name] != before[name]}
        assert changed <= {"cause", "state"} and after != raised, kind  # what a trip leaves
