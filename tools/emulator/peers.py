"""Unix-domain sockets without threads: listeners, and clients with bounded output.

A client that does not read is dropped when its output grows beyond the limit.  Each client has
`feed(data)` (bytes came in) and `gone()` (closed, for whatever reason) to override.
"""

import os
import selectors
import socket
import stat

_OUTPUT_LIMIT = 1 << 20


class Listener:
    """Accepts clients at a path; `make(connection)` builds each one."""

    def __init__(self, loop, path, make):
        self.loop = loop
        self.path = path
        self._make = make
        if os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode):
            os.unlink(path)  # left behind by a run that was killed
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(path)
        self._socket.listen(4)
        self._socket.setblocking(False)
        loop.register(self._socket, selectors.EVENT_READ, self._accept)

    def _accept(self, mask):
        connection, _ = self._socket.accept()
        connection.setblocking(False)
        self._make(connection)

    def close(self):
        self.loop.unregister(self._socket)
        self._socket.close()
        if os.path.exists(self.path):
            os.unlink(self.path)


class Peer:
    def __init__(self, loop, connection):
        self.loop = loop
        self._connection = connection  # None once closed
        self._output = bytearray()
        loop.register(connection, selectors.EVENT_READ, self._ready)

    def feed(self, data):
        """Bytes came in."""
        raise NotImplementedError

    def gone(self):
        """Nothing to tidy up by default."""

    def _ready(self, mask):
        if mask & selectors.EVENT_WRITE:
            self._flush()
        if mask & selectors.EVENT_READ and self._connection is not None:
            try:
                data = self._connection.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self.feed(data)
            else:
                self.close()

    def send(self, data):
        self._output += data
        self._flush()

    def _flush(self):
        if self._connection is None:
            return
        try:
            sent = self._connection.send(self._output)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        del self._output[:sent]
        if len(self._output) > _OUTPUT_LIMIT:
            self.close()
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._output else 0)
        self.loop.modify(self._connection, events, self._ready)

    def close(self):
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        self.loop.unregister(connection)
        connection.close()
        self.gone()
