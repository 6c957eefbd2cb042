"""The dialogue with a modem, cut into pieces however it comes; its words for time and place."""

from firmware.core.clock import Clock
from firmware.core.errors import SlotError
from modules.cellular import at, clocks, orders
from modules.cellular.at import BROKEN, GARBAGE, LINE, PROMPT, PUSHED, READ
from modules.cellular.status import Status


def pieces(parser):
    found = []
    piece = parser.next()
    while piece is not None:
        found.append(piece)
        piece = parser.next()
    return found


def cut(data, size, wants_data=False):
    parser = at.Parser()
    parser.wants_data = wants_data
    found = []
    for i in range(0, len(data), size):
        parser.feed(data[i : i + size])
        found += pieces(parser)
    return found


def push(socket, data):
    return b'\r\n+QIURC: "recv",%d,%d\r\n' % (socket, len(data)) + data + b"\r\n"


def test_pieces():
    """The same pieces, whatever the cuts; data may look like anything."""
    nasty = b'\r\nOK\r\n+QIURC: "recv",1,5\r\n\x00\xff> '
    said = b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n" + push(0, nasty) + push(3, b"x") + b"\r\nRDY\r\n"
    wanted = [
        (LINE, "+CSQ: 21,99"),
        (LINE, "OK"),
        (PUSHED, (0, nasty)),
        (PUSHED, (3, b"x")),
        (LINE, "RDY"),
    ]
    for size in range(1, len(said) + 1):
        assert cut(said, size) == wanted, size
    answer = b"\r\n+QIRD: 4\r\n\r\n\r\n\r\n\r\nOK\r\n"
    for size in range(1, len(answer) + 1):
        assert cut(answer, size, True) == [(READ, b"\r\n\r\n"), (LINE, "OK")]
    assert cut(answer, 5) == [(LINE, "+QIRD: 4"), (LINE, "OK")]


def test_damaged_frames():
    """What slips in or is missing breaks the frame; what follows is found again."""
    data = bytes(range(65, 91))
    whole = push(1, data)
    begin = whole.find(data)
    for i in range(begin, begin + len(data) + 1):
        for slipped in (b"Q", b"\r", b"QQQQ", b"\r\nNO CARRIER\r\n"):
            said = whole[:i] + slipped + whole[i:] + b"\r\n+CSQ: 1,99\r\n"
            parser = at.Parser()
            parser.feed(said)
            found = pieces(parser)
            if slipped[:1] == b"\r" and i == begin + len(data):
                continue  # the frame is whole, or only its end is longer
            assert (BROKEN, 1) in found and found[-1] == (LINE, "+CSQ: 1,99"), (i, slipped)
            assert PUSHED not in [kind for kind, _ in found]
            assert ((LINE, "NO CARRIER") in found) == (len(slipped) > 4), (i, slipped)
            found = cut(said, 1)
            assert PUSHED not in [kind for kind, _ in found], (i, slipped)
    for i in range(begin, begin + len(data)):  # the rest of the frame never comes
        found = cut(whole[:i] + b"\r\nNO CARRIER\r\n\r\n+CSQ: 1,99\r\n", 1)
        assert PUSHED not in [kind for kind, _ in found], i
    parser = at.Parser()
    parser.feed(whole[:-8] + push(2, b"abc"))
    found = pieces(parser)
    assert found[0] == (BROKEN, 1) and found[-1] == (PUSHED, (2, b"abc"))


def test_rest_that_never_comes():
    parser = at.Parser()
    parser.feed(push(1, b"abcdef")[:-4])
    assert parser.next() is None and parser.is_partial
    assert parser.abandon() == (BROKEN, 1) and not parser.is_partial
    parser.feed(b"\r\nOK\r\n")
    assert pieces(parser)[-1] == (LINE, "OK") and parser.broken == 1


def test_headers():
    """A header that is not exactly one begins no frame."""
    for words in (b"01,5", b"1,05", b"4,5", b"1,0", b"1,1501", b"1", b"1,5,", b"1, 5", b"-1,5"):
        line = b'+QIURC: "recv",' + words
        assert cut(b"\r\n" + line + b"\r\nOK\r\n", 7)[0] == (LINE, line.decode())


def test_prompt():
    parser = at.Parser()
    parser.feed(b"\r\n> ")
    assert parser.next() is None  # nobody asked for one
    parser = at.Parser()
    parser.wants_prompt = True
    parser.feed(push(0, b"1> 2") + b"\r\n+CSQ: 3,99\r\nxy> ")
    assert pieces(parser) == [(PUSHED, (0, b"1> 2")), (LINE, "+CSQ: 3,99"), (PROMPT, None)]
    assert parser.garbage == 2 and not parser.wants_prompt
    said = b"\r\n> " + push(1, b"ab") + b"\r\nOK\r\n"  # data come between prompt and ours
    for size in range(1, len(said) + 1):
        parser = at.Parser()
        parser.wants_prompt = True
        found = []
        for i in range(0, len(said), size):
            parser.feed(said[i : i + size])
            found += pieces(parser)
        assert found == [(PROMPT, None), (PUSHED, (1, b"ab")), (LINE, "OK")], size


def test_bounds():
    """Neither a line without an end nor garbage fills the memory."""
    parser = at.Parser()
    for _ in range(100):
        parser.feed(b"x" * 100)
        for kind, _ in pieces(parser):
            assert kind == GARBAGE
    assert parser.garbage >= 9000 and len(parser._buf) <= 512
    parser.feed(b"\r\n\xff\xfe\r\nOK\r\n")
    assert pieces(parser)[-1] == (LINE, "OK")


def test_values():
    assert at.fields('+COPS: 0,0,"A, B",7') == ["0", "0", "A, B", "7"]
    assert at.fields("+QIURC: 1") == ["1"]
    assert [at.number(text, 99) for text in ("0", "99", "100", "", "07", "1x", b"5")] == [
        0,
        99,
        -1,
        -1,
        -1,
        -1,
        5,
    ]


def test_time():
    utc = 1795993445000
    assert clocks.utc_ms("2026/11/29,23:04:05+32,0", True) == utc
    assert clocks.utc_ms("26/11/30,07:04:05+32", False) == utc
    assert clocks.utc_ms("26/11/29,18:34:05-18", False) == utc
    for wrong in (
        "",
        "80/01/06,00:00:01+00",
        "2026/13/01,00:00:00+00",
        "26/11/29,24:00:00+00",
        "x",
    ):
        try:
            clocks.utc_ms(wrong, True)
        except (ValueError, IndexError):
            continue
        raise AssertionError(wrong)
    told = []
    clock = Clock(lambda: 77, lambda a, b: a - b, lambda: utc)
    status = Status(clock, lambda *what: told.append(what))
    status.take_utc('+QLTS: "2026/11/29,23:04:05+32,0"')
    status.take_utc('+QLTS: ""')
    assert told == [((utc + 500) * 1000, 77)], "in the middle of its second"
    assert [clocks.dbm(value) for value in (0, 31, 99, -1)] == [-113, -51, None, None]


def test_orders():
    """Only what asks; nothing that sends, sets, ends or hides behind something else."""
    for text in ("at+csq", "AT+COPS?", "ATI", "AT+COPS=?", 'AT+QENG="servingcell"', " AT+CPIN? "):
        assert orders.judge(text).startswith("AT")
    assert orders.judge("at+qlts=2") == "AT+QLTS=2"
    for text in (
        "AT+CFUN=0",
        "AT+QPOWD",
        "ATE1",
        "ATZ",
        "AT+QISEND=0,5?",
        "AT+QISEND=0",
        "AT+CSQ;+CFUN=0",
        "AT+CSQ\rATZ",
        "ATD*99#",
        "ATA?",
        "AT+CSQ=1",
        "",
        "hello?",
        "AT+X?" + "x" * 200,
    ):
        try:
            orders.judge(text)
        except SlotError:
            continue
        raise AssertionError(text)


test_pieces()
test_damaged_frames()
test_rest_that_never_comes()
test_headers()
test_prompt()
test_bounds()
test_values()
test_time()
test_orders()
print("OK")
