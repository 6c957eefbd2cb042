"""Simulated DL/T 645 and 698.45 devices, with frames by hand: items, blocks, silence."""

import device_asker as ask
import device_maps
import pytest
from device_maker import make
from dlt698 import _native as core


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
    dis = {row.pick("identifier"): row for row in device_maps.read()[kind]}
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
        got = [
            device_maps.number_645(members[k], raw[k * size : (k + 1) * size])
            for k in range(count)
        ]
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
