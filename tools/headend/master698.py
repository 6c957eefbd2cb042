"""`python -m tools.headend.master698`: a DL/T 698.45 master station for a terminal's clock. It
takes one link after another, answers logins and heart-beats with its time, and sets the clock if
asked to; what comes and goes is printed, one line each. Ctrl-C ends it.
"""

import argparse
import contextlib
import socket
import sys
import threading
import time

from dlt698 import Dlt698Error
from dlt698 import _native as core

from tools.headend.link_answers import KINDS, SERVICE, answers, frame, moment

_CLOCK, _TIME, _BROADCAST = 0x4000, 2, 127
_LINK_FUNCTION, _FRAGMENT = 1, 0x20
_FRAGMENT_BYTES = 12


class Master:
    """`offset_s`: of its clock against the host's; `orders`: what is done behind the login, each
    ("connect",), ("get",), ("set", seconds) or ("call", seconds), which set the terminal's clock
    to the master's time and so many seconds, or an APDU as bytes; `is_cut`: in link fragments."""

    def __init__(self, port=0, host="127.0.0.1", offset_s=0.0, zone_min=480, lie="", orders=()):
        self.offset_s = offset_s
        self.zone_min = zone_min
        self.lie = lie
        self.orders = list(orders)
        self.is_cut = False
        self.told = lambda text: None
        self.logins = []  # core.LinkRequest, with the heart-beats and logouts
        self.replies = []  # APDUs that answered the orders
        self.broken = 0  # frames that no independent decoder takes
        self.links = 0
        self.ended = 0  # of these
        self._old = None
        self.sock = socket.create_server((host, port))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def now(self):
        return time.time() + self.offset_s

    def close(self):
        self.sock.close()

    def _accept(self):
        with contextlib.suppress(OSError):  # it was closed
            while True:
                link, who = self.sock.accept()
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.links += 1
                self.told(f"link from {who[0]}:{who[1]}")
                with link, contextlib.suppress(OSError):
                    self._hold(link)
                self.ended += 1
                self.told("the link has ended")

    def _hold(self, link):
        held = b""
        waiting = list(self.orders)
        while data := link.recv(4096):
            held += data
            while len(held) >= 3:
                size = int.from_bytes(held[1:3], "little") + 2
                if len(held) < size:
                    break
                raw, held = held[:size], held[size:]
                if not self._take(link, raw, waiting):
                    return

    def _take(self, link, raw, waiting):
        """False: hang up."""
        try:
            taken = core.decode_frame(raw)
            apdu = None if taken.control & _FRAGMENT else core.decode_apdu(taken.payload)
        except Dlt698Error as error:
            self.broken += 1
            self.told(f"no frame: {raw.hex()} ({error})")
            return True
        if taken.control & 7 == _LINK_FUNCTION:
            return self._link(link, taken.server, apdu, waiting)
        if apdu is not None:  # the acknowledgement of a fragment else
            self.replies.append(apdu)
            self.told(f"{type(apdu).__name__}: {taken.payload.hex()}")
        self._order(link, taken.server, waiting)
        return True

    def _link(self, link, server, asked, waiting):
        self.logins.append(asked)
        kind = str(asked.type).rpartition(".")[2]
        self.told(f"{kind} of {bytes(server.bytes)[::-1].hex()}, each {asked.heartbeat_seconds} s")
        lie = self.lie
        if lie == "close":
            return False
        if lie == "silent" or lie == "deaf" and asked.type != core.LinkRequestType.login:
            return True
        parts = answers(lie, asked, server, self.now, self.zone_min)
        if lie == "old":
            parts, self._old = self._old or [], parts
        for part in parts:
            if isinstance(part, float):
                time.sleep(part)
            else:
                link.sendall(part)
        self._order(link, server, waiting)
        return True

    def _order(self, link, server, waiting):
        """The next one."""
        if not waiting:
            return
        apdu = waiting.pop(0)
        if isinstance(apdu, tuple):
            apdu = core.encode_apdu(self._asked(*apdu))
        elif isinstance(apdu, core.Fragment):
            link.sendall(frame(SERVICE | _FRAGMENT, server, core.encode_fragment(apdu), 0x10))
            return
        if self.is_cut and len(apdu) > _FRAGMENT_BYTES:
            waiting[:0] = _pieces(apdu)
            self._order(link, server, waiting)
            return
        link.sendall(frame(SERVICE, server, apdu, 0x10))

    def _asked(self, what, seconds=0.0):
        time_of = core.Oad(oi=_CLOCK, attribute=_TIME, index=0)
        local = moment(self.now() + seconds, self.zone_min)
        value = core.Data.date_time_s(list(local[:4] + local[5:8]))
        if what == "set":
            one = core.SetAttribute(attribute=time_of, value=value)
            return core.SetRequest(attributes=[one], piid=1)
        if what == "call":
            method = core.Omd(oi=_CLOCK, method=_BROADCAST, mode=0)
            called = core.ActionMethod(method=method, parameter=value)
            return core.ActionRequest(methods=[called], piid=2)
        if what == "get":
            return core.GetRequest(attributes=[time_of], piid=3)
        terms = core.AssociationParameters(
            version=16,
            protocol=[255] * 8,
            function=[255] * 16,
            send_frame_bytes=1024,
            receive_frame_bytes=1024,
            receive_window=1,
            apdu_bytes=1024,
            timeout_seconds=100,
        )
        return core.ConnectRequest(parameters=terms, piid=4)


def _pieces(apdu):
    """Its fragments."""
    cutter, pieces = core.LinkFragmenter(apdu, _FRAGMENT_BYTES, 4000), []
    while True:
        piece = cutter.current()
        pieces.append(piece)
        if piece.type == core.FragmentType.last:
            return pieces
        cutter.acknowledge(piece.sequence)


def parse(argv):
    lies = "; ".join(f"{name}: {what}" for name, what in KINDS.items())
    parser = argparse.ArgumentParser(prog="python -m tools.headend.master698", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=6980, help="0: any that is free")
    parser.add_argument("--offset-s", type=float, default=0.0, help="its clock is so much ahead")
    parser.add_argument("--zone-min", type=int, default=480, help="local time ahead of UTC")
    parser.add_argument("--lie", choices=KINDS, default="", help=lies)
    parser.add_argument("--set-s", type=float, metavar="S", help="SET the clock, S s off its own")
    parser.add_argument("--call-s", type=float, metavar="S", help="the same by method 127")
    parser.add_argument("--cut", action="store_true", help="orders come in link fragments")
    parser.add_argument("--seconds", type=float, help="end after so long")
    return parser.parse_args(argv)


def main():
    options = parse(sys.argv[1:])
    orders = []
    for what, seconds in (("set", options.set_s), ("call", options.call_s)):
        if seconds is not None:
            orders += [("connect",), ("get",), (what, seconds), ("get",)]
    try:
        master = Master(
            options.port, options.host, options.offset_s, options.zone_min, options.lie, orders
        )
    except OSError as error:
        sys.exit(f"master698: cannot listen at {options.host}:{options.port} ({error})")
    master.is_cut = options.cut
    master.told = lambda text: print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)
    print(f"master698: listening at {options.host}:{master.port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(options.seconds or 1e8)
    master.close()


if __name__ == "__main__":
    main()
