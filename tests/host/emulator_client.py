"""Host side of the emulator's three sockets, and the process itself, for tests."""

import json
import select
import signal
import socket
import struct
import subprocess
import sys

from conftest import ROOT

PIN_RECORD = struct.Struct(">BB6xQ")
CRYSTAL = 15  # pin number of the records about a crystal in lockstep
TIMEOUT_S = 10


def connect(path):
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(TIMEOUT_S)
    link.connect(str(path))
    return link


def receive(link, count):
    data = b""
    while len(data) < count:
        piece = link.recv(count - len(data))
        if not piece:
            raise EOFError("the emulator closed the connection")
        data += piece
    return data


class Emulator:
    """The process with its sockets in `folder`; a context manager."""

    def __init__(self, folder, *options):
        self.paths = [folder / name for name in ("spi.sock", "pins.sock", "control.sock")]
        argv = [sys.executable, "-m", "tools.emulator"]
        for name, path in zip(("--spi", "--pins", "--control"), self.paths):
            argv += [name, str(path)]
        self.process = subprocess.Popen(
            argv + list(options),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        assert self.process.stdout.readline() == "ready\n", self.process.stderr.read()
        self.spi, self.pins, self.control = (connect(path) for path in self.paths)
        return self

    def __exit__(self, *_):
        for link in (self.spi, self.pins, self.control):
            link.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=TIMEOUT_S)
        assert self.process.returncode == 0
        assert not any(path.exists() for path in self.paths)

    def frame(self, mosi, fill=0):
        """One SPI frame in one write; the whole MISO."""
        records = b"\x01\x00\x00" + b"\x02" + len(mosi).to_bytes(2, "big") + mosi
        if fill:
            records += b"\x04\x00\x03" + fill.to_bytes(2, "big") + b"\x00"
        self.spi.sendall(records + b"\x03\x00\x00")
        return receive(self.spi, len(mosi) + fill)

    def read(self, address, size=4):
        return self.frame((address << 4 | 8).to_bytes(2, "big"), size)[2:]

    def write(self, address, value, size=4):
        self.frame((address << 4).to_bytes(2, "big") + value.to_bytes(size, "big"))

    def edge(self):
        """Next record of a pin: (pin, level, stamp_us); news of the crystal is skipped."""
        while True:
            record = PIN_RECORD.unpack(receive(self.pins, PIN_RECORD.size))
            if record[0] != CRYSTAL:
                return record

    def level_of(self, pin):
        """(level, stamp_us) of the next record of that pin; others are skipped."""
        while True:
            number, level, stamp = self.edge()
            if number == pin:
                return level, stamp

    def await_level(self, pin, level):
        """Stamp of the next record that shows the pin at the level."""
        while True:
            got, stamp = self.level_of(pin)
            if got == level:
                return stamp

    def waiting_edges(self, seconds=0.0):
        """Pins of all records that are there or come before so long a silence."""
        pins = []
        while select.select([self.pins], [], [], seconds)[0]:
            pins.append(PIN_RECORD.unpack(receive(self.pins, PIN_RECORD.size))[0])
        return pins

    def tell_pin(self, pin, level):
        self.pins.sendall(PIN_RECORD.pack(pin, level, 0))

    def ask(self, **request):
        return self.ask_raw(json.dumps(request).encode())

    def ask_raw(self, line):
        self.control.sendall(line + b"\n")
        data = b""
        while not data.endswith(b"\n"):
            data += receive(self.control, 1)
        return json.loads(data)
