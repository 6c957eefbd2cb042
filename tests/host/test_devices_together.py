"""Simulated devices on one line, and the fleet a station is made of."""

import time

import device_asker as ask
import pytest
from device_maker import ADDRESS, make

from tools.station.devices.dispatch import Bus
from tools.station.devices.fleet import fleet, rows
from tools.station.devices.kinds import KINDS


def test_a_device_answers_at_its_own_speed_only():
    (devices,) = fleet(48, 1, 5)
    bus = Bus(devices)
    speeds = {(device.baud, device.parity) for device in devices}
    assert len(speeds) >= 4 and {device.protocol for device in devices} == set(ADDRESS)
    for device in devices:
        request = ask.question(device)
        alone = device.hear(request)
        assert alone is not None
        for baud, parity in speeds | {(device.baud, "O")}:
            answers = bus.hear(request, baud, parity)
            is_right = (baud, parity) == (device.baud, device.parity)
            assert answers == ([(device, alone)] if is_right else []), device.name
        assert bus.hear(request, device.baud) == [(device, alone)]


def test_search_collides_and_narrows():
    bus = Bus(fleet(48, 1, 5)[0])
    meters = [one for one in bus.devices if (one.protocol, one.baud) == ("dlt645", 9600)]
    assert len(bus.hear(ask.dlt645("AAAAAAAAAAAA", 0x13, ""), 9600)) == len(meters)
    for meter in meters:
        low = meter.address[8:]
        ((found, reply),) = bus.hear(ask.dlt645("A" * 8 + low, 0x13, ""), 9600)
        wire = bytes.fromhex(meter.address)[::-1].hex()
        assert found is meter and ask.dlt645_answer(reply) == (meter.address, 0x93, wire)
    half = bus.hear(ask.dlt645_read("AAAAAAAA00" + meters[0].address[10:], "02010100"), 9600)
    assert len(half) == 1
    lot = [one for one in bus.devices if (one.protocol, one.baud) == ("dlt698", 9600)]
    search = ask.dlt698("A" * 12, ask.get("40010200"), kind="wildcard")
    assert {device for device, _ in bus.hear(search, 9600)} == set(lot)


def test_broadcast_is_obeyed_by_all_and_silent():
    bus = Bus(fleet(24, 1, 5)[0])
    assert bus.hear(ask.dlt645("999999999999", 0x08, "010203040526"), 9600) == []
    clocks = {
        device.peer._peer.time.strftime("%y%m%d%H%M%S")
        for device in bus.devices
        if (device.protocol, device.baud) == ("dlt645", 9600)
    }
    assert clocks == {"260504030201"}


def test_two_of_an_address_are_refused():
    with pytest.raises(ValueError, match="address 17"):
        Bus([make("smart-breaker"), make("pv-inverter")])


def told(devices):
    return [
        (one.name, one.kind, one.address, one.baud, one.parity, one.delay_s, one.truth())
        for bus in devices
        for one in bus
    ]


def test_fleet_is_the_same_for_the_same_seed():
    one, two, other = fleet(200, 4, 7), fleet(200, 4, 7), fleet(200, 4, 8)
    for _ in range(3):
        for bus in one + two:
            for device in bus:
                device.step(1)
    assert told(one) == told(two) != told(other)


@pytest.mark.parametrize("count, buses", [(200, 4), (50, 4), (400, 4), (199, 3), (1, 1), (9, 2)])
def test_fleet_is_plausible(count, buses):
    devices = fleet(count, buses, 2)
    assert sum(len(bus) for bus in devices) == count and len(devices) == buses
    assert max(map(len, devices)) - min(map(len, devices)) <= 1
    names = [device.name for bus in devices for device in bus]
    assert len(set(names)) == count
    for bus in devices:
        Bus(bus)  # addresses are unique
        assert sum(device.is_key for device in bus) == min(8, count // buses // 4)
        assert sum(device.baud == 2400 for device in bus) <= 1
        assert all(0.02 <= device.delay_s <= 0.2 for device in bus)
        assert all(1 <= int(one.address) <= 247 for one in bus if one.protocol == "modbus")
        if len(bus) >= 48:
            share = {p: sum(d.protocol == p for d in bus) / len(bus) for p in ADDRESS}
            assert 0.45 <= share["dlt645"] <= 0.55 and 0.17 <= share["dlt698"] <= 0.23
            assert {device.kind for device in bus} == set(KINDS)


def test_rows_of_the_terminal():
    devices = fleet(20, 2, 2)
    table = rows(devices, (3, 5))
    assert len(table) == 20 and {slot for slot, *_ in table} == {3, 5}
    slot, kind, address, name = table[0]
    assert (slot, kind, address, name) == (
        3,
        devices[0][0].kind,
        devices[0][0].address,
        devices[0][0].name,
    )
    with pytest.raises(ValueError, match="say more buses"):
        fleet(201, 1)


def test_cost_of_a_request():
    """Printed, not judged: what `make poll` pays for the far end."""
    (devices,) = fleet(50, 1, 1)
    bus = Bus(devices)
    for protocol in ADDRESS:
        some = [device for device in devices if device.protocol == protocol]
        requests = [(ask.question(device), device.baud, device.parity) for device in some]
        started = time.perf_counter()
        for _ in range(20):
            for request in requests:
                assert bus.hear(*request)
        took = (time.perf_counter() - started) / 20 / len(requests)
        print(f"{protocol}: {took * 1e6:.0f} us a request on a bus of {len(devices)}")
