"""What a DL/T 698.45 master says to a terminal, APDUs laid by hand from the standard's layout. A
helper, not a test."""

import struct
from binascii import unhexlify

from firmware.codec import dlt698, dlt698_serve
from firmware.codec.dlt698_address import meter
from firmware.codec.dlt698_server import Server
from firmware.core import civil
from firmware.timing.clock_object import ClockObject
from firmware.timing.link_question import Question

OWN = "201605190907"
ZONE_MIN = 480
CLIENT = 0x10


def local(utc_us):
    """date_time of a master in the terminal's zone, 10 bytes."""
    year, month, day, hour, minute, second = civil.moment(utc_us // 1000, ZONE_MIN)
    return struct.pack(
        ">H6BH", year, month, day, 0xFF, hour, minute, second, utc_us // 1000 % 1000
    )


def local_s(utc_us):
    """Data: a date_time_s, with its tag."""
    moment = civil.moment(utc_us // 1000, ZONE_MIN)
    return b"\x1c" + struct.pack(">H5B", *moment)


def asked(frame):
    """(PIID, kind, heart-beat in s, the 10 bytes of time) of a LINK request's frame."""
    data = dlt698.parse(frame).data
    assert data[0] == 1 and len(data) == 15, data
    return data[1], data[2], data[3] << 8 | data[4], data[5:]


def answer(frame, received, answered, result=0x80, piid=None, whom=OWN, control=0x01):
    """The frame that answers the LINK request in `frame`; times as bytes."""
    their, _, _, time = asked(frame)
    apdu = bytes([0x81, their if piid is None else piid, result]) + time + received + answered
    return dlt698.build(control, meter(whom), 0, apdu)


def request(text, control=0x43, whom=None, more=b"", tail=b"\0"):
    """The frame of a request, hexadecimal, with Data behind it."""
    apdu = unhexlify(text.replace(" ", "")) + more + tail
    return dlt698.build(control, whom or meter(OWN), CLIENT, apdu)


def said(server, frame):
    """The APDU of what the server answers to one frame, None when it says nothing."""
    server.feed(frame)
    back = server.next()
    assert back is not None and server.next() is None
    if not back:
        return None
    taken = dlt698.parse(back)
    assert taken.control == 0xC3 and taken.client == CLIENT and taken.address == meter(OWN)
    return taken.data


class Terminal:
    """The terminal's end on a World's time: asks, and offers what is answered."""

    def __init__(self, world, command):
        self.world = world
        self.server = Server(OWN, ClockObject(world.clock.utc_ms, ZONE_MIN, command))
        self.asked = 0
        self.question = None
        self.sent_us = 0

    def ask(self, kind=dlt698_serve.HEARTBEAT):
        """The frame."""
        self.asked += 1
        self.question = Question(self.asked, self.world.clock.utc_ms(), ZONE_MIN)
        self.sent_us = self.world.clock.us()
        return self.server.question(self.question.piid, kind, 300, self.question.moment)

    def hear(self, frame, floor_s=0):
        """(UTC in us, what it may be off) of an answer, None; ValueError, Refusal."""
        self.server.feed(frame)
        times = None
        while self.server.next() is not None:
            if self.server.answer is not None:
                clock = self.world.clock
                passed_us = clock.diff_us(clock.us(), self.sent_us)
                times = self.question.judge(self.server.answer, passed_us, floor_s) or times
        return times
