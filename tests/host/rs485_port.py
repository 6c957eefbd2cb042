"""A raw PTY with the calls of machine.UART, for scripts under MicroPython."""

import io
import select
import termios

_POLL = 3  # stream ioctl requests
_FILENO = 10


class Port(io.IOBase):
    def __init__(self, path):
        self._file = open(path, "r+b")
        fd = self._file.fileno()
        termios.setraw(fd)
        attrs = termios.tcgetattr(fd)
        attrs[6][6] = attrs[6][5] = 0  # VMIN, VTIME: read returns what is there
        termios.tcsetattr(fd, termios.TCSANOW, attrs)
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)

    def init(self, *_, **__):
        """The wire has a speed of its own."""

    def any(self):
        return len(self._poll.poll(0))

    def read(self, nbytes):
        return self._file.read(nbytes) or None

    def write(self, buf):
        return self._file.write(buf)

    def ioctl(self, request, arg):
        if request == _POLL:
            return (arg & select.POLLIN if self.any() else 0) | arg & select.POLLOUT
        return self._file.fileno() if request == _FILENO else -1

    def deinit(self):
        self._file.close()
