"""A time server in a thread, written from RFC 5905, 7.3 alone, that can lie. A helper."""

import contextlib
import socket
import struct
import threading
import time

FROM_1900 = 2208988800


def stamp(seconds):
    whole, part = divmod(seconds + FROM_1900, 1)
    return struct.pack(">II", int(whole) % 2**32, int(part * 2**32))


class Server:
    """`offset`: of its clock against the host's, s; `lie`: see `answers`."""

    def __init__(self, lie="", offset=0.0, family=socket.AF_INET):
        self.lie = lie
        self.offset = offset
        self.requests = []
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):  # it was closed
            while True:
                self.answer(*self.sock.recvfrom(512))

    def answer(self, data, who):
        received = time.time() + self.offset
        self.requests.append(data)
        for answer in self.answers(data, received):
            if isinstance(answer, float):
                time.sleep(answer)
            elif self.lie == "stranger":
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                    other.sendto(answer, who)
            else:
                self.sock.sendto(answer, who)

    def answers(self, data, received):
        lie = self.lie
        good = self.packet(data, received)
        if lie == "silent":
            return []
        if lie == "late":
            return [0.6, good]
        if lie == "slow":
            return [0.2, self.packet(data, received, held=0.2)]
        if lie == "spoofed":  # somebody who has not seen the question is faster
            wrong = self.packet(bytes(48), received + 86400)
            return [wrong, bytes(500), good[:40], wrong, good]
        if lie == "flood":
            return [self.packet(bytes(48), received)] * 100 + [good]
        if lie == "echo":
            return [data]
        return [good]

    def packet(self, data, received, held=0.0):
        head, stratum, code = 0x24, 2, bytes(4)
        root = 0.010
        lie = self.lie
        if lie == "version3":
            head = 0x1C
        elif lie == "alarm":
            head = 0xE4
        elif lie == "stratum16":
            stratum = 16
        elif lie in ("DENY", "RSTR", "RATE", "INIT"):
            stratum, code = 0, lie.encode()
        elif lie == "client":
            head = 0x23
        elif lie == "far":
            root = 40.0
        sent = received + (30 if lie == "backwards" else held)
        if lie == "backwards":
            received, sent = sent, received
        out = bytearray(48)
        out[0:4] = bytes([head, stratum, 6, 0xEC])
        out[4:8] = out[8:12] = struct.pack(">I", int(root * 65536))
        out[12:16] = code
        out[16:24] = stamp(received - 20)
        out[24:32] = data[40:48]
        out[32:40] = stamp(received)
        out[40:48] = bytes(8) if lie == "no time" else stamp(sent)
        return bytes(out)

    def close(self):
        self.sock.close()
