"""A control socket, both ends: JSON objects, one line in, one line out. For tests and tools only.

The answer has "ok": true and what was asked for, or "ok": false and "error", one sentence.
"""

import json
import os
import selectors
import socket

_MAX_LINE = 65536
_TIMEOUT_S = 3


def ask(path, **request):
    """The answer to one request to the socket at `path`; OSError or ValueError without one."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(_TIMEOUT_S)
        control.connect(path)
        control.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(control.makefile().readline())


class ControlSocket:
    def __init__(self, path, handler, selector):
        """`handler`: dict -> dict, ValueError for a wrong request. Serves from `selector`, whose
        keys carry a function to call when they are readable, with or without their events."""
        self.path = path
        self._handler = handler
        self._selector = selector
        self._clients = {}  # socket -> bytes of a line not yet complete
        if os.path.exists(path):
            os.unlink(path)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(path)
        self._server.listen(4)
        selector.register(self._server, selectors.EVENT_READ, self._accept)

    def _accept(self, _mask=0):
        client, _ = self._server.accept()
        client.settimeout(1)  # somebody who does not read must not stop the bus
        self._clients[client] = b""
        self._selector.register(client, selectors.EVENT_READ, lambda _mask=0: self._read(client))

    def _read(self, client):
        try:
            data = client.recv(4096)
        except OSError:
            data = b""
        if not data or len(self._clients[client]) > _MAX_LINE:
            self._drop(client)
            return
        *lines, self._clients[client] = (self._clients[client] + data).split(b"\n")
        for line in lines:
            answer = json.dumps(self._answer(line)) + "\n"
            try:
                client.sendall(answer.encode())
            except OSError:
                self._drop(client)
                return

    def _answer(self, line):
        try:
            request = json.loads(line)
        except ValueError:
            return {"ok": False, "error": "a request is one JSON object on a line"}
        if not isinstance(request, dict):
            return {"ok": False, "error": "a request is one JSON object on a line"}
        try:
            return {"ok": True, **self._handler(request)}
        except ValueError as error:
            return {"ok": False, "error": str(error)}

    def _drop(self, client):
        self._selector.unregister(client)
        del self._clients[client]
        client.close()

    def close(self):
        for client in list(self._clients):
            self._drop(client)
        self._selector.unregister(self._server)
        self._server.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
