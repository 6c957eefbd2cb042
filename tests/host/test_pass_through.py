"""A vendor's tool (pymodbus, and dlt645 frames over a socket) speaks to devices of the mixed bus
through the terminal on its virtual board, while the terminal goes on polling them."""

import contextlib
import socket
import time

import device_asker as ask
import pytest
from pymodbus import FramerType
from pymodbus.client import ModbusTcpClient
from rig import rig

pytestmark = pytest.mark.alone

DEVICES = 5  # of three protocols


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def bench(port):
    settings = [
        ("pass_through.port", port),
        ("pass_through.parity", "none"),
        ("pass_through.reply_ms", 400),
        ("pass_through.gap_ms", 60),
        ("pass_through.idle_s", 4),
        ("rs485.key_s", 3),
        ("rs485.alarm_s", 6),
        ("rs485.data_s", 6),
    ]
    with rig(devices=DEVICES, seed=2, settings=settings) as bench:
        bench.wait("devices", lambda: bench.terminal("meters_read") == DEVICES)
        yield bench


def truth(bench):
    answer = bench.station.ask("meters", do="truth")
    assert answer["ok"]
    return answer["meters"]


def counts(bench):
    """What ttu.pass_through() says, by name."""
    lines = bench.verb("ttu.pass_through()").splitlines()[1:]
    return {line[:20].strip(): line[20:].strip() for line in lines}


def since(bench, before):
    after = counts(bench)
    names = ("exchanges", "answered", "bytes from clients", "bytes to clients")
    return [int(after[name]) - int(before[name]) for name in names]


def breakers(bench):
    """(unit, values) of the breakers at the speed of the settings."""
    found = truth(bench)
    return [
        (int(address), one["values"])
        for address, one in found.items()
        if one["kind"] == "smart-breaker" and one["baud"] == 9600
    ]


def is_read_anew(bench, since_ms):
    """Every point of every device was read, and found good, since then."""
    for row in bench.station.plan.archive():
        lines = bench.verb(f"ttu.points('{row.split()[5]}.*')").splitlines()
        points = [line.split() for line in lines if line.startswith(row.split()[5])]
        elapsed_ms = bench.now_ms() - since_ms
        if not points or not all(p[-2] == "good" and int(p[-1]) < elapsed_ms for p in points):
            return False
    return True


@contextlib.contextmanager
def pymodbus(port):
    client = ModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU, timeout=5, retries=0)
    assert client.connect()
    try:
        yield client
    finally:
        client.close()


def test_tool_reads_devices_while_they_are_polled(bench, port):
    (unit, values), *_ = breakers(bench)
    before = counts(bench)
    began_ms = bench.now_ms()
    wanted = [values[name] for name in ("long_current", "long_time", "residual_limit")]
    done = refusals = 0
    with pymodbus(port) as client:
        while done < 20 or done % 5 or not is_read_anew(bench, began_ms):
            reply = client.read_holding_registers(48, count=3, device_id=unit)
            assert reply.registers == wanted
            done += 1
            if done % 5 == 0:
                assert client.read_holding_registers(99, count=1, device_id=unit).isError()
                refusals += 1
            time.sleep(0.1)  # a person clicks, or a tool computes
            assert bench.now_ms() - began_ms < 40000, "the devices are not polled any more"
        assert counts(bench)["client"].startswith("127.0.0.1:")
    exchanges = done + refusals
    # requests have 8 bytes, answers 5 and two a register, refusals 5
    wanted = [exchanges, exchanges, 8 * exchanges, done * 11 + refusals * 5]
    assert since(bench, before) == wanted
    bench.wait("the event", lambda: bench.event("CLIENT_OUT", "it hung up"))
    assert bench.event("CLIENT_IN", "127.0.0.1:")["device"] == "slot 1"
    assert bench.terminal("meters_read") == DEVICES and not bench.event("DEVICE_LOST")
    assert not bench.event("TASK_CRASHED")
    assert sum(e["event"] == "BOOT" for e in bench.listener.events) == 1


def test_tool_speaks_another_protocol(bench, port):
    """The port knows none: a DL/T 645 meter answers its own tool."""
    address = next(a for a, one in truth(bench).items() if one["protocol"] == "dlt645")
    with socket.create_connection(("127.0.0.1", port), 5) as tool:
        request = ask.dlt645_read(address, "04000401")
        tool.sendall(b"\xfe" * 4 + request[:5])  # two segments, one request
        tool.sendall(request[5:])
        answer = tool.recv(512)
        assert ask.dlt645_answer(answer)[0] == address


def test_silence_is_silence(bench, port):
    before = counts(bench)
    with socket.create_connection(("127.0.0.1", port), 1.5) as tool:
        tool.sendall(ask.modbus_read(247, 3, 0))  # nobody
        with pytest.raises(TimeoutError):
            tool.recv(512)
    assert since(bench, before) == [1, 0, 8, 0]


def test_second_tool_is_hung_up_on(bench, port):
    with (
        socket.create_connection(("127.0.0.1", port), 5),
        socket.create_connection(("127.0.0.1", port), 5) as second,
    ):
        assert second.recv(1) == b""
    bench.wait("the first to leave", lambda: counts(bench)["client"] == "-")
    assert counts(bench)["clients refused"] == "1"
    (unit, _), *_ = breakers(bench)
    with pymodbus(port) as client:  # the next one is served
        assert not client.read_holding_registers(0, count=1, device_id=unit).isError()


def test_idle_tool_is_dropped(bench, port):
    with socket.create_connection(("127.0.0.1", port), 12) as tool:
        assert tool.recv(1) == b""
    bench.wait("the event", lambda: bench.event("CLIENT_OUT", "idle for 4 s"))


def test_a_person_sends(bench):
    (unit, values), *_ = breakers(bench)
    request = ask.modbus_read(unit, 3, 50).hex(" ")
    assert "slot 1" in bench.verb(f"ttu.send(1, '{request}', baud=9600, parity='none')")
    said = bench.wait("answer", lambda: _answer(bench.verb("ttu.send()")))
    answer = ask.modbus_answer(unit, bytes.fromhex(said))
    assert answer.registers == [values["residual_limit"]]
    assert "pairs of hexadecimal" in bench.verb("ttu.send(1, '6')")
    assert "slot 2 has no module" in bench.verb("ttu.send(2, '68')")


def _answer(text):
    return text.splitlines()[-1].partition("slot 1 answered ")[2]  # a log line may be in front


def test_a_person_searches(bench):
    began_ms = bench.now_ms()
    assert "being searched" in bench.verb("ttu.search(1, 'dlt645', baud=9600)")
    assert "already" in bench.verb("ttu.search(1)")
    found = [(a, one) for a, one in truth(bench).items() if one["protocol"] == "dlt645"]
    first, one = min(found, key=lambda pair: pair[0][10:])
    row = ["dlt645", first, "9600", "even", one["name"]]
    bench.wait(
        "a device", lambda: row in [x.split() for x in bench.verb("ttu.search()").splitlines()]
    )
    assert "search('stop') ends it" in bench.verb("ttu.search()")
    assert bench.verb("ttu.search('stop')") == "it stops"
    bench.wait("the end", lambda: "it was stopped" in bench.verb("ttu.search()"))
    bench.wait("a round", lambda: is_read_anew(bench, began_ms))
    bench.verb("ttu.search(1, 'mbus')")
    bench.wait("a no", lambda: "one of dlt645, dlt698, modbus" in bench.verb("ttu.search()"))
