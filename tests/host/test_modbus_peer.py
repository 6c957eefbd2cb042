"""The Modbus codec against pymodbus: its client makes the same requests byte for byte, its server
takes ours and answers, and both read the same in what it answered."""

import asyncio
import json
import random
import subprocess

import pytest
from conftest import ROOT
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as registers
from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

UNIT = 17
SIZE = 3000  # addresses of each kind the device has
SERVER = FramerRTU(DecodePDU(True))
CLIENT = FramerRTU(DecodePDU(False))


class Device:
    """A device made of pymodbus's server side."""

    def __init__(self, rng):
        self.coils, self.inputs = ([rng.random() < 0.5 for _ in range(SIZE)] for _ in "ci")
        self.holding, self.input = ([rng.randrange(65536) for _ in range(SIZE)] for _ in "hi")
        kinds = ((self.coils, DataType.BITS), (self.inputs, DataType.BITS))
        kinds += ((self.holding, DataType.REGISTERS), (self.input, DataType.REGISTERS))
        blocks = tuple([SimData(0, values=list(v), datatype=t)] for v, t in kinds)
        self.core = SimCore(SimDevice(UNIT, simdata=blocks))

    def answer(self, request):
        """(what its decoder made of the request, the bytes it answers)"""
        used, pdu = SERVER.handleFrame(request, UNIT, 0)
        assert used == len(request) and pdu is not None
        reply = asyncio.run(pdu.datastore_update(self.core, pdu.dev_id))
        reply.dev_id = pdu.dev_id
        return pdu, SERVER.buildFrame(reply)


class Terminal:
    """Our codec, in a MicroPython process."""

    def __init__(self, process):
        self.process = process

    def ask(self, **job):
        print(json.dumps(job), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, "the terminal's side ended"
        return json.loads(line)

    def build(self, name, *args):
        return bytes.fromhex(self.ask(build=name, args=args))

    def feed(self, raw):
        return self.ask(feed=raw.hex())


@pytest.fixture
def terminal(micropython, device_env):
    script = ROOT / "tests" / "host" / "modbus_terminal.py"
    argv = [*micropython, "-X", "heapsize=256k", str(script)]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, env=device_env, stdin=pipe, stdout=pipe, text=True) as process:
        yield Terminal(process)
        process.stdin.close()
        assert process.wait(timeout=10) == 0


def requests(rng):
    """(our builder, its arguments behind the unit, the client's message)"""
    for _ in range(15):
        at, there = rng.choice((rng.randrange(SIZE), SIZE - 1)), rng.randrange(SIZE)
        n = rng.choice((1, 7, 8, 9, rng.randrange(1, 2001), 2000))
        place = {"address": at, "count": n}
        yield "read_coils", (at, n), bits.ReadCoilsRequest(**place)
        yield "read_discrete", (at, n), bits.ReadDiscreteInputsRequest(**place)
        n = rng.choice((1, 2, rng.randrange(1, 126), 125))
        place = {"address": at, "count": n}
        yield "read_holding", (at, n), registers.ReadHoldingRegistersRequest(**place)
        yield "read_input", (at, n), registers.ReadInputRegistersRequest(**place)
        truths = [rng.random() < 0.5 for _ in range(rng.choice((1, 8, 9, 1968)))]
        one = {"address": at, "bits": truths[:1]}
        yield "write_coil", (at, truths[0]), bits.WriteSingleCoilRequest(**one)
        yield "write_coils", (at, truths), bits.WriteMultipleCoilsRequest(at, truths)
        words = [rng.randrange(65536) for _ in range(rng.choice((1, 2, 121)))]
        one = {"address": at, "registers": words[:1]}
        yield "write_register", (at, words[0]), registers.WriteSingleRegisterRequest(**one)
        many = {"address": at, "registers": words}
        yield "write_registers", (at, words), registers.WriteMultipleRegistersRequest(**many)
        both = (at, n, there, words)
        yield "read_write", both, registers.ReadWriteMultipleRegistersRequest(*both)


def read_by_client(raw):
    """What pymodbus's client makes of an answer, in the words of modbus_terminal."""
    used, pdu = CLIENT.handleFrame(raw, UNIT, 0)
    assert used == len(raw) and pdu is not None
    function = pdu.function_code & 0x7F
    said = {"unit": pdu.dev_id, "function": function, "error": -1}
    if pdu.isError():
        return said | {"error": pdu.exception_code}
    if function in (1, 2):
        return said | {"bits": list(pdu.bits)}
    if function in (3, 4, 0x17):
        return said | {"registers": list(pdu.registers)}
    if function == 5:
        return said | {"registers": [pdu.address, 0xFF00 if pdu.bits[0] else 0]}
    second = pdu.registers[0] if function == 6 else pdu.count
    return said | {"registers": [pdu.address, second]}


def test_both_sides_agree(terminal):
    rng = random.Random(1968)
    device = Device(rng)
    answered, refused = set(), set()
    for name, args, message in requests(rng):
        message.dev_id = UNIT
        asked = terminal.build(name, UNIT, *args)
        assert asked == CLIENT.buildFrame(message), name
        pdu, raw = device.answer(asked)
        assert type(pdu) is type(message)
        got = terminal.feed(raw)
        wanted = read_by_client(raw)
        assert got == wanted, (name, args)
        (answered if got["error"] < 0 else refused).add(name)
    assert len(answered) == 9  # every function was served,
    assert {"read_coils", "read_holding"} <= refused  # and beyond the device's end denied


def test_device_does_what_was_asked(terminal):
    """What was written is what is read afterwards, and what is read is what the device holds."""
    rng = random.Random(5)
    device = Device(rng)

    def serve(name, *args):
        return terminal.feed(device.answer(terminal.build(name, UNIT, *args))[1])

    assert serve("read_holding", 100, 5)["registers"] == device.holding[100:105]
    assert serve("read_input", 100, 125)["registers"] == device.input[100:225]
    assert serve("read_coils", 3, 16)["bits"] == device.coils[3:19]
    assert serve("read_discrete", 2, 2000)["bits"] == device.inputs[2:2002]
    serve("write_registers", 100, [1, 2, 65535])
    serve("write_register", 103, 4)
    assert serve("read_write", 100, 5, 104, [7])["registers"] == [1, 2, 65535, 4, 7]
    serve("write_coils", 3, [True, False, True, True, False, False, True, True])
    serve("write_coil", 4, True)
    assert serve("read_coils", 3, 8)["bits"] == [True, True, True, True, False, False, True, True]


def test_damage_is_refused_by_both(terminal):
    """An answer with one bit changed is an answer to neither."""
    device = Device(random.Random(6))
    for bit in range(8 * 9):
        asked = terminal.build("read_holding", UNIT, 7, 2)
        raw = bytearray(device.answer(asked)[1])
        assert len(raw) == 9
        raw[bit // 8] ^= 1 << bit % 8
        assert terminal.feed(bytes(raw)) is None, bit
        assert CLIENT.handleFrame(bytes(raw), UNIT, 0)[1] is None, bit
