"""Requests to the module and what it answers or begins itself, without clock or port.

A request is kept until an answer with its sequence, function and node has come, or its time is
over: then it is sent again, unchanged (retransmissions keep the sequence), or given up. What the
module begins is given to `on_report` once, however often it is repeated. Everything else is
counted by kind and forgotten. Frames leave one after the other as fast as the line carries them,
those that answer the module before ours. All queues are bounded.
"""

from micropython import const

from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_down as down
from firmware.codec import gdw1376_2_info as information
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError

NO_ANSWER = const(-2)  # `error` of nothing
ACCEPTED = const(-1)  # ... of an answer that is no denial

_BUFFER = const(2048)  # of the line; the longest frame we take, too
_ASKS = const(24)  # requests open or waiting to be sent
_REPLIES = const(16)  # answers to the module waiting to be sent
_REMEMBERED = const(16)  # reports that are told from their repetitions ...
_MEMORY_MS = const(60000)  # ... for so long
_GAP_MS = const(500)  # longest pause inside a frame
_CONTROL = const(0x43)  # down, we begin, HPLC
_HEAR_ONLY = (0x03, 0x10, 0x13, 0x15, 0xF1)  # a bare confirm is no answer to these


class Ask:
    """One request."""

    def __init__(self, request, raw, wait_ms, tries, done):
        self.request = request  # Frame
        self.raw = raw
        self.wait_ms = wait_ms
        self.left = tries
        self.done = done  # called once with the answering Frame, or None
        self.sent_ms = 0  # when it was sent last
        self.until_ms = 0  # 0: it waits to be sent


class Desk:
    def __init__(self, main, char_us, on_report, sequence=0):
        """`main`: our own address; `char_us`: of a character on the line; on_report(frame):
        what the module began, True when it was dealt with; `sequence`: of the request before
        the first, better not always the same: answers to a terminal before us may come."""
        self.framer = Framer(gdw.measure, _BUFFER)
        self.asked = 0
        self.retries = 0
        self.answered = 0
        self.unanswered = 0
        self.late = 0  # answers to nothing that is open
        self.alien = 0  # answers about another node than the one asked, or not from the module
        self.unreadable = 0
        self.reports = 0
        self.repeated = 0  # reports that came again
        self.dropped = 0  # answers and requests that found a queue full
        self.heard_ms = 0  # when the module said anything sound
        self.silent = 0  # requests unanswered in a row, nodes' aside
        self._main = main
        self._char_us = char_us
        self._on_report = on_report
        self._sequence = sequence & 0xFF
        self._asks = []
        self._replies = []  # bytes
        self._told = []  # (ms, function, sequence, sums) of reports
        self._free_ms = 0  # when the line is free for the next frame
        self._fed_ms = 0

    def ask(self, afn, fn, unit, node, wait_ms, tries, done):
        """Put a request on its way; the Ask, None when too many are. `node`: an address, or
        ""."""
        if len(self._asks) >= _ASKS:
            self.dropped += 1
            return None
        self._sequence = self._sequence + 1 & 0xFF
        info = information.down(self._sequence)
        address = (self._main, node) if node else ()
        raw = gdw.build(_CONTROL, info, afn, fn, unit, address)
        request = gdw.Frame(_CONTROL, info, address, afn, fn, b"")
        ask = Ask(request, raw, wait_ms, tries, done)
        self._asks.append(ask)
        self.asked += 1
        return ask

    def reply(self, frame, afn, fn, values):
        """Answer what the module began."""
        if len(self._replies) >= _REPLIES:
            self.dropped += 1  # it asks again
            return
        self._replies.append(gdw.answer(frame, afn, fn, down.encode(afn, fn, values)))

    def confirm(self, frame):
        self.reply(frame, gdw.CONFIRM, 1, {"map": 0xFFFFFFFF, "wait": 0})

    def deny(self, frame, error):
        self.reply(frame, gdw.CONFIRM, 2, {"error": error})

    def cancel(self, ask):
        """Nobody waits for it any more; what comes is late."""
        if ask in self._asks:
            self._asks.remove(ask)

    def next_out(self, now):
        """Bytes to send now, or None."""
        if now < self._free_ms:
            return None
        if self._replies:
            return self._sent(self._replies.pop(0), now)
        for ask in self._asks:
            if not ask.until_ms:
                raw = self._sent(ask.raw, now)
                ask.sent_ms = now
                ask.until_ms = self._free_ms + ask.wait_ms
                return raw
        return None

    def wait_ms(self, now):
        """How long nothing is to be done here."""
        wait = 1000
        if self._replies:
            wait = self._free_ms - now
        for ask in self._asks:
            due = ask.until_ms or self._free_ms
            wait = min(wait, due - now)
        return max(0, wait)

    def feed(self, data, now):
        self._fed_ms = now
        self.framer.feed(data)
        self._take(now)

    def is_receiving(self):
        """A frame is on its way in."""
        return self.framer.pending() > 0

    def expire(self, now):
        """Time goes by."""
        if self.framer.pending() and now - self._fed_ms > _GAP_MS:
            self.framer.expire()
            self._take(now)
        for ask in [one for one in self._asks if one.until_ms and one.until_ms <= now]:
            if ask.left > 1:
                ask.left -= 1
                ask.until_ms = 0
                self.retries += 1
                continue
            self._asks.remove(ask)
            self.unanswered += 1
            self.silent += not ask.request.address
            ask.done(None)

    def _sent(self, raw, now):
        self._free_ms = now + len(raw) * self._char_us // 1000 + 1
        return raw

    def _take(self, now):
        while True:
            raw = self.framer.next()
            if raw is None:
                return
            try:
                frame = gdw.parse(raw)
            except CodecError:
                self.unreadable += 1
                continue
            if not frame.control & gdw.UP:
                self.alien += 1  # an echo
                continue
            self.heard_ms = now
            self._judge(frame, now)

    def _judge(self, frame, now):
        for ask in self._asks:
            request = ask.request
            if not ask.until_ms or not gdw.is_answer(frame, request):
                continue
            if request.address and frame.address and gdw.node(frame) != request.address[-1]:
                self.alien += 1
                return
            if is_confirm(frame) and request.afn in _HEAR_ONLY:
                return  # it is at work, the answer will follow
            self._asks.remove(ask)
            self.answered += 1
            self.silent = 0
            ask.done(frame)
            return
        if not frame.control & gdw.PRIMARY or frame.afn == gdw.CONFIRM:
            self.late += 1
            return
        self._report(frame, now)

    def _report(self, frame, now):
        self.reports += 1
        unit = frame.unit
        mark = (frame.afn << 12 | frame.fn, frame.info.seq, len(unit), sum(unit), hash(unit))
        self._told = [one for one in self._told if now - one[0] < _MEMORY_MS]
        if frame.afn == gdw.ROUTE_READ:  # a question: to be answered again
            self._on_report(frame)
            return
        for one in self._told:
            if one[1:] == mark:
                self.repeated += 1
                self.confirm(frame)  # ours was lost
                return
        if self._on_report(frame):
            if len(self._told) >= _REMEMBERED:
                self._told.pop(0)
            self._told.append((now,) + mark)
            self.confirm(frame)


def is_confirm(frame):
    return frame.afn == gdw.CONFIRM and frame.fn == 1


def error(frame):
    """Why a request was denied (00H F2), ACCEPTED, or NO_ANSWER for None."""
    if frame is None:
        return NO_ANSWER
    if frame.afn != gdw.CONFIRM or frame.fn == 1:
        return ACCEPTED
    return frame.unit[0] if frame.unit else 0
