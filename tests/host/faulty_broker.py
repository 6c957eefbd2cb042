"""A TCP proxy between the terminal and a real broker that spoils what the broker says.

A fault is a function of one broker packet: (bytes to pass on instead, what to do then).
It rules the first `times` connections; later ones pass untouched.
"""

import selectors
import socket
import threading

RELAY = "relay"  # go on
SILENT = "silent"  # keep the connection, take what comes, say nothing for ever
DEAF = "deaf"  # keep the connection and read no more either
CLOSE = "close"

CONNACK, PUBLISH, PUBACK, PINGRESP = 2, 3, 4, 13


def on(kind, instead, then):
    """The fault that meets the first packet of a kind; `instead` may be a function of it."""

    def fault(packet):
        if packet[0] >> 4 != kind:
            return packet, RELAY
        return (instead(packet) if callable(instead) else instead), then

    return fault


FAULTS = {
    "accepts and says nothing": on(CONNACK, b"", SILENT),
    "refuses": on(CONNACK, b"\x20\x02\x00\x05", CLOSE),
    "speaks HTTP": on(CONNACK, b"HTTP/1.1 400 Bad Request\r\n\r\n", SILENT),
    "half a CONNACK, then silence": on(CONNACK, b"\x20\x02", SILENT),
    "closes in a packet": on(PUBACK, lambda packet: packet[:3], CLOSE),
    "half a PUBACK, then silence": on(PUBACK, lambda packet: packet[:3], SILENT),
    "swallows PUBACKs": on(PUBACK, b"", RELAY),
    "announces 256 MB": on(PUBACK, b"\x30\xff\xff\xff\x7f", SILENT),
    "a length without end": on(PUBACK, b"\x30\xff\xff\xff\xff", SILENT),
    "acknowledges what nobody sent": on(PUBACK, b"\x40\x02\x7f\xff", SILENT),
    "a message shorter than its topic": on(PUBACK, b"\x30\x03\x00\x09x", SILENT),
    "a second CONNACK": on(PUBACK, b"\x20\x02\x00\x00", SILENT),
    "half-open after a PUBACK": on(PUBACK, lambda packet: packet, SILENT),
    "swallows PINGRESPs": on(PINGRESP, b"", RELAY),
    "reads no more": on(CONNACK, lambda packet: packet, DEAF),
}


def split(buffer):
    """Take one whole packet off a bytearray; None when there is none yet."""
    length, at = 0, 1
    while True:
        if at >= len(buffer):
            return None
        length |= (buffer[at] & 0x7F) << 7 * (at - 1)
        at += 1
        if not buffer[at - 1] & 0x80:
            break
    if len(buffer) < at + length:
        return None
    packet = bytes(buffer[: at + length])
    del buffer[: at + length]
    return packet


class FaultyBroker:
    """Listens on `port`. `gate` cleared: connections are closed at once. Context manager."""

    def __init__(self, upstream, fault=None, times=1, bytewise=False):
        self.upstream = upstream  # port of the real broker
        self.fault = fault
        self.times = times
        self.bytewise = bytewise  # the broker's bytes arrive one by one
        self.gate = threading.Event()
        self.gate.set()
        self.connections = 0
        self._ending = threading.Event()
        self._threads = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self._ending.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while not self._ending.is_set():
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            if not self.gate.is_set():
                near.close()
                continue
            self.connections += 1
            fault = self.fault if self.connections <= self.times else None
            self._start(self._serve, near, fault)

    def _serve(self, near, fault):
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with near:
            try:
                far = socket.create_connection(("127.0.0.1", self.upstream))
            except OSError:
                return
            with far:
                try:
                    self._relay(near, far, fault)
                except OSError:  # one side went away: so does the other
                    return

    def _relay(self, near, far, fault):
        """Until a side closes; what the broker says goes packet by packet through the fault."""
        mode = RELAY
        said = bytearray()
        with selectors.DefaultSelector() as ready:
            for side in (near, far):
                ready.register(side, selectors.EVENT_READ)
            while not self._ending.is_set():
                for key, _ in ready.select(0.05):
                    chunk = key.fileobj.recv(4096)
                    if not chunk:
                        return
                    if mode is not RELAY:
                        continue
                    if key.fileobj is near:
                        far.sendall(chunk)
                        continue
                    said += chunk
                    mode = self._pass_on(near, said, fault)
                    if mode is CLOSE:
                        return
                    if mode is DEAF:
                        ready.unregister(near)

    def _pass_on(self, near, said, fault):
        while (packet := split(said)) is not None:
            mode = RELAY
            if fault is not None:
                packet, mode = fault(packet)
            for piece in [packet] if not self.bytewise else [bytes([b]) for b in packet]:
                near.sendall(piece)
            if mode is not RELAY:
                return mode
        return RELAY
