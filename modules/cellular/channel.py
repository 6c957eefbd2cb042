"""One command at a time to the modem, and whatever it says of its own accord to who listens.

Each wait has a bound. A modem that keeps one waiting is not trusted any more: `Silent` is for
who owns it to put in order. A command may be given up by cancelling it; then too.
"""

import asyncio

from micropython import const

from firmware.core.errors import SlotError
from modules.cellular import at

_CHUNK = const(256)
_PORT_BYTES = const(4096)  # a frame may come while the loop does something else
_FRAME_MS = const(500)  # beyond the time its bytes take on the wire
_ONCE_BYTES = const(512)  # to the port: some block until all that is given has found room
_TRIES_MS = const(2)  # between tries of a port that has none
_STUCK_MS = const(3000)  # a port that takes nothing for so long is no port
_ANSWER_LINES = const(40)  # of one command; more are dropped

_FINAL = ("OK", "ERROR", "SEND OK", "SEND FAIL", "CONNECT")
_ERRORS = ("+CME ERROR:", "+CMS ERROR:")


class Silent(SlotError):
    """The modem did not answer in time."""


class Refused(SlotError):
    """It answered that it does not do it."""


class Channel:
    def __init__(self, clock, listener):
        """`listener` has unasked(line), pushed(socket, data), broken(socket) and noise(text)."""
        self.parser = at.Parser()
        self.lines = []  # of the answer to the command under way
        self.data = None  # ... and its data
        self.timeouts = 0
        self.refusals = 0
        self._clock = clock
        self._listener = listener
        self._port = None
        self._reader = None
        self.baud = 0  # of the port
        self._command = ""  # under way
        self._prefix = None  # of its answer's lines, None: takes all that nobody says unasked
        self._result = ""
        self._failure = None  # an exception for who waits
        self._outgoing = memoryview(b"")  # what is given at the prompt
        self._given = 0  # bytes of it that the port took at once
        self._until_ms = 0  # the answer has time
        self._is_late = False  # it has not come by then
        self._done = asyncio.Event()
        self._prompted = asyncio.Event()

    def open(self, port, baud):
        """Over a new port; what was under way on the one before is over."""
        self._port = port
        self._reader = asyncio.StreamReader(port)
        self.speak(baud)

    def speak(self, baud):
        """At another speed from here on."""
        self._port.init(baud, bits=8, parity=None, stop=1, timeout=0, rxbuf=_PORT_BYTES)
        self.baud = baud
        self.parser.clear()

    async def listen(self):
        """Takes what comes, for ever."""
        chunk = memoryview(bytearray(_CHUNK))
        while True:
            if self.parser.is_partial:
                count = await self._rest(chunk)
            else:
                count = await self._reader.readinto(chunk)
            if count:
                self.parser.feed(chunk[:count])
                self._sort()

    async def _rest(self, chunk):
        """More of a frame, which comes at the speed of the wire."""
        wait_ms = _FRAME_MS + at.FRAME * 10000 // self.baud
        try:
            return await asyncio.wait_for_ms(self._reader.readinto(chunk), wait_ms)
        except asyncio.TimeoutError:
            self._take(*self.parser.abandon())
            self._sort()

    def _sort(self):
        piece = self.parser.next()
        while piece is not None:
            self._take(*piece)
            piece = self.parser.next()

    def _take(self, kind, what):
        if kind == at.LINE:
            self._line(what)
        elif kind == at.PROMPT:
            # at once: who waits for it has his turn later
            self._given = self._port.write(self._outgoing[:_ONCE_BYTES]) or 0
            self._prompted.set()
        elif kind == at.READ:
            self.data = what
        elif kind == at.PUSHED:
            self._listener.pushed(*what)
        elif kind == at.BROKEN:
            self._listener.broken(what)
        else:
            self._listener.noise("%d bytes that are no text" % what)

    def _line(self, line):
        if self._command:
            is_hung_up = line == "NO CARRIER" and self._command.startswith("ATD")
            if line in _FINAL or line.startswith(_ERRORS) or is_hung_up:
                self._result = line
                self._done.set()
                self._prompted.set()  # it does not come any more
                return
            if self._prefix and line.startswith(self._prefix):
                self._keep(line)
                if line.startswith(at.UNASKED):
                    self._listener.unasked(line)
                return
            if line == self._command:  # it echoes what it was told not to: it began anew
                self._listener.unasked("RDY")
                return
        if line.startswith(at.UNASKED):
            self._listener.unasked(line)
        elif self._command and self._prefix is None:
            self._keep(line)
        else:
            self._listener.noise(line)

    def _keep(self, line):
        if len(self.lines) < _ANSWER_LINES:
            self.lines.append(line)

    def fail(self, error):
        """Whoever waits for an answer gets this exception instead."""
        if self._command:
            self._failure = error
            self._done.set()
            self._prompted.set()

    async def ask(self, command, bound_ms=1000, prefix=""):
        """The lines of the answer that begin with `prefix` (None: all). Silent, or Refused."""
        self._begin(command, prefix)
        try:
            await self._write(command + "\r")
            return await self._end(bound_ms)
        finally:
            self._close()

    async def read(self, command, bound_ms):
        """As `ask` for an answer with data, which are returned; b"" without any."""
        self._begin(command, "+QIRD:")
        self.parser.wants_data = True
        try:
            await self._write(command + "\r")
            await self._end(bound_ms)
            return self.data
        finally:
            self._close()

    async def send(self, command, data, prompt_ms, bound_ms):
        """Give `data` at the prompt of `command`; False: no room for them now."""
        self._begin(command, "")
        self.parser.wants_prompt = True
        self._outgoing = memoryview(data)
        self._given = 0
        try:
            await self._write(command + "\r")
            await self._wait(self._prompted, prompt_ms)
            if not self._done.is_set():  # else it has all, or refuses before it asks for data
                await self._write(self._outgoing, self._given)
            await self._end(bound_ms)
            return self._result == "SEND OK"
        finally:
            self._close()

    def _begin(self, command, prefix):
        if self._command:
            raise SlotError("the modem is asked two things at once")
        self._command = command
        self._prefix = prefix
        self._result = ""
        self._failure = None
        self._until_ms = self._clock.ms() + _STUCK_MS * 10
        self._is_late = False
        self.lines = []
        self.data = b""
        self._done.clear()
        self._prompted.clear()

    def _close(self):
        self._command = ""
        self._prefix = ""
        self.parser.wants_prompt = self.parser.wants_data = False

    async def _end(self, bound_ms):
        await self._wait(self._done, bound_ms)
        if self._failure is not None:
            raise self._failure
        if self._result in ("ERROR", "NO CARRIER") or self._result.startswith(_ERRORS):
            self.refusals += 1
            raise Refused("the modem refuses %s: %s" % (_public(self._command), self._result))
        return self.lines

    async def _wait(self, event, bound_ms):
        self._until_ms = self._clock.ms() + bound_ms
        await event.wait()  # expire() ends it
        if self._is_late:
            self._give_up(bound_ms)

    def expire(self, now):
        """Who waits too long has waited enough: called some times a second. (A wait_for would
        cost a task for each command, and two turns of the loop.)"""
        if self._command and now >= self._until_ms and not self._done.is_set():
            self._is_late = True
            self._done.set()
            self._prompted.set()

    def _give_up(self, bound_ms):
        self.timeouts += 1
        raise Silent("no answer to %s in %d ms" % (_public(self._command), bound_ms))

    async def _write(self, data, count=0):
        """All of it; the port took `count` bytes a moment ago."""
        view = memoryview(data.encode() if isinstance(data, str) else data)
        until = self._clock.ms() + _STUCK_MS + len(view) * 10000 // self.baud
        while True:
            view = view[count:]
            if not len(view):
                return
            if count:
                await asyncio.sleep_ms(count * 10000 // self.baud)
            count = self._port.write(view[:_ONCE_BYTES]) or 0
            if not count:
                if self._clock.ms() > until:
                    self._give_up(_STUCK_MS)
                await asyncio.sleep_ms(_TRIES_MS)


def _public(command):
    """A command without what it says: that may be a secret."""
    return command.split("=")[0]
