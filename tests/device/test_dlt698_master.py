"""A DL/T 698.45 master: answers are credited only to their question, what servers say unasked is
kept. tests/host/test_dlt698_peer lets a foreign server answer."""

import gc
from binascii import unhexlify

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

from firmware.codec import dlt698
from firmware.codec import dlt698_address as address
from firmware.codec import dlt698_replies as replies
from firmware.codec import dlt698_requests as requests
from firmware.codec.dlt698_master import DONE, WAIT, Transaction
from firmware.core.errors import CodecError

# answer of 000000000010 to GET 40010200, printed in a public document
PUBLISHED = unhexlify("682100c30510000000000010557e850141400102000109060000000000100000ddba16")


def test_published_answer():
    t = Transaction(client=0x10)
    whom = address.meter("000000000010")
    ask(t)
    asked = t.begin(whom, requests.get(0, "40010200"))
    assert asked == dlt698.PREAMBLE + dlt698.build(0x43, whom, 0x10, apdu("050101 40010200 00"))
    t.feed(PUBLISHED[:20])
    assert t.take() == WAIT
    t.feed(PUBLISHED[20:])
    assert t.take() == DONE and t.address == whom
    assert t.reply.results == (("40010200", 0, unhexlify("000000000010")),)
    assert t.reply.acd and t.reply.piid == 1


def test_numbers_count_up():
    t = Transaction()
    for n in range(130):
        assert sent(ask(t))[2] == apdu("0501%02x2000020100", n & 63)
    assert sent(ask(t, requests.get(0x80, "20000201")))[2][2] == 0x82  # priority stays
    assert sent(ask(t, requests.release(0)))[2] == b"\x03\x03\x00"
    assert sent(ask(t, requests.connect(0)))[2][:2] == b"\x02\x04"
    envelope = requests.secured(requests.get(9, "20000201"), requests.RN, (b"rn",))
    assert sent(ask(t, envelope))[2] == envelope
    assert sent(ask(t))[2][2] == 5


def test_answer_is_matched():
    t = Transaction()
    ask(t)
    assert t.take() == WAIT
    t.feed(said(VOLTS, 0, whom=OTHER))
    t.feed(said("050100 20000201 00", control=0x43))  # our own words, or another master's
    assert counted(t) == (0, 0, 0)
    assert t.take() == WAIT and counted(t) == (2, 0, 0)
    t.feed(said(VOLTS, 1))  # another number
    t.feed(said("850200 01 20000201 01 12096d" + TAIL))  # another choice
    t.feed(said("860100 20000201 00" + TAIL))  # another service
    t.feed(said("850100 20000202 01 12096d" + TAIL))  # another OAD
    t.feed(said("ee0101"))  # an error of another
    t.feed(said("85"))
    t.feed(said(""))
    assert t.take() == WAIT and counted(t) == (2, 7, 0)
    t.feed(dlt698.PREAMBLE + said(VOLTS, 0x40))
    t.feed(said(VOLTS, 0))  # said twice
    assert t.take() == DONE and t.reply.results[0].data == 2413 and t.reply.acd
    assert t.take() == WAIT and counted(t) == (2, 7, 1)


def test_late_answers():
    """Neither the answer to what was asked before of the same server, nor what is on the line."""
    t = Transaction()
    ask(t)
    t.close()
    ask(t)
    t.feed(said(VOLTS, 0))
    assert t.take() == WAIT and counted(t) == (0, 1, 0)
    t.feed(said(VOLTS, 1))
    assert t.take() == DONE
    ask(t)
    t.close()
    t.feed(said(VOLTS, 2) + b"\x68\x20")
    ask(t)
    assert counted(t) == (0, 1, 1) and t.framer.pending() == 0
    t.feed(said(VOLTS, 3))
    assert t.take() == DONE
    # a late answer in fragments is neither acknowledged nor joined
    ask(t)
    t.feed(piece(FIRST, 0, apdu(VOLTS, 3)[:8]))
    t.feed(piece(MIDDLE, 1, b"x") + piece(LAST, 2, apdu(VOLTS, 4)[8:]))
    assert t.take() == WAIT and counted(t) == (0, 4, 1)
    t.feed(piece(ACK, 0, b"") + dlt698.build(0xE3, METER, 0, b"\0"))
    assert t.take() == WAIT and counted(t) == (0, 6, 1)


def test_priority_need_not_be_echoed():
    t = Transaction()
    ask(t, requests.get(0x80, "20000201"))
    t.feed(said(VOLTS, 0))
    assert t.take() == DONE


def test_wildcard_and_broadcast():
    t = Transaction()
    ask(t, requests.get(0, "40010200"), whom=address.ANY)
    t.feed(said("850100 40010200 01 0906 201605190907" + TAIL))
    assert t.take() == DONE and t.address == METER
    for whom in (address.EVERYBODY, address.Address(address.GROUP, 0, "0102")):
        ask(t, requests.action(0, "40007F00"), whom=whom)
        t.feed(said("870101 40007f00 00 00" + TAIL))
        stale = t.stale
        assert t.take() == WAIT and t.stale == stale + 1
        try:
            ask(t, requests.set_one(0, "40010200", bytes(600)), whom=whom)
            raise ValueError("fragments for all")
        except CodecError:
            pass


def test_lists_and_writes():
    two = "20000200", "20010200"
    write = [("40000200", None), ("41000200", b"12")]
    then = [("40000200", None, "40000200", 1)]
    for request, right, wrong in (
        (
            requests.get_list(0, two),
            "8502%02x 02 20000200 00 04 20010200 01 11 05",
            "8502%02x 02 20010200 00 04 20000200 01 11 05",
        ),
        (
            requests.get_list(0, two),
            "8502%02x 02 20000200 0004 20010200 0004",
            "8502%02x 01 20000200 0004",
        ),
        (requests.set_one(0, *write[0]), "8601%02x 40000200 03", "8601%02x 40000300 03"),
        (
            requests.set_list(0, write),
            "8602%02x 02 40000200 00 41000200 03",
            "8602%02x 02 40000200 00 41010200 03",
        ),
        (requests.action(0, "40007f00"), "8701%02x 40007f00 00 00", "8701%02x 40007e00 00 00"),
        (
            requests.set_then_get(0, then),
            "8603%02x 01 40000200 00 40000200 01 1101",
            "8603%02x 01 40000200 00 40000300 01 1101",
        ),
    ):  # fmt: skip
        t = Transaction()
        ask(t, request)
        t.feed(said(wrong + TAIL, 0))
        assert t.take() == WAIT and counted(t) == (0, 1, 0)
        t.feed(said(right + TAIL, 0))
        assert t.take() == DONE, right


def test_other_services():
    t = Transaction()
    ask(t, requests.release(0))
    t.feed(said("830000" + TAIL))
    assert t.take() == DONE and t.reply.service == replies.RELEASE
    ask(t)
    t.feed(said("ee0102"))
    assert t.take() == DONE and t.reply.service == replies.ERROR and t.reply.results == (2,)
    envelope = requests.secured(requests.get(9, "20000201"), requests.RN, (b"rn",))
    for text in ("9000 03 850109" + "00", "900103 aabbcc 00", "9002 16 00", "ee0902"):
        ask(t, envelope)
        t.feed(said(VOLTS, 9))
        assert t.take() == WAIT
        t.feed(said(text))
        assert t.take() == DONE, text
    assert t.late == 4
    ask(t, requests.proxy_get(0, 10, [(OTHER, 5, ["20000201"])]))
    t.feed(said("890102 01 07 05201605190908 01 20000201 01 12096d" + TAIL))
    assert t.take() == DONE and t.reply.results[0][0] == OTHER
    for notice in (requests.report_forwarded(0), requests.link_response(0, 0, *[(0,) * 8] * 3)):
        try:
            ask(t, notice)
            raise ValueError("a question nobody answers")
        except CodecError as error:
            assert str(error)


def test_not_an_answer_after_all():
    for text in (
        "850100 20000201 01 ff" + TAIL,
        "850100 20000201 02",
        "850100 20000201 01 12096d",
    ):
        t = Transaction()
        ask(t)
        t.feed(said(text))
        assert complaint(t.take), text
        t.feed(said(VOLTS, 0))
        assert t.take() == WAIT and t.stale == 1


REPORT = "8801%02x 01 30110200 01 1101" + TAIL


def test_unasked():
    t = Transaction()
    login = "010000 00b4 07e0051304080500009a 00"[:-3]
    t.feed(said(login, control=0x81, whom=OTHER))
    ask(t)
    report = said(REPORT, 3, control=0x83)
    t.feed(report + report)
    t.feed(said(REPORT, 4))  # the control byte of an answer
    t.feed(piece(FIRST, 0, apdu(REPORT, 5), control=0xA3))
    assert t.take() == WAIT and counted(t) == (0, 0, 0)
    assert [f.data[0] for f in t.unasked] == [0x01, 0x88, 0x88] and t.dropped == 1
    t.feed(said(REPORT, 6, control=0x83) + said(REPORT, 7, control=0x83) + said(VOLTS, 0))
    assert t.take() == DONE and len(t.unasked) == 4 and t.dropped == 2
    # the caller answers
    frame = t.unasked[1]
    reply = replies.parse(frame.data)
    answer = requests.report_received(reply.piid, 1, [r.oad for r in reply.results])
    back = dlt698.build(dlt698.answer_control(frame.control), frame.address, frame.client, answer)
    assert back == dlt698.build(0x03, METER, 0, apdu("080103 01 30110200 00"))
    t.unasked.clear()
    t.feed(said(REPORT, 7, control=0x83))
    assert t.take() == WAIT and len(t.unasked) == 1


def test_scrambled():
    t = Transaction()
    ask(t)
    t.feed(said(VOLTS, 0, control=0xCB))
    assert t.take() == DONE


def test_silence():
    t = Transaction()
    ask(t)
    t.feed(b"\x68\x17" + said(VOLTS, 0)[:1])
    t.feed(said(VOLTS, 0)[:-1])
    t.silent()
    assert t.take() == WAIT and t.framer.pending() == 0
    t.feed(said(VOLTS, 0))
    assert t.take() == DONE


def test_memory():
    gc.collect()
    before = gc.mem_alloc()
    t = Transaction()
    gc.collect()
    size = gc.mem_alloc() - before
    assert size < 2000, size
    assert t.take() == WAIT


def noise(seed):
    while True:
        seed = (seed * 1103 + 12345) & 0xFFFFF
        yield seed >> 4


def test_mutated_answers_raise_nothing_else():
    random = noise(698)
    samples = (
        VOLTS % 0, "8505000000000101 20000201 01 12096d 0000", "ee0001", REPORT % 0,
        "850200 02 20000200 0004 20010200 0004 0000", "0000 8501002000", "0140 0201",
    )  # fmt: skip
    controls = (0xC3, 0xC3, 0xC3, 0xE3, 0x83, 0xCB, 0x81, 0xA3)
    t = Transaction(126, 300)
    refused = done = 0
    for _ in range(1500):
        ask(t)
        t.number = 0  # so that what answers the first answers them all
        ask(t)
        raw = bytearray(apdu(samples[next(random) % len(samples)]))
        for _ in range(next(random) % 3):
            raw[next(random) % len(raw)] = next(random) & 255
        frame = dlt698.build(controls[next(random) & 7], METER, 0, bytes(raw))
        t.feed(frame[next(random) % 4 :] if next(random) & 15 == 0 else frame)
        t.silent()
        try:
            state = t.take()
            done += state == DONE
            assert state != DONE or t.reply is not None
        except CodecError:
            refused += 1
        assert t.framer.pending() == 0 and len(t.unasked) <= 4
        t.unasked.clear()
    assert done > 100 and refused > 30, (done, refused)


for name, check in sorted(globals().items()):
    if name.startswith("test_"):
        check()
print("OK")
