"""The paced PTY with three protocols on it: where requests begin and end, whose speed it is, and
what faults do to an answer of each protocol."""

import json
import os
import random
import select
import subprocess
import sys
import termios
import time
import tty

import device_asker as ask
import pytest
from conftest import ROOT

from tools.station import damage, faults
from tools.station.devices import framing
from tools.station.devices.fleet import fleet
from tools.station.meters import make_mixed_bus

PROTOCOLS = ("dlt645", "dlt698", "modbus")
QUIET_S = 0.25  # a master gives up then; an answer is on its way after some ms
SPEEDS = {2400: termios.B2400, 9600: termios.B9600, 19200: termios.B19200}


class Master:
    """The terminal's end of the PTY."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)

    def tune(self, baud):
        attrs = termios.tcgetattr(self.fd)
        attrs[4] = attrs[5] = SPEEDS[baud]
        termios.tcsetattr(self.fd, termios.TCSANOW, attrs)

    def ask(self, request, size=None, pieces=1):
        """What comes back: `size` bytes, or all until it has been quiet."""
        step = len(request) // pieces + 1
        for at in range(0, len(request), step):
            os.write(self.fd, request[at : at + step])
            time.sleep(0.01 if pieces > 1 else 0)
        got = b""
        while size is None or len(got) < size:
            if not select.select([self.fd], [], [], QUIET_S if size is None else 10)[0]:
                break
            got += os.read(self.fd, 512)
        return got

    def close(self):
        os.close(self.fd)


@pytest.fixture
def line():
    """(bus with 24 devices whose values stand still, master)"""
    bus = make_mixed_bus(24, seed=4, reply_ms=2)
    bus.command({"do": "hold"})
    bus.start()
    master = Master(bus.wire.path)
    yield bus, master
    master.close()
    bus.close()


def one_of_each(bus):
    return [next(one for one in bus.meters if one.protocol == name) for name in PROTOCOLS]


def test_all_answer_at_their_own_speed(line):
    bus, master = line
    assert len({device.baud for device in bus.meters}) >= 2
    for device in bus.meters:
        request = ask.question(device)
        wanted = device.hear(request)
        master.tune(device.baud)
        pieces = 3 if device.protocol == "dlt698" else 1
        assert master.ask(request, len(wanted), pieces) == wanted, device.name
    assert bus.command({"do": "bus"})["collisions"] == 0


def test_silence_at_another_speed(line):
    bus, master = line
    for device in one_of_each(bus):
        master.tune(19200 if device.baud != 19200 else 9600)
        assert master.ask(ask.question(device)) == b""
        assert device.requests == 0
        master.tune(device.baud)
        wanted = device.hear(ask.question(device))
        assert master.ask(ask.question(device), len(wanted)) == wanted


def test_speed_paces_the_wire(line):
    bus, master = line
    device = one_of_each(bus)[0]
    request = ask.question(device)
    whole = len(request) + len(device.hear(request))
    for baud in SPEEDS:
        master.tune(baud)
        before = bus.command({"do": "bus"})["busy_s"]
        master.ask(request)
        took = bus.command({"do": "bus"})["busy_s"] - before
        crossed = whole if baud == device.baud else len(request)
        assert took == pytest.approx(crossed * 11 / baud)


def test_search_is_a_collision(line):
    bus, master = line
    master.tune(9600)
    reply = master.ask(ask.dlt645("A" * 12, 0x13, ""))
    assert len(reply) >= 12 and bus.command({"do": "bus"})["collisions"] == 1
    meter = next(one for one in bus.meters if (one.protocol, one.baud) == ("dlt645", 9600))
    part = ask.dlt645("A" * 8 + meter.address[8:], 0x13, "")
    wanted = meter.hear(part)
    assert master.ask(part, len(wanted)) == wanted


def test_noise_does_not_hide_a_request(line):
    bus, master = line
    for device in one_of_each(bus):
        request = ask.question(device)
        master.tune(device.baud)
        wanted = device.hear(request)
        assert master.ask(b"\x00\x68\x05\xff" + request, len(wanted)) == wanted


def test_faults_of_each_protocol(line):
    bus, master = line
    for device in one_of_each(bus):
        request = ask.question(device)
        master.tune(device.baud)
        right = device.hear(request)

        def hit(name, size, ms=0, request=request, device=device):
            fault = {"do": "fault", "name": name, "meter": device.address, "ms": ms}
            bus.command(fault)
            return master.ask(request, size)

        size = len(right)
        assert hit("drop", None) == b""
        assert hit("late", size, 150) == right
        assert hit("corrupt", size) != right
        assert right in hit("garbage", size + 48)
        assert hit("wrong_address", size) != right
        assert hit("lying_length", size) != right
        assert hit("dead", None) == b"" == master.ask(request)
        bus.command({"do": "clear"})
        assert master.ask(request, size) == right
    bus.command({"do": "fault", "name": "babble", "ms": 100})
    assert len(master.ask(b"", None)) >= 16


def test_alarm_and_truth_by_command(line):
    bus, master = line
    device = next(one for one in bus.meters if one.is_key)
    before = bus.command({"do": "truth"})["meters"][device.address]
    bus.command({"do": "alarm", "meter": device.address})
    after = bus.command({"do": "truth"})["meters"][device.address]
    assert before["values"]["state"] != after["values"]["state"]
    assert (after["kind"], after["name"]) == (device.kind, device.name)
    assert json.dumps(after)
    with pytest.raises(ValueError, match="no meter"):
        bus.command({"do": "alarm", "meter": "1234"})


# --- without a line


def requests(seed=3):
    devices = fleet(40, 1, seed)[0]
    return [ask.question(device) for device in devices]


def test_requests_are_cut_out_of_a_stream():
    rng = random.Random(1)
    sent, stream = [], b""
    for request in requests() * 5:
        sent.append(request)
        stream += bytes(rng.choice((0x00, 0x68, 0x16, 0x55)) for _ in range(rng.randrange(4)))
        stream += request
    got, rest = [], b""
    while stream:
        size = rng.randrange(1, 40)
        frames, rest = framing.split(rest + stream[:size])
        stream = stream[size:]
        got += frames
    assert got == sent and rest == b""


def test_damaged_requests_are_not_requests():
    for request in requests():
        bare = request.lstrip(b"\xfe")
        for bit in range(8 * len(bare)):
            raw = bytearray(bare)
            raw[bit // 8] ^= 1 << bit % 8
            frames, _ = framing.split(bytes(raw))
            assert bare not in frames
            assert all(len(frame) < len(bare) for frame in frames), bit


def test_noise_is_survived():
    """A check of 16 bits is right once in 65536 places; that of DL/T 645 has two more bytes."""
    rng = random.Random(2)
    found = 0
    for _ in range(300):
        frames, rest = framing.split(faults.noise(rng, rng.randrange(200)))
        found += len(frames)
        assert len(rest) <= 200
    assert found <= 3


def is_sound(protocol, address, reply):
    """Whether the foreign client takes the answer, and as whose."""
    try:
        if protocol == "dlt645":
            return ask.dlt645_answer(reply)[0] == address
        if protocol == "dlt698":
            return ask.dlt698_frame(reply).server.bytes[::-1].hex() == address
        return ask.modbus_answer(int(address), reply) is not None
    except Exception:
        return False


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_damage(protocol):
    rng = random.Random(4)
    some = [one for one in fleet(40, 1, 6)[0] if one.protocol == protocol]
    for device, other in zip(some, some[1:], strict=False):
        reply = device.hear(ask.question(device))
        assert is_sound(protocol, device.address, reply)
        for _ in range(40):
            assert not is_sound(protocol, device.address, damage.corrupt(protocol, reply, rng))
            assert not is_sound(protocol, device.address, damage.lengthen(protocol, reply, rng))
        alias = damage.readdress(protocol, reply, other.wire_address)
        assert is_sound(protocol, other.address, alias) and len(alias) == len(reply)


def test_program_serves_a_mixed_fleet(tmp_path):
    link, table = tmp_path / "bus", tmp_path / "rows"
    argv = [sys.executable, "-m", "tools.station.meters", "--devices", "6", "--seed", "7"]
    argv += ["--link", str(link), "--rows", str(table), "--slot", "3"]
    station = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert station.stdout.readline().split()[0] == "ready"
        lines = [json.loads(line) for line in table.read_text().splitlines()]
        (devices,) = fleet(6, 1, 7)
        assert lines == [[3, one.kind, one.address, one.name] for one in devices]
        master = Master(link)
        for device in devices:
            master.tune(device.baud)
            wanted = len(device.hear(ask.question(device)))
            reply = master.ask(ask.question(device), wanted)
            assert is_sound(device.protocol, device.address, reply), device.name
        master.close()
    finally:
        station.terminate()
        assert station.wait(10) == 0
        station.stdout.close()
