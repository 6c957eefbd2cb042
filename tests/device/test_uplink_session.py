"""The session against a scripted broker in the same loop: faults of callbacks, look-ups, ends."""

import asyncio
import io
import time

from firmware.core.clock import Clock
from firmware.core.log import Log
from firmware.uplink import conn
from firmware.uplink.limits import Limits
from firmware.uplink.outbox import Outbox
from firmware.uplink.session import Session

CONNACK = b"\x20\x02\0\0"
QUICK = {"backoff_min_ms": 1, "backoff_max_ms": 2}
lines = []  # of every session's log


def session(port, **limits):
    clock = Clock(time.ticks_us, time.ticks_diff, lambda: 0)
    settings = dict(QUICK)
    settings.update(limits)
    log = Log(clock, lines.append)
    return Session(clock, log, "127.0.0.1", port, b"st1", limits=Limits(**settings))


async def serve(script):
    """A broker of one script(reader, writer); (server, port)."""
    port = 20000 + time.ticks_us() % 20000
    while True:
        try:
            return await asyncio.start_server(script, "127.0.0.1", port), port
        except OSError:
            port += 1


async def until(predicate):
    for _ in range(2000):
        if predicate():
            return
        await asyncio.sleep_ms(5)
    raise AssertionError("it never came")


async def test_fault_of_a_callback():
    """It is a fault of the program: the supervisor hears of it, the link does not hide it."""

    async def script(reader, writer):
        await reader.read(100)
        writer.write(CONNACK + b"\x30\x04\0\x01t!")
        await writer.drain()
        await reader.read(1)

    def callback(topic, payload):
        raise ValueError(payload)

    server, port = await serve(script)
    subject = session(port)
    subject.subscribe(b"t", callback)
    try:
        await subject.run(Outbox())
    except ValueError as error:
        assert error.value == b"!"
    else:
        raise AssertionError("nothing was raised")
    assert subject.stats()["state"] == "down"
    server.close()
    await server.wait_closed()


async def test_cancel_closes():
    """Cancelled, the session closes its socket and gives back what flew."""
    seen = []

    async def script(reader, writer):
        await reader.read(100)
        writer.write(CONNACK)
        await writer.drain()
        while True:
            chunk = await reader.read(100)
            seen.append(chunk)
            if not chunk:
                return

    server, port = await serve(script)
    subject = session(port)
    box = Outbox()
    box.put_event(b"t", b"1")
    task = asyncio.create_task(subject.run(box))
    await until(lambda: seen)
    assert subject.stats()["state"] == "up" and box.take() is None
    task.cancel()
    await until(lambda: b"" in seen)
    assert box.take().payload == b"1"
    server.close()
    await server.wait_closed()


async def fail_often(subject):
    task = asyncio.create_task(subject.run(Outbox()))
    await until(lambda: subject.failures >= 9)
    task.cancel()
    await asyncio.sleep_ms(0)
    return subject.failures


async def test_looks_up_once():
    """The blocking look-up is made once, and anew only after many failures in a row."""
    calls = []
    resolve = conn.resolve

    def counted(host, port):
        calls.append(host)
        return resolve(host, port)

    conn.resolve = counted
    for again in (1000, 4):
        calls.clear()
        failures = await fail_often(session(1, resolve_again=again))  # nobody listens at port 1
        # the next look-up may still be ahead of us
        assert 1 + (failures - 1) // again <= len(calls) <= 1 + failures // again
    conn.resolve = resolve


class Narrow(io.IOBase):
    """Stands where TLS stands, between session and socket: takes `bite` bytes a write, `room` in
    all. (The kernel's own buffers take megabytes before a write ever waits.)"""

    def __init__(self, sock, bite, room):
        self.sock = sock
        self.bite = bite
        self.room = room

    def write(self, data):
        count = min(self.bite, self.room, len(data))
        self.room -= count
        return self.sock.write(data[:count]) if count else None

    def readinto(self, buf):
        return self.sock.readinto(buf)

    def ioctl(self, request, argument):
        return self.sock.fileno() if request == 10 else -1  # 10: the file number, to poll it

    def setblocking(self, flag):
        self.sock.setblocking(flag)

    def close(self):
        self.sock.close()


class NarrowContext:
    """An SSLContext as far as the session knows one. The first connection jams."""

    def __init__(self):
        self.names = []

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect):
        self.names.append(server_hostname)
        return Narrow(sock, 5, 60 if len(self.names) == 1 else 1 << 20)


async def test_jammed_write():
    """A write that goes nowhere ends in its bound; one in small bites arrives whole."""
    context = NarrowContext()
    heard = []

    async def script(reader, writer):
        total = b""
        writer.write(CONNACK)
        await writer.drain()
        while True:
            chunk = await reader.read(100)
            if not chunk:
                return
            total += chunk
            if total.endswith(b"the end"):
                heard.append(total)
                at = len(total) - len(b"the end") - 2 - 300
                writer.write(b"\x40\x02" + total[at : at + 2])
                await writer.drain()

    server, port = await serve(script)
    subject = session(port, write_ms=60)
    subject._ssl = context
    box = Outbox()
    box.put_event(b"t", b"x" * 300 + b"the end")
    beats = 0
    task = asyncio.create_task(subject.run(box))
    while len(box):
        await asyncio.sleep_ms(5)
        beats += 1
        assert beats < 2000
    task.cancel()
    stats = subject.stats()
    assert (stats["timeouts"], stats["disconnects"], stats["connects"]) == (1, 1, 2), stats
    assert (stats["published"], stats["republished"], stats["delivered"]) == (1, 1, 1), stats
    assert "in time: write" in lines[1], lines
    assert stats["worst_stall_ms"] <= subject.stall_bound_ms
    assert context.names == ["127.0.0.1"] * 2 and len(heard) == 1
    assert beats > 5  # others had their turns while it was jammed
    server.close()
    await server.wait_closed()


async def main():
    await test_jammed_write()
    await test_fault_of_a_callback()
    await test_cancel_closes()
    await test_looks_up_once()


asyncio.run(main())
print("OK")
