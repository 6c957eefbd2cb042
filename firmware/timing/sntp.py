"""The waiting half of the SNTP client: asks one server now and then over UDP, and never blocks but
for the look-up of its name (timing/where.py).

Every answer is waited for 2 s. A server that is silent, or not believed, is asked less and less,
from 16 s up to the interval; one that says RATE half as often from then on, one that says DENY or
RSTR not at all for a day (RFC 4330, 8). Nothing grows: one packet, one socket, and that only while
an answer is due.
"""

import asyncio
import os
import select
import socket

from micropython import const

from firmware.timing.ntp import SIZE, Kiss, Question
from firmware.timing.pauses import FIRST_S, longer
from firmware.timing.where import Where

_PORT = const(123)
_LOOK_MS = const(10)
_LEAST_S = const(15)  # RFC 4330, 10: never more often
_MOST_S = const(86400)
_DENIED_S = const(86400)
_PACKETS = const(16)  # taken for one question: a flood ends there
_NAME = "sntp"


class Sntp:
    def __init__(self, clock, server, interval_s, offer, floor_s, log, wait_ms=2000):
        """`server`: a name or address, ":" and a port if not 123. offer(name,
        utc_us, uncertainty_us, at_us): as of the Discipline; floor_s(): it is later than that."""
        self._clock = clock
        self._where = Where(clock, server, _PORT, socket.SOCK_DGRAM)
        self._host = self._where.host
        self._interval_s = max(_LEAST_S, interval_s)
        self._offer = offer
        self._floor_s = floor_s
        self._log = log
        self._wait_ms = wait_ms  # for an answer
        self._pause_s = FIRST_S
        self._failed = 0  # times in a row
        self._is_believed = False  # the answer that came last
        self._doubts = 0  # answers in a row that were not
        self.asked = 0
        self.answers = 0
        self.strays = 0  # packets that answer no question of ours, late ones among them
        self.error = ""  # why the last question was in vain

    async def run(self):
        """For ever."""
        while True:
            await self.ask()
            await asyncio.sleep(self._pause_s)

    async def ask(self):
        """One question. True when it was answered as it should."""
        try:
            sock = self._open()
        except OSError as error:
            return self._fail("%s is not known or cannot be reached (%s)" % (self._host, error))
        try:
            text = await self._exchange(sock)
        except OSError as error:
            text = "nobody answers at %s (%s)" % (self._host, error)
        except Kiss as kiss:
            return self._kissed(str(kiss))
        except ValueError as refusal:
            text = str(refusal)
        finally:
            sock.close()
        if text:
            return self._fail(text)
        self.answers += 1
        self._failed = 0
        self.error = ""
        if self._is_believed:
            self._pause_s = self._interval_s
            self._doubts = 0
        else:
            self._back_off(self._doubts)
            self._doubts += 1
        return True

    def _open(self):
        sock, address = self._where.socket(self._failed)
        try:
            sock.connect(address)  # packets of others do not come in at all
        except OSError:
            sock.close()
            raise
        return sock

    async def _exchange(self, sock):
        """Why there is no answer, else nothing."""
        clock = self._clock
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        question = Question(os.urandom(8))
        sent_us, sent_ms = clock.us(), clock.ms()
        self.asked += 1
        sock.send(question.packet)
        packets = 0
        while clock.ms() - sent_ms < self._wait_ms:
            await asyncio.sleep_ms(_LOOK_MS)
            while packets < _PACKETS and poller.poll(0):
                came_us = clock.us()
                packets += 1
                answer = self._judge(question, sock, clock.diff_us(came_us, sent_us))
                if answer:
                    self._is_believed = self._offer(_NAME, answer[0], answer[1], came_us)
                    return ""
        return "%s does not answer" % self._host

    def _judge(self, question, sock, passed_us):
        answer = question.judge(sock.recv(SIZE), passed_us, self._floor_s())
        self.strays += answer is None
        return answer

    def _kissed(self, code):
        if code in ("DENY", "RSTR"):
            self._pause_s = _DENIED_S
        elif code == "RATE":
            self._interval_s = min(_MOST_S, 2 * self._interval_s)
            self._pause_s = self._interval_s
        return self._fail("the server says %s" % code, code in ("DENY", "RSTR", "RATE"))

    def _fail(self, text, is_paused=False):
        if text != self.error:
            self._log.warn("sntp", text)
        self.error = text
        if not is_paused:
            self._back_off(self._failed)
        self._failed += 1
        return False

    def _back_off(self, times):
        """After so many failures, or doubts, before this one."""
        self._pause_s = longer(self._pause_s, times, self._interval_s)

    def text(self):
        """For people."""
        text = "%s each %d s, %d asked, %d answered" % (
            self._host,
            self._interval_s,
            self.asked,
            self.answers,
        )
        if self.strays:
            text += ", %d strays" % self.strays
        return text + (": " + self.error if self.error else "")
