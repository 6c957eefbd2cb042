"""The waiting half of the link to a DL/T 698.45 master station: a TCP client that never blocks but
for the look-up of the master's name (timing/where.py).

It connects, logs in, and then sends a heart-beat each `interval_s`; each of these asks for the
master's time (link_question.py). In between the master may ask what `server` serves. An answer is
waited for 10 s. A master that is silent, gone, or talks nonsense is left, and called again after
16 s, doubled up to 300 s while that goes on; one that is not believed is asked again likewise, on
the same link. Nothing grows: one socket, the server's buffer, so many frames a look.
"""

import asyncio
import socket

from micropython import const

from firmware.timing.link_question import Question, Refusal
from firmware.timing.pauses import FIRST_S, longer
from firmware.timing.tcp import Tcp
from firmware.timing.where import Where

_PORT = const(6980)  # none is assigned
_QUICK_MS = const(10)  # between two looks while an answer is due
_SLOW_MS = const(200)  # ... else, and after bytes: a flood takes little of the others' time
_QUIET_MS = const(1000)  # silence that ends a half frame
_MOST_S = const(300)
_FRAMES = const(4)  # taken in a look
_NONSENSE = const(4096)  # bytes that are no frame, of one connection
_LOGIN = const(0)  # kinds of a LINK request
_HEARTBEAT = const(1)
_LOGOUT = const(2)
_NAME = "master"


class Link698:
    def __init__(
        self, clock, at, interval_s, zone_min, server, offer, floor_s, log, wait_ms=10000
    ):
        """`at`: a name or address of the master, ":" and its port. `server`: a
        codec.dlt698_server.Server. offer(name, utc_us, uncertainty_us, at_us): as of the
        Discipline; floor_s(): it is later than that."""
        self._clock = clock
        self._where = Where(clock, at, _PORT, socket.SOCK_STREAM)
        self._interval_s = interval_s
        self._zone_min = zone_min
        self._server = server
        self._offer = offer
        self._floor_s = floor_s
        self._log = log
        self._wait_ms = wait_ms
        self._question = None  # Question that waits for its answer
        self._sent_us = 0  # of the ticks
        self._heard_ms = 0  # when bytes came last
        self._beat_s = FIRST_S  # until the next heart-beat
        self._doubts = 0  # answers in a row that were not believed
        self._pause_s = FIRST_S  # until the next call
        self._failed = 0  # connections in a row that came to nothing
        self.is_up = False  # logged in
        self.asked = 0
        self.answers = 0
        self.strays = 0  # answers to no question of ours, frames for others
        self.error = ""  # what is wrong with the master

    async def run(self):
        """For ever."""
        while True:
            await self.call()
            await asyncio.sleep(self._pause_s)

    async def call(self):
        """One connection, until it fails."""
        host = self._where.host
        try:
            await self._connection()
        except OSError as error:
            self._tell("there is no link to %s (%s)" % (host, error))
        except Refusal as refusal:
            self._tell("%s refuses the login: %s" % (host, refusal))
        self._pause_s = longer(self._pause_s, self._failed, _MOST_S)
        self._failed += 1

    async def _connection(self):
        """For ever; OSError, Refusal."""
        sock, address = self._where.socket(self._failed)
        line = Tcp(self._clock, sock)
        try:
            await line.connect(address, self._wait_ms)
            await self._talk(line)
        except asyncio.CancelledError:
            if self.is_up:  # an orderly stop
                line.send_at_once(self._ask(_LOGOUT))
            raise
        finally:
            self.is_up = False
            sock.close()

    async def _talk(self, line):
        """For ever."""
        self._server.reset()
        kind = _LOGIN
        while True:
            await line.send(self._ask(kind))
            await self._answer(line)
            self.is_up = True
            if kind == _HEARTBEAT:
                self._failed = 0  # a master that ends each login is no master
            kind = _HEARTBEAT
            since_ms = self._clock.ms()
            while self._clock.ms() - since_ms < self._beat_s * 1000:
                await asyncio.sleep_ms(_SLOW_MS)
                await self._look(line)

    async def _answer(self, line):
        """OSError when it does not come."""
        since_ms = self._clock.ms()
        while self._question is not None:
            if self._clock.ms() - since_ms > self._wait_ms:
                raise OSError("a question was not answered")
            is_busy = await self._look(line)
            await asyncio.sleep_ms(_SLOW_MS if is_busy else _QUICK_MS)

    def _ask(self, kind):
        self.asked += 1
        question = Question(self.asked, self._clock.utc_ms(), self._zone_min)
        self._question = question
        self._sent_us = self._clock.us()
        return self._server.question(question.piid, kind, self._interval_s, question.moment)

    async def _look(self, line):
        """Take what is there; True when that was something."""
        server, now_ms = self._server, self._clock.ms()
        data = line.receive()
        if data:
            self._heard_ms = now_ms
            server.feed(data)
        elif server.pending() and now_ms - self._heard_ms > _QUIET_MS:
            server.expire()
        for _ in range(_FRAMES):
            back = server.next()
            if back is None:
                break
            if server.answer is not None:
                self._judge(server.answer, self._clock.us())
            if back:
                await line.send(back)
        if server.garbage > _NONSENSE:
            raise OSError("it talks nonsense")
        return data is not None

    def _judge(self, answer, came_us):
        """It answers a LINK request."""
        times, text = None, ""
        if self._question is not None:
            passed_us = self._clock.diff_us(came_us, self._sent_us)
            try:
                times = self._question.judge(answer, passed_us, self._floor_s())
            except ValueError as refusal:
                text = str(refusal)
        if times is None and not text:
            self.strays += 1
            return
        self._question = None
        self.answers += 1
        self._tell(text)
        if times is not None and self._offer(_NAME, times[0], times[1], came_us):
            self._beat_s = self._interval_s
            self._doubts = 0
        else:
            self._beat_s = longer(self._beat_s, self._doubts, self._interval_s)
            self._doubts += 1

    def _tell(self, text):
        if text and text != self.error:
            self._log.warn("master", text)
        self.error = text

    def text(self):
        """For people."""
        counts = (self._where.host, self._interval_s, self.asked, self.answers)
        text = "%s each %d s, %d asked, %d answered" % counts
        if self._server.served:
            text += ", %d requests of it served" % self._server.served
        strays = self.strays + self._server.strays
        if strays:
            text += ", %d strays" % strays
        if self._server.dropped:
            text += ", %d bytes dropped" % self._server.dropped
        return text + (
            ": " + self.error if self.error else "" if self.is_up else ", not connected"
        )
