"""A DL/T 698.45 master: fragments both ways, GET blocks, and the bounds of both."""

from dlt698_server import (
    ACK,
    FIRST,
    LAST,
    METER,
    MIDDLE,
    OTHER,
    TAIL,
    VOLTS,
    apdu,
    ask,
    counted,
    piece,
    said,
    sent,
)
from refusals import complaint

from firmware.codec import dlt698, framer
from firmware.codec import dlt698_address as address
from firmware.codec import dlt698_replies as replies
from firmware.codec import dlt698_requests as requests
from firmware.codec.dlt698_master import DONE, SEND, WAIT, Transaction

LONG = "8501%02x 20000201 01 0a 81c8" + "41" * 200 + TAIL


def test_fragments_are_joined():
    t = Transaction()
    whole = apdu(LONG, 0)
    for start in (0, 0x105, 0xFFE):
        t = Transaction()
        ask(t, whom=address.ANY)
        cuts = range(0, len(whole), 80)
        for i in range(len(cuts)):
            kind = FIRST if not i else LAST if i == len(cuts) - 1 else MIDDLE
            sequence = start + i & 0xFFF
            t.feed(piece(kind, sequence, whole[cuts[i] : cuts[i] + 80]))
            t.feed(piece(MIDDLE, sequence, b"alien", whom=OTHER) if i else b"")
            if kind == LAST:
                break
            assert t.take() == SEND
            # the other direction, same sequence, no body; and to who answered
            wanted = bytes([sequence & 255, 0x80 | sequence >> 8])
            assert sent(t.request) == (0x63, METER, wanted)
            if kind == MIDDLE:  # our acknowledgement was lost: it is said again
                assert t.take() == WAIT
                t.feed(piece(kind, sequence, whole[cuts[i] : cuts[i] + 80]))
                assert t.take() == SEND and sent(t.request)[2] == wanted
        assert t.take() == DONE and t.reply.results[0].data == "A" * 200
        assert t.alien == 1 and t.address == METER


def test_fragments_out_of_order():
    t = Transaction()
    ask(t)
    t.feed(piece(FIRST, 0, apdu(VOLTS, 0)[:8]))
    assert t.take() == SEND
    t.feed(piece(LAST, 2, apdu(VOLTS, 0)[8:]))
    assert "follows" in complaint(t.take)
    t.feed(said(VOLTS, 0))
    assert t.take() == WAIT and t.stale == 1  # it is closed


def test_request_in_fragments():
    t = Transaction()
    value = bytes(range(100))
    first = ask(t, requests.set_one(0, "40010200", value), room=50)
    whole = apdu("060100 40010200 09 64") + value + b"\0"
    assert sent(first) == (0x63, METER, b"\0\0" + whole[:48])
    t.feed(piece(ACK, 1, b"", whom=OTHER) + piece(ACK, 1, b""))  # neither is what is awaited
    assert t.take() == WAIT and counted(t) == (1, 1, 0)
    t.feed(piece(ACK, 0, b""))
    assert t.take() == SEND and sent(t.request) == (0x63, METER, b"\x01\xc0" + whole[48:96])
    t.feed(piece(ACK, 0, b"") + piece(ACK, 1, b""))
    assert t.take() == SEND and sent(t.request) == (0x63, METER, b"\x02\x40" + whole[96:])
    t.feed(piece(ACK, 2, b""))
    assert t.take() == WAIT
    t.feed(said("860100 40010200 00" + TAIL))
    assert t.take() == DONE and t.late == 3
    # refused before it is whole
    ask(t, requests.set_one(0, "40010200", value), room=50)
    t.feed(said("ee01ff"))
    assert t.take() == DONE and t.reply.results == (255,)
    # by default a frame is not longer than those we take
    assert len(ask(t, requests.set_one(0, "40010200", bytes(600)))) == 514 + len(dlt698.PREAMBLE)
    assert sent(ask(t, requests.set_one(0, "40010200", bytes(485))))[0] == 0x43
    assert sent(ask(t, requests.set_one(0, "40010200", bytes(486))))[0] == 0x63


def block(number, body, last=False, piid=0, kind=1):
    return said("8505%02x %02x %04x %02x" % (piid, last, number, kind) + body + TAIL)


def test_blocks_are_joined():
    for first in (0, 1, 7):
        t = Transaction()
        ask(t, requests.get_list(0x80, ("20000200", "20010200", "20040200")), whom=address.ANY)
        t.feed(block(first, "01 20000200 01 1101", piid=0xC0))
        assert t.take() == SEND
        assert sent(t.request) == (0x43, METER, apdu("050580 %04x 00", first))
        t.feed(block(first, "01 20000200 01 1101", piid=0x80))  # said twice
        t.feed(said("850280 00" + TAIL))  # the whole, late
        assert t.take() == WAIT and t.late == 2
        t.feed(block(first + 1, "02 20010200 0004 20040200 01 1103", True, 0x80))
        assert t.take() == DONE
        assert t.reply[:4] == (replies.GET, 2, 0x80, True)
        assert [r[:] for r in t.reply.results] == [
            ("20000200", 0, 1), ("20010200", 4, None), ("20040200", 0, 3)
        ]  # fmt: skip


def test_blocks_in_fragments():
    t = Transaction()
    ask(t)
    whole = dlt698.parse(block(0, "01 20000201 01 12096d", True)).data
    t.feed(piece(FIRST, 0, whole[:9]))
    assert t.take() == SEND and sent(t.request)[0] == 0x63
    t.feed(piece(LAST, 1, whole[9:]))
    assert t.take() == DONE and t.reply.results == (("20000201", 0, 2413),)


def test_tables_in_blocks():
    columns = "02 0020210200 0000100200"
    t = Transaction()
    query = requests.get_record(0, "50040200", (9, 1), ("20210200", "00100200"))
    ask(t, query)
    t.feed(block(0, "01 50040200" + columns + "01 02 1101 1102 1103 1104", kind=2))
    assert t.take() == SEND
    t.feed(block(1, "01 50040200" + columns + "01 01 1105 1106", True, kind=2))
    assert t.take() == DONE and t.reply.choice == 3
    assert t.reply.results == (
        ("50040200", 0, ("20210200", "00100200"), ((1, 2), (3, 4), (5, 6))),
    )
    # two tables of one list
    ask(t, requests.get_record_list(0, [("50040200", (9, 1), ()), ("50060200", (9, 1), ())]))
    t.feed(block(0, "01 50040200" + columns + "01 01 1101 1102", piid=1, kind=2))
    assert t.take() == SEND
    t.feed(block(1, "01 50060200" + columns + "01 01 1105 1106", True, 1, kind=2))
    assert t.take() == DONE and [r.oad for r in t.reply.results] == ["50040200", "50060200"]
    # results where a table was asked
    ask(t, query)
    t.feed(block(0, "01 50040200 01 1101", True, 2))
    assert complaint(t.take)
    # two tables where one was asked
    ask(t, query)
    table = "50040200" + columns + "01 01 1101 1102"
    t.feed(block(0, "02" + table + table, True, 3, kind=2))
    assert "other results" in complaint(t.take)


def test_blocks_that_go_wrong():
    one = "01 20000201 01 12096d"
    for second, word in (
        (block(2, one), "follows"),
        (said("850500 00 0001 00 0b" + TAIL), "DAR 11"),
        (block(1, "01 20000202 01 12096d", True), "other results"),
        (block(1, one, True), "other results"),
    ):
        t = Transaction()
        ask(t)
        t.feed(block(0, one))
        assert t.take() == SEND
        t.feed(second)
        assert word in complaint(t.take), word
        t.feed(said(VOLTS, 0))
        assert t.take() == WAIT and t.stale == 1


def test_a_block_asked_for():
    t = Transaction()
    ask(t, requests.get_next(0, 3))
    t.feed(block(4, "01 20000201 01 12096d"))
    assert t.take() == DONE and t.reply.results[:2] == (False, 4)


def test_bounds():
    t = Transaction(126, 400)
    ask(t)
    whole = apdu("850100 20000201 01 0a 82 0200" + "41" * 512 + TAIL)
    t.feed(piece(FIRST, 0, whole[:100]))
    for i in range(1, 4):
        assert t.take() == SEND
        t.feed(piece(MIDDLE, i, whole[100 * i : 100 * i + 100]))
    assert t.take() == SEND
    t.feed(piece(MIDDLE, 4, whole[400:500]))
    assert "400" in complaint(t.take)
    t.feed(said(VOLTS, 0))
    assert t.take() == WAIT and t.stale == 1
    # blocks
    body = "01 20000201 01 0a 56" + "41" * 86
    t = Transaction(126, 400)
    ask(t)
    for i in range(3):
        t.feed(block(i, body))
        assert t.take() == SEND
    t.feed(block(3, body))
    assert "400" in complaint(t.take)
    # one frame; what follows it is found again
    t = Transaction(126)
    ask(t)
    long = said("850100 20000201 01 0a 69" + "41" * 105 + TAIL)
    assert len(long) == 134
    t.feed(dlt698.build(dlt698.REPLY, OTHER, 0, bytes(130)))
    assert complaint(t.take) == ""
    t.feed(long[:20])
    assert "134" in complaint(t.take)
    ask(t)
    t.feed(long[20:] + said(VOLTS, 1))
    assert t.take() == DONE
    assert t.framer.count(framer.LENGTH) >= 2 and t.framer.dropped == 0


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
