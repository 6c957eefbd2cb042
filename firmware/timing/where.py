"""Where a time server is. To look a name up is the one thing that blocks: it has no asynchronous
form on any port (lwIP: some 10 s at worst, glibc 5 s a server and try). It is done once, and again
only after each _DEAF failures in a row, at most once an hour. An address in digits needs none.
"""

import socket

from micropython import const

_DEAF = const(4)  # failures before the name is looked up again
_NAME_MS = const(3600000)  # ... at most so often


class Where:
    def __init__(self, clock, server, port, kind):
        """`server`: a name or address, ":" and a port if not `port`; `kind`: of socket."""
        self._clock = clock
        self.host, self._port = _split(server, port)
        self._kind = kind
        self._found = None  # (family, address)
        self._named_ms = None  # when it was looked up

    def socket(self, failed):
        """(a socket that does not block, the address), after so many failures in a row; OSError
        when the name is not known."""
        now_ms = self._clock.ms()
        is_deaf = failed > 0 and failed % _DEAF == 0
        if self._found is None or (is_deaf and now_ms - self._named_ms > _NAME_MS):
            found = socket.getaddrinfo(self.host, self._port, 0, self._kind)[0]
            self._found = found[0], found[-1]
            self._named_ms = now_ms
        sock = socket.socket(self._found[0], self._kind)
        sock.setblocking(False)
        return sock, self._found[1]


def _split(server, port):
    """(host, port). Two colons and more are an address of IPv6."""
    host, _, digits = server.partition(":")
    if digits.isdigit():
        return host, int(digits)
    return server, port
