"""The serial side of plugged modules: a terminal device a slot, and the buses behind them.

A module's bytes go to its bus and to the other modules on it, as on a wire that many share; what
the bus says goes to all of them. A module that is off says and hears nothing.
"""

import os
import selectors
import termios
import tty

_READ = 4096
_SPEEDS = slice(4, 6)  # in what tcgetattr gives: in and out
_BAUDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (
        300,
        600,
        1200,
        2400,
        4800,
        9600,
        19200,
        38400,
        57600,
        115200,
        230400,
        460800,
        921600,
    )
}


class Line:
    """The UART of one plugged module: a PTY whose name stands at `path` while it is plugged."""

    def __init__(self, loop, path, is_on, bus=None, said=None):
        """`is_on()`: has the module power, and is it not held in reset? What the board says goes
        to the bus, or to said(data)."""
        self._loop = loop
        self._path = path
        self._is_on = is_on
        self._bus = bus
        self._said = said
        self.bytes_up = 0  # from the board
        self.bytes_down = 0
        self._fd, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._fd, False)
        loop.register(self._fd, selectors.EVENT_READ, self._ready)
        if bus:
            bus.lines.append(self)
        spare = f"{path}.{os.getpid()}"
        os.symlink(os.ttyname(self._slave), spare)
        os.replace(spare, path)

    def _ready(self, mask):
        data = os.read(self._fd, _READ)
        if self._is_on():
            self.bytes_up += len(data)
            if self._bus:
                self._bus.said(self, data)
            elif self._said:
                self._said(data)

    def hear(self, data):
        """The bus says something; a board that does not read loses it."""
        if not self._is_on():
            return
        self.bytes_down += len(data)
        try:
            os.write(self._fd, data)
        except BlockingIOError:
            pass

    def speeds(self):
        """The speeds the board has set, as termios has them."""
        return termios.tcgetattr(self._slave)[_SPEEDS]

    def baud(self):
        """The speed the board has set, in bit/s."""
        return _BAUDS.get(self.speeds()[1], 9600)

    def close(self):
        """Pulled out: the board's end hangs up."""
        if self._bus:
            self._bus.lines.remove(self)
        self._loop.unregister(self._fd)
        if os.path.islink(self._path):
            os.unlink(self._path)
        os.close(self._fd)
        os.close(self._slave)


class Bus:
    """A terminal device with whatever lives at its far end, shared by modules."""

    def __init__(self, loop, path):
        """ValueError when the device cannot be opened."""
        self.lines = []
        self._loop = loop
        self._is_open = True
        self._speeds = None  # of the device, as far as we set them
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(self._fd)
        except (OSError, termios.error) as error:
            raise ValueError(f"cannot open the terminal device {path}: {error}") from None
        loop.register(self._fd, selectors.EVENT_READ, self._ready)

    def _ready(self, mask):
        try:
            data = os.read(self._fd, _READ)
        except BlockingIOError:
            return
        except OSError:  # the far end is gone
            data = b""
        if not data:
            self.close()
        for line in self.lines:
            line.hear(data)

    def said(self, speaker, data):
        for line in self.lines:
            if line is not speaker:
                line.hear(data)
        if not self._is_open:
            return
        try:
            self._set(speaker.speeds())
            os.write(self._fd, data)
        except (OSError, termios.error):
            pass  # nobody reads there any more

    def _set(self, speeds):
        """The bus runs at the speed of whoever speaks: its devices judge it."""
        if speeds != self._speeds:
            attributes = termios.tcgetattr(self._fd)
            attributes[_SPEEDS] = speeds
            termios.tcsetattr(self._fd, termios.TCSANOW, attributes)
            self._speeds = speeds

    def close(self):
        if self._is_open:
            self._is_open = False
            self._loop.unregister(self._fd)
            os.close(self._fd)
