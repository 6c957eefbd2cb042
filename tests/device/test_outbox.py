"""The outbox: order, replacement, bounds, turns, and what a lost connection gives back."""

import random

from firmware.uplink.outbox import Outbox


def drain(box, count=1000):
    """Payloads of the next `count` items, each acknowledged."""
    out = []
    while len(out) < count:
        item = box.take()
        if item is None:
            break
        out.append(item.payload)
        box.remove(item)
    return out


def test_order_and_turns():
    box = Outbox()
    for n in range(4):
        box.put_event(b"e", b"e%d" % n)
    for n in range(2):
        box.put_live("m%d" % n, b"t", b"v%d" % n)
    # event first, then in turns; what is left of one lane goes alone
    assert drain(box) == [b"e0", b"v0", b"e1", b"v1", b"e2", b"e3"]
    assert len(box) == 0 and box.stats()["bytes"] == 0


def test_newer_replaces_waiting():
    box = Outbox()
    for n in range(3):
        box.put_live("a", b"t", b"a%d" % n)
        box.put_live("b", b"t", b"b%d" % n)
    assert box.replaced == 4
    # the place in the queue stays
    assert drain(box) == [b"a2", b"b2"]


def test_flying_is_left_alone():
    box = Outbox()
    box.put_live("a", b"t", b"old")
    flying = box.take()
    box.put_live("a", b"t", b"new")
    assert flying.payload == b"old" and box.replaced == 0 and len(box) == 2
    box.remove(flying)
    assert drain(box) == [b"new"]


def test_give_back_keeps_order_and_newest():
    box = Outbox()
    for n in range(4):
        box.put_event(b"e", b"e%d" % n)
    taken = [box.take() for _ in range(3)]
    box.remove(taken[1])
    box.give_back()
    assert drain(box) == [b"e0", b"e2", b"e3"]
    box.put_live("a", b"t", b"1")
    box.take()
    box.put_live("a", b"t", b"2")
    box.take()
    box.give_back()  # both flew: only the younger is worth sending again
    assert box.replaced == 1 and drain(box) == [b"2"]
    box.put_live("a", b"t", b"3")
    box.take()
    box.put_live("a", b"t", b"4")
    box.give_back()  # one flew, a younger one waits
    assert drain(box) == [b"4"] and box.stats()["bytes"] == 0
    box.put_live("a", b"t", b"5")
    box.take()
    box.give_back()
    box.put_live("a", b"t", b"6")  # and what was given back can be overtaken
    assert drain(box) == [b"6"]


def test_bounds():
    box = Outbox(event_items=3, event_bytes=100, live_items=2, live_bytes=30)
    for n in range(5):
        assert box.put_event(b"e", b"e%d" % n)
    assert box.events.dropped == 2
    assert drain(box) == [b"e2", b"e3", b"e4"]
    assert box.put_event(b"e", b"x" * 99)
    assert box.put_event(b"e", b"y" * 50)  # bytes count too
    assert box.events.dropped == 3 and drain(box) == [b"y" * 50]
    assert not box.put_event(b"e", b"z" * 100) and box.refused == 1
    assert not box.put_live("a", b"t", b"z" * 30) and box.refused == 2
    for name in "abc":
        assert box.put_live(name, b"t", name.encode())
    assert box.live.dropped == 1
    assert box.put_live("a", b"t", b"A")  # its old one is gone, not replaced
    assert box.replaced == 0 and box.live.dropped == 2
    assert drain(box) == [b"c", b"A"]


def test_growth_in_place():
    box = Outbox(live_items=9, live_bytes=20)
    box.put_live("a", b"t", b"aa")
    box.put_live("b", b"t", b"bb")
    assert box.put_live("a", b"t", b"A" * 19)  # others make room, not the new value itself
    assert box.live.dropped == 1 and drain(box) == [b"A" * 19]
    assert box.put_live("b", b"t", b"b")  # b was dropped, so it is new again
    assert box.replaced == 1 and drain(box) == [b"b"]


def test_all_in_flight():
    box = Outbox(event_items=2)
    box.put_event(b"e", b"0")
    box.put_event(b"e", b"1")
    flying = [box.take(), box.take()]
    assert not box.put_event(b"e", b"2")  # nothing waits that could make room
    assert box.events.dropped == 1 and box.take() is None
    box.remove(flying[0])
    assert box.put_event(b"e", b"3")
    box.give_back()
    assert drain(box) == [b"1", b"3"]


def test_wake():
    box = Outbox()
    calls = []
    box.wake = lambda: calls.append(1)
    box.put_event(b"e", b"")
    box.put_live("a", b"t", b"")
    box.put_live("a", b"t", b"")
    assert len(calls) == 3


def test_random_walk():
    """Whatever happens: bounds hold, bytes add up, events stay in order, newest values win."""
    random.seed(2)
    for _ in range(20):
        box = Outbox(event_items=8, event_bytes=60, live_items=6, live_bytes=50)
        events = []
        arrived = {}
        newest = {}
        flying = []
        for serial in range(1, 301):
            choice = random.randrange(5)
            body = b"%d" % serial + b"." * random.randrange(12)
            if choice == 0:
                box.put_event(b"e", body)
            elif choice == 1:
                device = "d%d" % random.randrange(5)
                if box.put_live(device, b"t", body):
                    newest[device] = body
            elif choice == 2:
                item = box.take()
                if item is not None:
                    flying.append(item)
            elif choice == 3 and flying:
                item = flying.pop(0)
                box.remove(item)
                if item.device is None:
                    events.append(int(item.payload.split(b".")[0]))
                else:
                    arrived[item.device] = item.payload
            elif serial % 7 == 0:
                box.give_back()
                flying = []
            for lane in (box.events, box.live):
                items = lane.waiting + lane.flying
                assert len(items) <= lane.max_items and lane.bytes <= lane.max_bytes
                assert lane.bytes == sum([len(i.topic) + len(i.payload) for i in items])
            assert len(box.events) <= 8 and len(box.live) <= 6
        box.give_back()
        while True:
            item = box.take()
            if item is None:
                break
            box.remove(item)
            if item.device is None:
                events.append(int(item.payload.split(b".")[0]))
            else:
                arrived[item.device] = item.payload
        assert events == sorted(events) and len(set(events)) == len(events)
        if not box.live.dropped:
            assert arrived == newest
        assert len(box) == 0 and box.stats()["bytes"] == 0


test_order_and_turns()
test_newer_replaces_waiting()
test_flying_is_left_alone()
test_give_back_keeps_order_and_newest()
test_bounds()
test_growth_in_place()
test_all_in_flight()
test_wake()
test_random_walk()
print("OK")
