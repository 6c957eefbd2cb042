"""Reading of the HPLC module: who is asked, and what becomes of those who do not answer."""

from binascii import unhexlify

from hplc_world import TABLE, A, B, Rig, finish, point, reply

from firmware.codec import dlt645
from firmware.codec import gdw1376_2 as gdw
from firmware.core.quality import IV
from modules.hplc import meters as meters_
from modules.hplc import nodes as nodes_


def test_a_silent_node_is_lost_and_comes_back():
    rig = Rig(("meter-645", A), ("meter-645", B))
    for _ in range(200):
        asked = rig.step(1)
        for k in range(len(asked) - 1, -1, -1):
            if asked[k] == A:
                rig.silence(k)
            else:
                rig.serve(k)
    assert ("lost", 0) in rig.news.told and ("lost", 1) not in rig.news.told
    assert rig.nodes.has(0, nodes_.LOST) and rig.reading.failed < 20
    assert rig.heard and 0 not in rig.heard
    for _ in range(600):
        if rig.step(1):
            rig.serve()
    assert ("back", 0) in rig.news.told and not rig.nodes.pending[0]


def test_the_silent_take_a_part_of_the_lanes_only():
    rows = [("meter-645", "%012d" % (k + 1)) for k in range(8)]
    rig = Rig(*rows, lanes=4)
    for node in range(6):
        rig.nodes.failures[node] = 1
    rig.nodes.set(6, nodes_.LOST)
    assert len(rig.step()) == 4
    weak = [ask.node for ask in rig.desk.asks if rig.nodes.find(ask.node) < 6]
    assert len(weak) == 2 and rows[7][1] in [ask.node for ask in rig.desk.asks]


def test_the_module_is_busy_and_nobody_is_blamed():
    rig = Rig(("meter-645", A), ("meter-645", B))
    rig.step()
    rig.deny(9)
    assert rig.reading.is_refused and rig.nodes.failures[0] == 0 and not rig.reading.is_open
    rig.deny(109)
    assert rig.reading.lanes == 1 and rig.nodes.failures[1] == 0
    rig.reading.is_open = True
    rig.step(2)
    frames = len(rig.asked())
    rig.deny(110)
    rig.step(2)
    assert len(rig.asked()) < frames or rig.reading.frames == 6
    rig.deny(111)
    assert sum(rig.nodes.failures) == 0


def test_without_f1h_it_reads_by_13h():
    rig = Rig(("meter-645", A), ("meter-645", B))
    rig.step()
    rig.deny(10)
    rig.deny(10)
    rig.step(2)
    assert [ask.afn for ask in rig.desk.asks] == [gdw.ROUTE_FORWARD] and len(rig.asked()) == 1
    count = finish(rig)
    assert count > 20 and len(rig.news.values) == 34 and sum(rig.nodes.pending) == 0


def test_a_module_that_says_nothing_is_nobodys_failure():
    rig = Rig(("meter-645", A))
    rig.step()
    rig.desk.heard_ms = -1
    rig.desk.asks.pop().done(None)
    assert rig.reading.is_doubtful and rig.nodes.failures[0] == 0


def test_a_read_that_meets_silence_does_not_cost_the_others():
    rig = Rig(("meter-645", A))
    finish(rig)
    rig.reading.due.hurry(0, rig.ms // 1000)
    rig.news.values.clear()
    for _ in range(400):
        if rig.step(1):
            said = [reply(frame, TABLE) for frame in rig.asked()]
            kept = [frame for frame in said if dlt645.parse(frame).di != "02030000"]
            rig.answer(b"".join(kept))
    assert ("lost", 0) not in rig.news.told and rig.reading.mute == 1
    assert point(rig, "p") == (0, IV) and point(rig, "ua") == (2200, 0)


def test_a_running_route_takes_questions_along():
    rig = Rig(("meter-645", A), ("meter-645", B))
    rig.reading.is_open = False
    rig.step()
    payload = rig.routed.question(0)
    (frame,) = meters_.split(payload)
    # the other's answer first, then that to another item, then the right one
    assert not rig.routed.take(0, reply(dlt645.read(B, "00010000"), TABLE))
    rig.routed.question(0)
    said = dlt645.parse(frame)
    data = unhexlify("0100000000000000000000000000")[:8]
    assert rig.routed.take(0, dlt645.build(A, 0x91, said.di, data))
    assert rig.news.values and ("back", 0) in rig.news.told
    # what nobody asked for counts when it is wanted, once
    told = dlt645.build(B, 0x91, "02800002", unhexlify("0050"))
    assert rig.routed.take(1, told) and point(rig, "f", 1) == (5000, 0)
    again = dlt645.build(B, 0x91, "02800002", unhexlify("0150"))
    assert not rig.routed.take(1, again) and point(rig, "f", 1) == (5000, 0)


def test_rounds_are_aligned():
    rig = Rig(("meter-645", A))
    finish(rig)
    assert rig.reading.due.round_s >= 0 and not rig.nodes.pending[0]
    rig.step(100)
    assert not rig.desk.asks
    rig.step(250)
    assert len(rig.asked()) <= 7  # status words alone
    rig.serve()


test_a_silent_node_is_lost_and_comes_back()
test_the_silent_take_a_part_of_the_lanes_only()
test_the_module_is_busy_and_nobody_is_blamed()
test_without_f1h_it_reads_by_13h()
test_a_module_that_says_nothing_is_nobodys_failure()
test_a_read_that_meets_silence_does_not_cost_the_others()
test_a_running_route_takes_questions_along()
test_rounds_are_aligned()
print("OK")
