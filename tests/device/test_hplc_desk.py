"""Desk of the HPLC module: what is an answer, what is a report, and what is nothing. Frames are
written out by hand from the layout of Q/GDW 1376.2."""

from binascii import unhexlify

from firmware.codec import gdw1376_2 as gdw
from modules.hplc import desk as desks
from modules.hplc.desk import Desk
from modules.hplc.gather import Gather

CHAR_US = 1146
NODE, OTHER = "000000000012", "000000000034"
MAIN = "000000000001"


def up(control, sequence, afn, dt, unit="", nodes=""):
    """A frame of the module; nodes: address field as sent."""
    first = "04" if nodes else "00"
    body = "%02x%s00000000%02x%s%02x%s%s" % (control, first, sequence, nodes, afn, dt, unit)
    raw = unhexlify(body.replace(" ", ""))
    size = len(raw) + 5
    head = b"\x68" + bytes([size & 255, size >> 8])
    return head + raw + bytes([sum(raw) & 255, 0x16])


def address(text):
    """An address as sent."""
    return "".join([text[i : i + 2] for i in range(10, -2, -2)])


class Rig:
    def __init__(self, is_taken=True):
        self.told = []
        self.answers = []
        self.desk = Desk(MAIN, CHAR_US, self.report)
        self.is_taken = is_taken
        self.now = 1000

    def report(self, frame):
        self.told.append((frame.afn, frame.fn, frame.unit))
        return self.is_taken

    def ask(self, afn=0x03, fn=10, node="", wait_ms=1000, tries=1):
        return self.desk.ask(afn, fn, b"", node, wait_ms, tries, self.answers.append)

    def out(self):
        """Everything that goes out now; the line's time goes by."""
        frames = []
        for _ in range(40):
            raw = self.desk.next_out(self.now)
            if raw:
                frames.append(raw)
            self.now += self.desk._free_ms - self.now if self.desk._free_ms > self.now else 1
        return frames

    def hear(self, raw):
        self.desk.feed(raw, self.now)


def test_an_answer_is_the_one_to_the_question():
    rig = Rig()
    ask = rig.ask(0x10, 2)
    sequence = ask.request.info.seq
    assert rig.out() == [ask.raw]
    page = "0100 01 120000000000 2310"
    rig.hear(up(0x83, sequence + 1, 0x10, "0200", page))  # another question's
    rig.hear(up(0x83, sequence, 0x10, "1002", page))  # another function's
    rig.hear(up(0x03, sequence, 0x10, "0200", page))  # an echo
    assert rig.answers == [] and rig.desk.late == 2 and rig.desk.alien == 1
    rig.hear(up(0x83, sequence, 0x10, "0200", page))
    assert len(rig.answers) == 1 and rig.answers[0].fn == 2
    rig.hear(up(0x83, sequence, 0x10, "0200", page))  # once more
    assert len(rig.answers) == 1 and rig.desk.late == 3


def test_another_nodes_answer_is_not_taken():
    rig = Rig()
    ask = rig.ask(0xF1, 1, NODE)
    rig.out()
    sequence = ask.request.info.seq
    wrong = address(OTHER) + address(MAIN)
    rig.hear(up(0x83, sequence, 0xF1, "0100", "02 0000", wrong))
    assert rig.answers == [] and rig.desk.alien == 1
    # "at work" is no answer to a reading
    rig.hear(up(0x83, sequence, 0x00, "0100", "ffffffff0000", address(NODE) + address(MAIN)))
    assert rig.answers == []
    rig.hear(up(0x83, sequence, 0xF1, "0100", "02 0000", address(NODE) + address(MAIN)))
    assert len(rig.answers) == 1


def test_a_denial_is_an_answer():
    rig = Rig()
    ask = rig.ask(0xF1, 1, NODE)
    rig.out()
    rig.hear(up(0x83, ask.request.info.seq, 0x00, "0200", "6d"))
    assert desks.error(rig.answers[0]) == 109
    assert desks.error(None) == desks.NO_ANSWER


def test_it_asks_again_and_gives_up():
    rig = Rig()
    ask = rig.ask(0x03, 4, tries=3)
    first = rig.out()
    for _ in range(2):
        rig.now += 2000
        rig.desk.expire(rig.now)
        assert rig.answers == []
        assert rig.out() == first == [ask.raw]  # unchanged, its sequence too
    rig.now += 2000
    rig.desk.expire(rig.now)
    assert rig.answers == [None] and rig.desk.retries == 2
    rig.hear(up(0x83, ask.request.info.seq, 0x03, "0800", address(MAIN)))
    assert rig.answers == [None] and rig.desk.late == 1


def test_time_runs_from_when_it_was_sent():
    rig = Rig()
    rig.ask()
    rig.now += 5000  # it waits for the line
    rig.desk.expire(rig.now)
    assert rig.answers == []


def test_a_report_is_told_once_and_confirmed_each_time():
    rig = Rig()
    report = up(0xC3, 7, 0x06, "1000", "05 04 07 01 120000000000")
    for _ in range(3):
        rig.hear(report)
    assert len(rig.told) == 1 and rig.desk.repeated == 2
    frames = rig.out()
    assert len(frames) == 3
    for raw in frames:
        frame = gdw.parse(raw)
        assert (frame.control, frame.info.seq, frame.afn, frame.fn) == (0x03, 7, 0, 1)
    # the same sequence with other news is another report
    rig.hear(up(0xC3, 7, 0x06, "1000", "05 04 07 02 120000000000"))
    assert len(rig.told) == 2
    rig.now += 100000  # and a sequence comes back
    rig.hear(report)
    assert len(rig.told) == 3


def test_what_nobody_took_is_not_confirmed():
    rig = Rig(is_taken=False)
    report = up(0xC3, 7, 0x06, "1000", "05 04 07 01 120000000000")
    rig.hear(report)
    assert rig.out() == []
    rig.is_taken = True
    rig.hear(report)
    assert len(rig.told) == 2 and len(rig.out()) == 1


def test_an_answer_that_says_it_began():
    """Replies with C1H were seen: the question is what they answer."""
    rig = Rig()
    ask = rig.ask(0x10, 1)
    rig.out()
    rig.hear(up(0xC1, ask.request.info.seq, 0x10, "0100", "0500 e803"))
    assert len(rig.answers) == 1 and rig.told == []


def test_a_cut_frame_does_not_swallow_the_next():
    rig = Rig()
    ask = rig.ask(0x10, 1)
    rig.out()
    answer = up(0x83, ask.request.info.seq, 0x10, "0100", "0500 e803")
    rig.hear(answer[:9])
    rig.now += 600
    rig.desk.expire(rig.now)
    rig.hear(answer)
    assert len(rig.answers) == 1
    assert not rig.desk.is_receiving()


def test_queues_are_bounded():
    rig = Rig()
    asks = [rig.ask() for _ in range(40)]
    assert asks[-1] is None and rig.desk.dropped > 0
    for k in range(40):
        rig.hear(up(0xC3, k, 0x06, "1000", "05 04 07 01 %02x0000000000" % k))
    assert len(rig.desk._replies) <= 16 and len(rig.desk._told) <= 16


def test_a_list_in_parts_is_one():
    gather = Gather(400)
    assert gather.due_ms(0, False) is None
    for k in range(30):
        gather.add(k, 1000)
    gather.add_stranger("000000000001", 1300)
    assert gather.due_ms(1400, False) == 300
    assert gather.due_ms(1600, True) == 600  # more is coming, and many are concerned
    assert gather.due_ms(1700, False) == 0
    gather.add(30, 3400)
    assert gather.due_ms(3450, True) == 50  # 2.5 s after the first at the latest
    assert len(gather.take()[0]) == 31 and gather.due_ms(3500, False) is None


def test_a_single_one_is_told_after_the_pause():
    gather = Gather(400)
    gather.add(3, 1000)
    assert gather.due_ms(1400, True) == 0


def test_strangers_are_bounded():
    gather = Gather(400)
    for k in range(50):
        gather.add_stranger("%012d" % k, 1000)
        gather.add_stranger("%012d" % k, 1000)
    members, strangers = gather.take()
    assert members == [] and len(strangers) == 16 and gather.dropped >= 34


test_an_answer_is_the_one_to_the_question()
test_another_nodes_answer_is_not_taken()
test_a_denial_is_an_answer()
test_it_asks_again_and_gives_up()
test_time_runs_from_when_it_was_sent()
test_a_report_is_told_once_and_confirmed_each_time()
test_what_nobody_took_is_not_confirmed()
test_an_answer_that_says_it_began()
test_a_cut_frame_does_not_swallow_the_next()
test_queues_are_bounded()
test_a_list_in_parts_is_one()
test_a_single_one_is_told_after_the_pause()
test_strangers_are_bounded()
print("OK")
