"""Reading of the HPLC module: which answer is credited to whom."""

from binascii import unhexlify

from hplc_world import TABLE, A, B, Rig, finish, point, reply

from firmware.codec import dlt645, dlt698
from firmware.codec.dlt698_address import meter
from firmware.core.quality import IV


def test_blocks_are_asked_until_they_are_refused():
    rig = Rig(("meter-645", A))
    rig.step()
    assert len(rig.asked()) == 6  # of status words, energy, voltages, currents; power, frequency
    count = finish(rig)
    assert count == 3 and not rig.nodes.pending[0]
    assert point(rig, "ep") == (332211, 0) and point(rig, "ua") == (2200, 0)
    assert point(rig, "ic") == (3000, 0) and point(rig, "state4") == (1, 0)
    assert point(rig, "f") == (5000, 0)
    assert all([bits == 0 for _, bits in rig.news.values.values()])
    assert len(rig.news.values) == 17


def test_what_one_answer_lacks_is_asked_again():
    rig = Rig(("meter-645", A))
    finish(rig)  # blocks are known to be refused
    rig.news.values.clear()
    rig.ms += 300000
    for node in range(1):
        rig.reading.due.hurry(node, rig.ms // 1000)
    drops = [2, 0, 5]

    def drop(frames):
        for _ in range(drops.pop() if drops else 0):
            frames.pop(len(frames) // 2)
        return frames

    assert finish(rig, drop) <= 6
    assert len(rig.news.values) == 17 and not rig.nodes.pending[0]
    assert point(rig, "ub") == (2201, 0)


def test_answers_in_any_order_with_dirt_between():
    rig = Rig(("meter-645", A))
    finish(rig)
    rig.news.values.clear()
    rig.reading.due.hurry(0, rig.ms // 1000)
    rig.step(1)
    rig.serve(0, None, lambda frames: [b"\x16\x68\x00"] + list(reversed(frames)) + [b"\xfe\x68"])
    finish(rig)
    assert point(rig, "ua") == (2200, 0) and point(rig, "state4") == (1, 0)


def test_another_meters_answer_is_credited_to_nobody():
    rig = Rig(("meter-645", A), ("meter-645", B))
    rig.step()
    assert [ask.node for ask in rig.desk.asks] == [A, B]
    # B's frames in A's answer
    wrong = [reply(frame, TABLE) for frame in rig.asked(1)]
    rig.answer(b"".join(wrong), 0)
    assert rig.news.values == {} and rig.nodes.failures[0] == 1
    # cut in the middle of a frame
    good = reply(dlt645.read(B, "02030000"), TABLE)
    rig.answer(good[:-3])
    assert rig.news.values == {} and rig.nodes.failures[1] == 1


def test_a_refusal_among_missing_answers_blames_nothing():
    """A refusal does not name what it refuses: it counts where every frame was answered."""
    rig = Rig(("meter-645", A))
    rig.step()
    said = [reply(frame, TABLE) for frame in rig.asked()]
    refusals = [frame for frame in said if frame[8] == 0xD1]
    assert len(refusals) == 4
    rig.answer(b"".join([said[-1]] + refusals[:2]))
    assert rig.nodes.split[0] == 0
    assert [bits for _, bits in rig.news.values.values()] == [0]


def test_a_refused_point_is_invalid():
    rig = Rig(("meter-645", A))
    table = dict(TABLE)
    del table["02800002"]
    for _ in range(6):
        if rig.step(1):
            rig.serve(0, table)
    assert point(rig, "f") == (0, IV) and not rig.nodes.pending[0]


def test_follow_up_frames():
    """B1H: more follows (DL/T 645-2007, 7.1), fetched in another exchange with the node."""
    rig = Rig(("meter-645", A))
    rig.step()
    first = dlt645.build(A, 0xB1, "0001FF00", unhexlify("1122330001000000"))
    rig.answer(first)
    (frame,) = rig.asked()
    assert dlt645.parse(frame).control == 0x12
    rest = unhexlify("020000000300000004000000") + b"\x01"
    rig.answer(dlt645.build(A, 0x92, "0001FF00", rest))
    assert point(rig, "ep") == (332211, 0) and point(rig, "ep4") == (4, 0)


def test_a_698_answer_of_another_question_is_late():
    rig = Rig(("meter-698", A))
    rig.step()
    frames = [dlt698.parse(frame) for frame in rig.asked()]
    assert len(frames) == 2
    states, data = frames
    assert data.data[2] & 63 == (states.data[2] & 63) + 1  # service numbers tell them apart
    body = "8501%02x 20140200 01 0107" + "04100001" * 7 + "0000"

    def answer(number):
        raw = unhexlify((body % number).replace(" ", ""))
        return dlt698.build(0xC3, meter(A), 0, raw)

    number = states.data[2] & 63
    rig.answer(answer(number + 5))
    assert rig.news.values == {}
    rig.step(2)
    number = dlt698.parse(rig.asked()[0]).data[2] & 63
    rig.answer(answer(number))
    assert point(rig, "state1") == (0x8000, 0)


test_blocks_are_asked_until_they_are_refused()
test_what_one_answer_lacks_is_asked_again()
test_answers_in_any_order_with_dirt_between()
test_another_meters_answer_is_credited_to_nobody()
test_a_refusal_among_missing_answers_blames_nothing()
test_a_refused_point_is_invalid()
test_follow_up_frames()
test_a_698_answer_of_another_question_is_late()
print("OK")
