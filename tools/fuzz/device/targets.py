"""The codecs of the terminal as `tools.fuzz` drives them, under MicroPython. A target takes the
pieces of one case and tells what came of them; only exceptions that are no CodecError leave it.
What came is told at once, as text, outside of the time that is measured.
"""

import time
from binascii import crc32, hexlify

from firmware.codec import (
    dlt645,
    dlt645_master,
    dlt645_values,
    dlt698,
    dlt698_address,
    dlt698_data,
    dlt698_replies,
    dlt698_segment,
    gdw1376_2,
    gdw1376_2_down,
    gdw1376_2_events,
    gdw1376_2_up,
    modbus,
    modbus_master,
    modbus_values,
)
from firmware.codec.framer import Framer
from firmware.core.errors import CodecError
from tools.fuzz.text import write
from tools.vectors import client698

REFUSED = "!"
NOTHING = "-"
EVERY_BYTE = "every byte"  # in the place of the cuts: a tuple of them would be the largest object
_PIECE = 64  # bytes a UART hands over at most


class Verdict:
    """A text of its own, not a value."""

    def __init__(self, text):
        self.text = text


_REFUSED = Verdict(REFUSED)
_NOTHING = Verdict(NOTHING)


def attempt(function, *arguments):
    """What the function returns; a Verdict where it raises CodecError."""
    try:
        return function(*arguments)
    except CodecError as error:
        assert str(error), "a CodecError without a sentence"
        return _REFUSED


def said(sections):
    return "|".join(
        [value.text if isinstance(value, Verdict) else write(value) for value in sections]
    )


def pieces(part):
    """A part of a case as it is fed: cut where the host says, None: in one go."""
    raw, cuts = part
    if cuts is None:
        yield raw
        return
    if cuts is EVERY_BYTE:
        for i in range(len(raw)):
            yield raw[i : i + 1]
        return
    start = 0
    for cut in cuts + (len(raw),):
        while start < cut:
            end = min(cut, start + _PIECE)
            yield raw[start:end]
            start = end


class Target:
    """`us` is the longest that one frame took: the call that gave it, and what reads it."""

    def __init__(self):
        self.us = 0

    def timed(self, function, *arguments):
        start = time.ticks_us()
        result = function(*arguments)
        self.us = max(self.us, time.ticks_diff(time.ticks_us(), start))
        return result


class Frames(Target):
    """A Framer and what reads its frames. `read(frame)` -> values and Verdicts of a frame."""

    def __init__(self, framer):
        super().__init__()
        self.framer = framer
        self.fed = 0

    def begin(self):
        """A new case."""

    def case(self, parts, tell):
        """Tells `offset+size=crc32 text` of each frame; what was dropped, or is still awaited."""
        self.begin()
        framer = self.framer
        base, lost = self.fed, framer.dropped
        for part in parts:
            for piece in pieces(part):
                before = framer.dropped
                framer.feed(piece)
                self.fed += len(piece) - (framer.dropped - before)
                self._drain(base, tell)
            framer.expire()
            self._drain(base, tell)
        if framer.dropped - lost:
            tell("dropped %d" % (framer.dropped - lost))
        if framer.pending():
            tell("pending %d" % framer.pending())

    def _next(self):
        raw = self.framer.next()
        return raw, None if raw is None else self.read(raw)

    def _drain(self, base, tell):
        while True:
            raw, sections = self.timed(self._next)
            if raw is None:
                return
            at = self.framer.frame_at - base & 0x3FFFFFFF
            tell("%d+%d=%08x %s" % (at, len(raw), crc32(raw), said(sections)))


class Dlt645(Frames):
    def __init__(self):
        super().__init__(Framer(dlt645.measure, 544))

    def read(self, raw):
        frame = attempt(dlt645.parse, raw)
        if isinstance(frame, Verdict):
            return (frame,)
        attempt(dlt645_values.texts, frame.di or "0000", frame.data)
        if not frame.di or not frame.control & dlt645.FROM_METER:
            return frame, _NOTHING
        return frame, attempt(dlt645_values.numbers, frame.di, frame.data)


class Modbus(Frames):
    def __init__(self):
        super().__init__(Framer(modbus.measure, 512, -1))

    def read(self, raw):
        reply = attempt(modbus.parse, raw)
        if isinstance(reply, Verdict):
            return (reply,)
        if reply.error >= 0:
            return reply, _NOTHING, _NOTHING
        if reply.function < modbus.READ_HOLDING:
            return reply, modbus_values.bits(reply.data, min(8 * len(reply.data), 19)), _NOTHING
        words = attempt(modbus_values.registers, reply.data)
        return reply, words, attempt(self._longer, reply.data)

    def _longer(self, data):
        low_first = modbus_values.number(data, 0, 2, True, True)
        return Verdict("%d,%d" % (low_first, modbus_values.number(data, 0, 2)))


class Gdw1376(Frames):
    def __init__(self):
        super().__init__(Framer(gdw1376_2.measure, 2 * gdw1376_2.MAX_FRAME))

    def read(self, raw):
        frame = attempt(gdw1376_2.parse, raw)
        if isinstance(frame, Verdict):
            return (frame,)
        units = gdw1376_2_up if frame.control & gdw1376_2.UP else gdw1376_2_down
        attempt(gdw1376_2.node, frame)
        attempt(gdw1376_2.is_answer, frame, frame)
        attempt(gdw1376_2.answer, frame, frame.afn, frame.fn)
        values = attempt(units.decode, frame.afn, frame.fn, frame.unit)
        if not isinstance(values, dict):
            return frame, values, _NOTHING
        attempt(units.encode, frame.afn, frame.fn, values)
        if isinstance(values.get("data"), bytes):
            attempt(dlt645.parse, values["data"])
            attempt(dlt698.parse, values["data"])
        if "content" not in values:
            return frame, values, _NOTHING
        event = (values["device"], values["protocol"], values["content"])
        return frame, values, attempt(gdw1376_2_events.read, *event)


class Dlt698(Frames):
    def __init__(self):
        super().__init__(Framer(dlt698.measure, 2 * dlt698.MAX_FRAME))
        self.joiner = dlt698_segment.Joiner(1024)
        self.splitter = None

    def begin(self):
        self.joiner.reset()
        self.splitter = dlt698_segment.Splitter(bytes(200), 64)

    def read(self, raw):
        frame = attempt(dlt698.parse, raw)
        if isinstance(frame, Verdict):
            return (frame,)
        dlt698.answer_control(frame.control)
        dlt698_address.matches(dlt698_address.ANY, frame.address)
        apdu = frame.data
        if frame.control & dlt698.SEGMENT:
            attempt(self.splitter.take, apdu)
            apdu = attempt(self.joiner.take, apdu)
            if isinstance(apdu, Verdict):
                return frame, apdu
            if apdu is None:
                return frame, Verdict("~")
        if frame.control & dlt698.FROM_SERVER:
            return frame, attempt(dlt698_replies.parse, apdu, True)
        asked = attempt(client698.read, apdu)
        return frame, asked if isinstance(asked, Verdict) else Verdict("?")

    def apdu(self, parts, tell):
        """What a reply says, without frame."""
        raw = parts[0][0]
        tell(said((self.timed(attempt, dlt698_replies.parse, raw, True),)))
        attempt(dlt698_replies.parse, raw)

    def data(self, parts, tell):
        """What a Data says; "=" when what was read of it is written and read again."""
        value = self.timed(attempt, dlt698_data.decode, parts[0][0], True)
        text = said((value,))
        if not isinstance(value, Verdict):
            again = attempt(lambda: dlt698_data.decode(dlt698_data.encode(value), True))
            text += "|=" if said((again,)) == text else "|#"
        tell(text)


class Exchange(Target):
    """A master: the first part of a case is the question, the others are what the line says."""

    def __init__(self, transaction):
        super().__init__()
        self.transaction = transaction

    def case(self, parts, tell):
        line = self.transaction
        before = (line.alien, line.late, line.stale)
        self.begin(parts[0][0])
        for part in parts[1:]:
            for piece in pieces(part):
                line.feed(piece)
                self._take(tell)
            line.silent()
            self._take(tell)
        line.close()
        after = (line.alien, line.late, line.stale)
        tell("alien %d late %d stale %d" % tuple([b - a for a, b in zip(before, after)]))

    def _take(self, tell):
        while True:
            outcome = self.timed(attempt, self.transaction.take)
            if isinstance(outcome, Verdict):
                tell(REFUSED)
            elif outcome == dlt645_master.DONE:
                tell("D" + write(self.transaction.reply))
            elif outcome == dlt645_master.SEND:
                tell("S" + hexlify(self.transaction.request).decode())
            else:
                return


class Exchange645(Exchange):
    def __init__(self):
        super().__init__(dlt645_master.Transaction())

    def begin(self, request):
        self.transaction.begin(dlt645.parse(request).addr, request)


class ExchangeModbus(Exchange):
    def __init__(self):
        super().__init__(modbus_master.Transaction())

    def begin(self, request):
        self.transaction.begin(request)


FRAMES = {"dlt645": Dlt645, "dlt698": Dlt698, "gdw1376_2": Gdw1376, "modbus": Modbus}
EXCHANGES = {"dlt645": Exchange645, "modbus": ExchangeModbus}
