"""The world behind the mobile network: real TCP on a selectors loop. Nothing here blocks but the
look-up of a name that is no address.

A network has dial(host, port, listener) -> connection with send(data), pause(is_paused), close();
the listener has opened(), refused(code), received(data), closed(). A bench gives one of its own.
"""

import contextlib
import errno
import selectors
import socket

NO_NAME, NOBODY, REFUSED = 565, 566, 572  # as AT+QIGETERROR numbers them
_READ = 4096


class Tcp:
    """Connections of the process's own TCP."""

    def __init__(self, loop):
        self._loop = loop

    def dial(self, host, port, listener):
        return _Connection(self._loop, host, port, listener)


class _Connection:
    def __init__(self, loop, host, port, listener):
        self._loop = loop
        self._listener = listener
        self._out = bytearray()
        self._is_open = False
        self._is_paused = False
        self._mask = 0
        self._socket = None
        try:
            where = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0]
        except OSError:
            listener.refused(NO_NAME)
            return
        self._socket = socket.socket(*where[:3])
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = self._socket.connect_ex(where[4])
        if error not in (0, errno.EINPROGRESS):
            self._refuse(error)
            return
        self._watch(selectors.EVENT_WRITE)

    def _refuse(self, error):
        self.close()
        self._listener.refused(REFUSED if error == errno.ECONNREFUSED else NOBODY)

    def _watch(self, mask):
        if mask == self._mask:
            return
        if not self._mask:
            self._loop.register(self._socket, mask, self._ready)
        elif mask:
            self._loop.modify(self._socket, mask, self._ready)
        else:
            self._loop.unregister(self._socket)
        self._mask = mask

    def _ready(self, mask):
        if not self._is_open:
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                self._refuse(error)
                return
            self._is_open = True
            self._listener.opened()
        elif mask & selectors.EVENT_READ and not self._is_paused:
            self._read()
        self._flush()

    def _read(self):
        try:
            data = self._socket.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._listener.received(data)
        else:
            self.close()
            self._listener.closed()

    def send(self, data):
        self._out += data
        self._flush()

    def _flush(self):
        if self._socket is None or not self._is_open:
            return
        while self._out:
            try:
                count = self._socket.send(self._out)
            except BlockingIOError:
                break
            except OSError:
                self.close()
                self._listener.closed()
                return
            del self._out[:count]
        read = 0 if self._is_paused else selectors.EVENT_READ
        self._watch(read | (selectors.EVENT_WRITE if self._out else 0))

    def pause(self, is_paused):
        """Take no more of the far side's data for now."""
        if is_paused != self._is_paused:
            self._is_paused = is_paused
            self._flush()

    def close(self):
        if self._socket is not None:
            self._watch(0)
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None
