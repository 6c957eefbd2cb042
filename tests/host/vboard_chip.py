"""The far ends of the machine shim for its tests: a chip on SPI, its pins, a running script.

The chip answers clocked bytes with their complement and fill bytes with a running count, so a
lost, doubled or stale byte shows.
"""

import json
import os
import select
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIRING = {
    "spi": {"1": {"path": "{}/spi", "cs": 10}},
    "pins": {"path": "{}/pins", "map": {"4": 0, "6": 2, "16": 5, "17": 8}},
    "uart": {"1": "{}/uart", "2": "{}/absent"},
    "unique_id": "0011223344556677",
}


class Listener:
    """A listening AF_UNIX socket that serves one client at a time in a thread."""

    def __init__(self, path):
        self.path = str(path)
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self.path)
        self._server.listen(4)
        self.client = None
        self.clients = 0
        self._ended = False
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def _loop(self):
        while not self._ended:
            watched = [self._server] + ([self.client] if self.client else [])
            for ready in select.select(watched, [], [], 0.02)[0]:
                if ready is self._server:
                    self._change_client(self._server.accept()[0])
                elif ready is self.client:
                    data = self._receive()
                    self.take(data) if data else self._change_client(None)

    def _receive(self):
        try:
            return self.client.recv(65536)
        except ConnectionResetError:  # closed with bytes of ours unread
            return b""

    def _change_client(self, client):
        if self.client:
            self.client.close()
        self.client = client
        self.clients += client is not None
        self.greet() if client else None

    def greet(self):
        pass

    def close(self):
        self._ended = True
        self._thread.join()
        self._change_client(None)
        self._server.close()
        os.unlink(self.path)


class SpiChip(Listener):
    def __init__(self, path):
        self.log = []  # "fall", "rise", bytes clocked in, or number of fill bytes
        self.sends = []  # what each receive call brought
        self.answer = self.client_send  # a test may put another one here
        self._rx = b""
        self._count = 0
        super().__init__(path)

    def greet(self):
        self._rx = b""

    def client_send(self, data):
        self.client.sendall(data)

    def take(self, data):
        self.sends.append(data)
        self._rx += data
        while len(self._rx) >= 3:
            op, length = struct.unpack(">BH", self._rx[:3])
            if len(self._rx) < 3 + length:
                return
            payload, self._rx = self._rx[3 : 3 + length], self._rx[3 + length :]
            self._record(op, payload)

    def _record(self, op, payload):
        if op in (1, 3):
            assert not payload
            self.log.append("fall" if op == 1 else "rise")
        elif op == 2:
            self.log.append(payload)
            self.answer(bytes(byte ^ 0xFF for byte in payload))
        else:
            number, fill = struct.unpack(">HB", payload)
            self.log.append((number, fill))
            self.answer(bytes((self._count + i) & 0xFF for i in range(number)))
            self._count += number


class PinChip(Listener):
    def __init__(self, path, levels=(1, 1, 1, 1, 1, 1)):
        self.levels = levels
        self.got = []  # (pin, level) records from the board
        super().__init__(path)

    def greet(self):
        for pin, level in enumerate(self.levels):
            self.edge(pin, level, 0)

    def edge(self, *records):
        """Send (pin, level, stamp_us) records in one piece; flat arguments for one."""
        records = [records] if isinstance(records[0], int) else records
        self.client.sendall(b"".join(struct.pack(">BB6xQ", *record) for record in records))

    def take(self, data):
        for at in range(0, len(data), 16):
            pin, level, stamp = struct.unpack(">BB6xQ", data[at : at + 16])
            assert abs(stamp - time.monotonic_ns() // 1000) < 10_000_000
            self.got.append((pin, level))


class Script:
    """A MicroPython script over the shim; its printed lines are what it tells the test."""

    def __init__(self, argv, folder, text, wiring):
        path = folder / "script.py"
        path.write_text(text)
        env = dict(os.environ, MICROPYPATH=f"{ROOT / 'board' / 'unix'}:.frozen")
        env["TTU_WIRING"] = str(wiring)
        self._process = subprocess.Popen(
            [*argv, "-X", "heapsize=256k", str(path)],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self.pid = self._process.pid
        self._said = b""

    def line(self, timeout_s=5.0):
        """The next line; fails when none comes within the time."""
        end = time.monotonic() + timeout_s
        while b"\n" not in self._said:
            left = max(0, end - time.monotonic())
            assert select.select([self._process.stdout], [], [], left)[0], "the script is silent"
            data = self._process.stdout.read(4096)
            assert data, f"the script has ended: {self._said!r}"
            self._said += data
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def tell(self, text):
        self._process.stdin.write(text.encode() + b"\n")

    def end(self):
        """Exit status and the rest of what it printed."""
        rest = self._process.communicate(timeout=10)[0]
        return self._process.returncode, (self._said + rest).decode()

    def kill(self):
        self._process.kill()
        self._process.communicate()


class Desk:
    """Everything wired to paths in `folder`; what is there is the test's affair."""

    def __init__(self, argv, folder):
        self._argv = argv
        self._folder = folder
        self._wiring = folder / "wiring.json"
        self._wiring.write_text(json.dumps(WIRING).replace("{}", str(folder)))
        self._scripts = []

    def script(self, text):
        self._scripts.append(Script(self._argv, self._folder, text, self._wiring))
        return self._scripts[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for script in self._scripts:
            script.kill()


def lines_of(script):
    """What a script printed, once it has ended without an error."""
    status, text = script.end()
    assert status == 0, text
    return text.split("\n")[:-1]


def cpu_ticks(pid):
    """Processor time used so far, in hundredths of a second."""
    with open(f"/proc/{pid}/stat") as file:
        return sum(int(field) for field in file.read().rpartition(")")[2].split()[11:13])
