"""The simulated devices of the buses: they hold what README.md says, speak as the independent
clients expect, keep silent when they should, and are the same for the same seed."""

import struct
import time

import device_asker as ask
import device_maps
import pytest
from dlt698 import _native as core
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as words

from tools.station.devices.dispatch import Bus
from tools.station.devices.fleet import fleet, rows
from tools.station.devices.kinds import KINDS

MAPS = device_maps.read()
ADDRESS = {"modbus": "17", "dlt645": "000000000012", "dlt698": "000000000012"}
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
    return number_645(row, raw[4:])


def number_645(row, raw):
    assert len(raw) == int(row.cells["width"]), row.name
    if row.cells["form"] == "bin16":
        return int.from_bytes(raw, "little")
    return ask.bcd(raw, row.cells["form"] == "sbcd")


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


# --- Modbus, bytes by hand


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


# --- DL/T 645, bytes by hand


def frame_645(address, control, data):
    wire = bytes.fromhex(address)[::-1]
    scrambled = bytes((byte + 0x33) & 0xFF for byte in bytes.fromhex(data))
    body = b"\x68" + wire + b"\x68" + bytes((control, len(scrambled))) + scrambled
    return body + bytes((sum(body) & 0xFF, 0x16))


def test_meter_645_by_hand():
    meter = make("meter-645", blocks=True)
    meter.model.energy[:] = [100, 20, 3, 0]
    meter.model.i[:] = [1234, 5, -70000]
    wire = meter.address
    single = frame_645(wire, 0x11, "00 00 01 00")
    expected = ask.PREAMBLE + frame_645(wire, 0x91, "00 00 01 00 23 01 00 00")
    assert meter.hear(ask.PREAMBLE + single) == meter.hear(single) == expected
    block = meter.hear(frame_645(wire, 0x11, "00 FF 02 02"))
    data = "00 FF 02 02 34 12 00 05 00 00 00 00 87"
    assert block == ask.PREAMBLE + frame_645(wire, 0x91, data)
    words_ = meter.hear(frame_645(wire, 0x11, "FF 05 00 04"))
    assert words_ == ask.PREAMBLE + frame_645(wire, 0x91, "FF 05 00 04" + "0000" * 7)
    meter.raise_alarm()
    words_ = meter.hear(frame_645(wire, 0x11, "FF 05 00 04"))
    expected = "FF 05 00 04" + "0000" * 3 + "0100" + "0000" * 2 + "0100"
    assert words_ == ask.PREAMBLE + frame_645(wire, 0x91, expected)
    assert make("meter-645", blocks=False).hear(block_request(wire)) == (
        ask.PREAMBLE + frame_645(wire, 0xD1, "02")
    )


def block_request(address):
    return frame_645(address, 0x11, "00 FF 01 00")


@pytest.mark.parametrize("kind", ["meter-645", "residual-current-645"])
def test_645_blocks_are_the_single_items(kind):
    device = make(kind, **({"blocks": True} if kind == "meter-645" else {}))
    dis = {row.pick("identifier"): row for row in MAPS[kind]}
    blocks = {"0201FF00": 3, "0202FF00": 3}
    if kind == "meter-645":
        blocks |= {"0001FF00": 5, "0203FF00": 4, "040005FF": 7}
    for block, count in blocks.items():
        _, control, data = ask.dlt645_answer(device.hear(ask.dlt645_read(device.address, block)))
        assert control == 0x91
        pattern = block.replace("FF", "")
        members = [row for di, row in dis.items() if di[:4] + di[6:] == pattern]
        members = members if block[:2] != "04" else [r for di, r in dis.items() if di[:2] == "04"]
        raw = bytes.fromhex(data)[4:]
        size = len(raw) // count
        got = [number_645(members[k], raw[k * size : (k + 1) * size]) for k in range(count)]
        assert got == [device.truth()[row.name] for row in members]


def test_645_silence():
    meter = make("meter-645")
    sound = frame_645(meter.address, 0x11, "00 00 01 00")
    assert meter.hear(frame_645("000000000013", 0x11, "00 00 01 00")) is None
    assert meter.hear(sound[:-2] + bytes((sound[-2] ^ 1, 0x16))) is None
    assert meter.hear(sound[:-1]) is None
    assert meter.hear(frame_645("999999999999", 0x08, "01 02 03 04 05 26")) is None
    assert meter.requests == 1  # the broadcast, which it obeyed
    assert meter.peer._peer.time.strftime("%y%m%d%H%M%S") == "260504030201"


# --- DL/T 698.45


def test_meter_698_by_hand():
    """Bytes by hand but for the two checks, which are X-25's."""
    meter = make("meter-698")
    meter.model.u[:] = [2304, 2311, 2297]
    request = hand_698("43", "05 01 05 20 00 02 00 00")
    reply = "85 01 05 20 00 02 00 01 01 03 12 0900 12 0907 12 08F9 00 00"
    assert meter.hear(request) == meter.hear(ask.PREAMBLE + request)
    assert meter.hear(request) == ask.PREAMBLE + hand_698("C3", reply)
    meter.raise_alarm()
    element = hand_698("43", "05 01 05 20 14 02 04 00")
    reply = "85 01 05 20 14 02 04 01 04 10 80 00 00 00"
    assert meter.hear(element) == ask.PREAMBLE + hand_698("C3", reply)
    unknown = hand_698("43", "05 01 05 20 16 02 00 00")
    reply = "85 01 05 20 16 02 00 00 04 00 00"
    assert meter.hear(unknown) == ask.PREAMBLE + hand_698("C3", reply)
    set_ = hand_698("43", "06 01 05 40 00 02 00 1C 07EA 01 02 03 04 05 00")
    assert meter.hear(set_) == ask.PREAMBLE + hand_698("C3", "86 01 05 40 00 02 00 03 00 00")


def hand_698(control, apdu):
    payload = bytes.fromhex(apdu)
    address = bytes.fromhex("05 12 00 00 00 00 00 10")
    size = 2 + 1 + len(address) + 2 + len(payload) + 2
    head = size.to_bytes(2, "little") + bytes.fromhex(control) + address
    head += x25(head)
    return b"\x68" + head + payload + x25(head + payload) + b"\x16"


def x25(raw):
    value = 0xFFFF
    for byte in raw:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return (value ^ 0xFFFF).to_bytes(2, "little")


def test_698_silence_and_broadcast():
    meter = make("meter-698")
    sound = ask.dlt698(meter.address, ask.get("20000200"))
    assert meter.hear(ask.dlt698("000000000013", ask.get("20000200"))) is None
    assert meter.hear(sound[:-3] + bytes((sound[-3] ^ 1,)) + sound[-2:]) is None
    assert meter.hear(ask.dlt698(meter.address, ask.get("20000200"), 0xC3)) is None
    moment = core.Data.date_time_s([7, 0xEA, 5, 4, 3, 2, 1])
    omd = core.Omd(oi=0x4000, method=127, mode=0)
    method = core.ActionMethod(method=omd, parameter=moment)
    action = core.encode_apdu(core.ActionRequest(methods=[method]))
    assert meter.hear(ask.dlt698("AA", action, kind="broadcast")) is None
    assert meter.clock.strftime("%y%m%d%H%M%S") == "260504030201"
    reply = ask.dlt698_answer(meter.hear(ask.dlt698(meter.address, ask.get("40000200"))))
    assert reply.attributes[0].result == moment
    assert meter.hear(ask.dlt698("AAAAAAAAAA12", ask.get("20000200"), kind="wildcard"))
    assert not meter.hear(ask.dlt698("AAAAAAAAAA13", ask.get("20000200"), kind="wildcard"))


def test_scrambled_request_has_a_scrambled_answer():
    meter = make("meter-698")
    reply = meter.hear(ask.dlt698(meter.address, ask.get("200F0200"), 0x4B))
    assert reply[reply.index(0x68) + 3] == 0xCB
    assert ask.dlt698_answer(reply).attributes[0].result.as_uint16() == meter.truth()["f"]


def test_long_list_comes_in_blocks():
    device = make("concentrator-698")
    oads = ("200D0200", "200D0300", "200D0400", "20000200", "00100200")
    transfer, blocks = core.GetBlockTransfer(5, False), 0
    apdu, whole = ask.get(*oads), None
    while whole is None:
        reply = ask.dlt698_answer(device.hear(ask.dlt698(device.address, apdu)))
        assert isinstance(reply, core.GetNextResponse)
        blocks += 1
        whole = transfer.accept(reply)
        apdu = core.encode_apdu(core.GetNextRequest(block=reply.block, piid=5))
    assert blocks >= 2
    assert [one.attribute for one in whole.attributes] == [ask.oad(text) for text in oads]
    singles = [
        ask.dlt698_answer(device.hear(ask.dlt698(device.address, ask.get(text)))).attributes[0]
        for text in oads
    ]
    assert [one.result for one in whole.attributes] == [one.result for one in singles]
    reply = ask.dlt698_answer(device.hear(ask.dlt698(device.address, apdu)))
    assert reply.last and reply.result == 11  # nothing is being cut any more


def test_long_object_comes_in_fragments():
    device = make("concentrator-698")
    joiner, apdu, control = core.LinkReassembler(4000), ask.get("60000200"), 0x43
    sizes, taken = [], None
    while taken is None or taken.apdu is None:
        reply = device.hear(ask.dlt698(device.address, apdu, control))
        frame = ask.dlt698_frame(reply)
        assert frame.control == 0xE3
        taken = joiner.accept(core.decode_fragment(frame.payload))
        sizes.append(len(frame.payload))
        ack = core.Fragment(
            sequence=taken.acknowledge or 0, type=core.FragmentType.acknowledgement, data=b""
        )
        apdu, control = core.encode_fragment(ack), 0x63
    assert len(sizes) > 2
    answer = core.decode_apdu(taken.apdu)
    archive = core.encode_data(answer.attributes[0].result)
    assert archive.startswith(bytes.fromhex("01 28 02 03 12 0001 09 06 000000000001 16 02"))
    assert device.hear(ask.dlt698(device.address, apdu, control)) is None  # all are out


# --- together on a line


def test_a_device_answers_at_its_own_speed_only():
    (devices,) = fleet(48, 1, 5)
    bus = Bus(devices)
    speeds = {(device.baud, device.parity) for device in devices}
    assert len(speeds) >= 4 and {device.protocol for device in devices} == set(READERS)
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


# --- the fleet


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
            share = {p: sum(d.protocol == p for d in bus) / len(bus) for p in READERS}
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
    for protocol in READERS:
        some = [device for device in devices if device.protocol == protocol]
        requests = [(ask.question(device), device.baud, device.parity) for device in some]
        started = time.perf_counter()
        for _ in range(20):
            for request in requests:
                assert bus.hear(*request)
        took = (time.perf_counter() - started) / 20 / len(requests)
        print(f"{protocol}: {took * 1e6:.0f} us a request on a bus of {len(devices)}")
