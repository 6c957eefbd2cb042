"""The modem's TCP sockets (AT+QIOPEN and its family), and the streams that live on them.

One step of the service does the most urgent thing that waits; the caller goes on until there is
nothing more. Every wait of a stream has a bound, and what the modem should have said unasked is
asked for when it does not come. In push mode anything that is not understood may have been
data, so it costs every open stream.
"""

from micropython import const

from firmware.core.errors import SlotError
from modules.cellular import at
from modules.cellular.channel import Refused
from modules.cellular.stream import ENDING, GONE, OPEN, OPENING, OVER, WANTED, Stream

CONTEXT = const(1)  # the PDP context, AT+QIACT
_ANSWER_MS = const(3000)  # to a short command
_PROMPT_MS = const(3000)
_SEND_MS = const(10000)  # until the modem has taken what was sent
_CLOSE_MS = const(4000)  # of AT+QICLOSE, which waits 1 s for the far side
_FULL_MS = const(100)  # until a modem without room is tried again
STUCK_MS = const(20000)  # it has no room for so long: the connection is dead
LOOK_MS = const(10000)  # an open socket is asked for so often; a lost "closed" is seen then
_OPENING_MS = const(2000)  # ... and one that opens
POLL_MS = const(3000)  # unread data are asked for so often while somebody waits (buffer mode)
_PIECE = const(1024)  # bytes asked for at once: the port's buffer holds them and more
_SEND_BYTES = const(1460)

_CONNECTED = const(2)  # states of +QISTATE
_ENDS = const(4)

_REASONS = {  # of +QIOPEN, as the makers' manuals number them
    563: "its sockets are all taken",
    565: "the name is not known",
    566: "nobody answers there",
    567: "the address is in use",
    569: "it was not allowed",
    570: "the port is taken",
    572: "the connection was refused",
}


class Place:
    """A socket number of the modem and the stream that has it."""

    def __init__(self, stream):
        self.stream = stream
        self.look_ms = 0  # when the modem is asked for its state
        self.poll_ms = 0  # ... for unread data
        self.again_ms = 0  # when a send is tried again
        self.moved_ms = 0  # when it took the last bytes of `tx`
        self.has_data = False  # it said so, or they were asked for before
        self.is_ending = False  # the far side has closed


class Sockets:
    def __init__(self, channel, clock, is_push, wake):
        self.opened = 0
        self.failed = 0  # streams that ended with an error
        self.rx_bytes = 0
        self.tx_bytes = 0
        self._channel = channel
        self._clock = clock
        self._is_push = is_push
        self._wake = wake
        self._places = [None] * at.SOCKETS
        self._next = 0  # whose turn it is
        self._broken = False  # the data that were asked for came damaged
        self.is_stuck = False  # the modem owes the end of a send: only a reset gets it back

    @property
    def streams(self):
        return [place.stream for place in self._places if place]

    def connect(self, host, port, wait_ms):
        """A stream that is being opened; SlotError when all sockets are taken."""
        if '"' in host or "," in host or not 0 < len(host) <= 100 or not 0 < port < 65536:
            raise SlotError("the modem takes a host of 1 to 100 letters and a port of 1 to 65535")
        for i, place in enumerate(self._places):
            if place is None:
                until = self._clock.ms() + wait_ms
                stream = Stream(host, port, until, self._wake)
                self._places[i] = Place(stream)
                self._wake()
                return stream
        raise SlotError("all %d sockets of the modem are taken" % at.SOCKETS)

    def fail_all(self, why, is_gone):
        """Every stream is lost; `is_gone`: and the modem knows none of them any more."""
        for i, place in enumerate(self._places):
            if place is None or (place.stream.state == WANTED and not is_gone):
                continue
            self._lose(place.stream, why)
            if is_gone:
                place.stream.set(GONE)
                self._places[i] = None

    def _lose(self, stream, why, is_late=False):
        if stream.state < OVER:
            self.failed += 1
            if is_late:
                stream.late(why)
            else:
                stream.lost(why)

    # what the modem says

    def pushed(self, socket, data):
        place = self._places[socket]
        self.rx_bytes += len(data)
        if place is None or place.stream.state in (WANTED, OVER):
            return  # was closed while they were under way
        if place.stream.state == OPENING:  # the word that it is open was lost
            self._is_open(place)
        place.stream.take(data)

    def broken(self, socket):
        """Data came damaged: theirs, or of the read that is under way."""
        if socket < 0:
            self._broken = True
        else:
            self.noise("data of socket %d came damaged" % socket)

    def noise(self, text):
        if self._is_push:
            self.fail_all("the modem was not understood: " + text[:60], False)

    def unasked(self, line):
        """+QIOPEN and +QIURC; True when it concerned a socket."""
        if line.startswith("+QIOPEN:"):
            words = at.fields(line)
            if len(words) == 2 and self._place(words[0]):
                self._answered(self._place(words[0]), at.number(words[1], 9999))
                return True
        elif line.startswith("+QIURC:"):
            words = at.fields(line)
            place = self._place(words[1]) if len(words) == 2 else None
            if words[0] in ("recv", "closed"):
                if place is None:
                    if len(words) != 2 or at.number(words[1], 11) < 0:
                        self.noise(line)
                elif words[0] == "recv" and not self._is_push:
                    place.has_data = True
                    self._wake()
                elif words[0] == "recv":
                    self.noise(line)
                else:
                    self._ended(place)
                return True
        return False

    def _place(self, word):
        socket = at.number(word, at.SOCKETS - 1)
        return self._places[socket] if socket >= 0 else None

    def _answered(self, place, code):
        if place.stream.state != OPENING:
            return
        if code == 0:
            self._is_open(place)
            return
        stream = place.stream
        why = _REASONS.get(code) or "error %d of the modem" % code
        self._lose(stream, "no connection to %s:%d: %s" % (stream.host, stream.port, why))

    def _is_open(self, place):
        self.opened += 1
        now = self._clock.ms()
        place.look_ms = now + LOOK_MS
        place.poll_ms = now + POLL_MS
        place.moved_ms = now
        place.stream.set(OPEN)
        self._wake()

    def _ended(self, place):
        place.is_ending = True
        if self._is_push and place.stream.state in (OPENING, OPEN):
            place.stream.set(ENDING)
        self._wake()

    # what is done

    def wait_ms(self, now):
        """Until something may be due, 0: something waits."""
        wait = LOOK_MS
        for place in self._places:
            if place:
                wait = min(wait, self._due_ms(place, now) - now)
        return max(0, wait)

    def _due_ms(self, place, now):
        stream = place.stream
        if stream.state in (WANTED, OVER):
            return now
        if stream.state == ENDING:
            return now + LOOK_MS  # until who reads it closes it
        due = place.look_ms
        if stream.state == OPEN:
            if len(stream.tx):
                due = min(due, max(now, place.again_ms))
            if not self._is_push:
                if stream.space >= _PIECE and (place.has_data or place.is_ending):
                    return now
                due = min(due, place.poll_ms)
        return due

    def expire(self, now):
        """Whoever waits too long has failed, whatever the modem is doing."""
        for place in self._places:
            if place is None:
                continue
            stream = place.stream
            if now >= stream.until_ms and (stream.state < OPEN or not stream.is_claimed):
                text = "no connection to %s:%d in time"
                self._lose(stream, text % (stream.host, stream.port), True)
            elif stream.state != OPEN or not len(stream.tx):
                place.moved_ms = now
            elif now - place.moved_ms >= STUCK_MS:
                self._lose(stream, "the modem took no data for %d s" % (STUCK_MS // 1000), True)

    async def step(self):
        """One command for the place whose turn it is; False when none waits for one."""
        now = self._clock.ms()
        for _ in range(at.SOCKETS):
            socket = self._next
            self._next = (socket + 1) % at.SOCKETS
            place = self._places[socket]
            if place and self._due_ms(place, now) <= now:
                await self._serve(socket, place, now)
                return True
        return False

    async def _serve(self, socket, place, now):
        stream = place.stream
        if stream.state == WANTED:
            await self._open(socket, place, now)
        elif stream.state == OVER:
            await self._close(socket, place)
        elif len(stream.tx) and stream.state == OPEN and now >= place.again_ms:
            await self._send(socket, place)
        elif not self._is_push and stream.state == OPEN and self._wants_data(place, now):
            await self._fetch(socket, place)
        else:
            await self._look(socket, place, now)

    def _wants_data(self, place, now):
        if now >= place.poll_ms:
            return True
        return place.stream.space >= _PIECE and (place.has_data or place.is_ending)

    async def _open(self, socket, place, now):
        stream = place.stream
        place.look_ms = now + _OPENING_MS
        stream.set(OPENING)
        text = 'AT+QIOPEN=%d,%d,"TCP","%s",%d,0,%d'
        try:
            await self._channel.ask(
                text % (CONTEXT, socket, stream.host, stream.port, self._is_push), _ANSWER_MS
            )
        except Refused as error:
            self._lose(stream, str(error))

    async def _close(self, socket, place):
        """The number is free only when the modem has said so: older data are no one else's."""
        try:
            await self._channel.ask("AT+QICLOSE=%d,1" % socket, _CLOSE_MS)
        except Refused:
            pass  # it knows of none
        place.stream.set(GONE)
        if self._places[socket] is place:
            self._places[socket] = None

    async def _send(self, socket, place):
        stream = place.stream
        data = bytes(memoryview(stream.tx)[: min(_SEND_BYTES, len(stream.tx))])
        self.is_stuck = True
        try:
            is_sent = await self._channel.send(
                "AT+QISEND=%d,%d" % (socket, len(data)), data, _PROMPT_MS, _SEND_MS
            )
            self.is_stuck = False
        except Refused as error:
            self.is_stuck = False
            self._lose(stream, str(error))
            return
        now = self._clock.ms()
        if not is_sent:
            place.again_ms = now + _FULL_MS
            return
        place.again_ms = 0
        place.moved_ms = now
        self.tx_bytes += len(data)
        if stream.state == OPEN:
            stream.sent(len(data))

    async def _fetch(self, socket, place):
        """Unread data, or how many there are: the totals tell whether all have come."""
        stream = place.stream
        if place.has_data and stream.space >= _PIECE:
            place.has_data = False
            self._broken = False
            try:
                data = await self._channel.read("AT+QIRD=%d,%d" % (socket, _PIECE), _ANSWER_MS)
            except Refused as error:
                self._lose(stream, str(error))
                return
            if self._broken or (not data and not self._said_none()):
                self._lose(stream, "data of socket %d came damaged" % socket)
                return
            self.rx_bytes += len(data)
            if stream.state < OVER:
                stream.take(data)
            if len(data) == _PIECE:
                place.has_data = True
                return
        await self._totals(socket, place)

    def _said_none(self):
        lines = self._channel.lines
        return len(lines) == 1 and at.fields(lines[0]) == ["0"]

    async def _totals(self, socket, place):
        stream = place.stream
        now = self._clock.ms()
        place.poll_ms = now + POLL_MS
        try:
            lines = await self._channel.ask("AT+QIRD=%d,0" % socket, _ANSWER_MS, "+QIRD:")
        except Refused as error:
            self._lose(stream, str(error))
            return
        words = [at.number(word, 999999999) for word in at.fields(lines[0])] if lines else []
        if len(words) != 3 or -1 in words or words[0] != words[1] + words[2]:
            self._lose(stream, "the modem's count of socket %d came damaged" % socket)
        elif stream.state < OVER and words[1] != stream.rx_bytes:
            text = "the modem handed on %d bytes of socket %d, %d came"
            self._lose(stream, text % (words[1], socket, stream.rx_bytes))
        elif words[2]:
            place.has_data = True
        elif place.is_ending and stream.state == OPEN:
            place.is_ending = False
            stream.set(ENDING)

    async def _look(self, socket, place, now):
        """Is it still as we think? What the modem says unasked may be lost."""
        stream = place.stream
        place.look_ms = now + (_OPENING_MS if stream.state == OPENING else LOOK_MS)
        lines = await self._channel.ask("AT+QISTATE=1,%d" % socket, _ANSWER_MS, "+QISTATE:")
        words = at.fields(lines[0]) if lines else []
        state = at.number(words[5], 4) if len(words) > 5 else 0
        if stream.state == OPENING and state == _CONNECTED:
            self._is_open(place)
        elif stream.state == OPENING and not lines:
            self._lose(stream, "no connection to %s:%d" % (stream.host, stream.port))
        elif stream.state == OPEN and state == _ENDS:
            self._ended(place)
        elif stream.state == OPEN and state != _CONNECTED:
            self._lose(stream, "the modem knows nothing of the connection any more")
