"""A connection through the modem as whoever uses it sees it; TLS and asyncio run over it."""

import asyncio
from errno import ECONNABORTED, ETIMEDOUT

from modules.cellular.stream import ENDING, OPEN, OPENING, OVER, Stream

woken = []


def stream(state=OPEN):
    found = Stream("host", 1, 5000, lambda: woken.append(1))
    found.set(state)
    return found


def code_of(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.args[0]
    raise AssertionError("nothing was raised")


def test_both_ways():
    subject = stream()
    view = bytearray(4)
    assert subject.readinto(view) is None and subject.read(9) is None
    subject.take(b"abcdef")
    assert subject.readinto(view) == 4 and view == b"abcd"
    assert subject.read(9) == b"ef" and subject.read(9) is None and subject.rx_bytes == 6
    before = len(woken)
    rooms = []
    subject.on_room = lambda: rooms.append(1)
    assert subject.write(b"x" * 1000) == 1000 and len(woken) == before + 1
    assert subject.write(memoryview(b"y" * 3000)) == 460
    assert subject.write(b"z") is None and not rooms
    subject.sent(1001)
    assert bytes(subject.tx) == b"y" * 459 and subject.tx_bytes == 1001 and len(rooms) == 1
    assert subject.write(b"z") == 1


def test_ends():
    """What came is read to its end, then 0, or the error."""
    subject = stream()
    subject.take(b"abc")
    subject.set(ENDING)
    assert subject.read(2) == b"ab" and subject.read(2) == b"c" and subject.read(2) == b""
    assert code_of(subject.write, b"x")
    subject = stream()
    subject.take(b"abc")
    subject.write(b"x")
    subject.lost("the reason")
    assert subject.state == OVER and not subject.tx
    assert code_of(subject.write, b"x") == ECONNABORTED
    assert subject.read(9) == b"abc" and code_of(subject.read, 9) == ECONNABORTED
    subject.late("another")
    assert subject.why == "the reason"
    subject.close()
    subject.close()


def test_more_than_is_read():
    """Bytes without room would be missing: the connection fails and says so."""
    subject = stream()
    subject.take(bytes(12288))
    assert subject.space == 0 and subject.state == OPEN
    subject.take(b"x")
    assert subject.state == OVER and "more than was read" in subject.why
    assert len(subject.read(20000)) == 12288


def test_ioctl():
    subject = stream(OPENING)
    assert subject.ioctl(3, 5) == 0
    subject.set(OPEN)
    assert subject.ioctl(3, 5) == 4
    subject.take(b"x")
    assert subject.ioctl(3, 5) == 5 and subject.ioctl(3, 1) == 1
    subject.late("late")
    assert subject.ioctl(3, 5) & 8
    assert code_of(subject.write, b"x") == ETIMEDOUT
    assert subject.ioctl(10, 0) == -1 and subject.ioctl(4, 0) == 0


async def test_waits():
    """Waiting ends when there is something to say, also when it is an error."""
    subject = stream(OPENING)
    told = []

    async def follow():
        await subject.opened()
        told.append("open")
        await subject.data()
        told.append(subject.read(9))
        assert subject.write(b"x" * 5000) == 1460
        await subject.room()
        told.append("room")
        await subject.data()
        try:
            subject.read(9)
        except OSError as error:
            told.append(error.args[0])

    task = asyncio.create_task(follow())
    for step in (
        lambda: subject.set(OPEN),
        lambda: subject.take(b"hello"),
        lambda: subject.sent(10),
        lambda: subject.lost("gone"),
    ):
        before = len(told)
        await asyncio.sleep_ms(1)
        assert len(told) == before
        step()
        await asyncio.sleep_ms(1)
        assert len(told) == before + 1, told
    await task
    assert told == ["open", b"hello", "room", ECONNABORTED]
    subject = stream(OPENING)
    subject.late("no connection")
    try:
        await subject.opened()
    except OSError as error:
        assert error.args[0] == ETIMEDOUT
    else:
        raise AssertionError("it is not open")


async def test_stream_reader():
    subject = stream()
    reader = asyncio.StreamReader(subject)
    task = asyncio.create_task(reader.readexactly(5))
    await asyncio.sleep_ms(1)
    subject.take(b"he")
    subject.take(b"llo!")
    assert await asyncio.wait_for_ms(task, 1000) == b"hello"


test_both_ways()
test_ends()
test_more_than_is_read()
test_ioctl()
asyncio.run(test_waits())
asyncio.run(test_stream_reader())
print("OK")
