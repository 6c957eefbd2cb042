"""A stream on a clock of our own: order, what leaves and when, what is sent again, bounds."""

import random

from firmware.core.clock import Clock
from firmware.core.errors import StoreError
from firmware.uplink.stream import LIMIT, Stream


class Source:
    """Keys (1, n) from `first` to `last`; a name for each if there are several."""

    def __init__(self, last=0, names=(None,)):
        self.first = 1
        self.last = last
        self.names = names

    def after(self, a, b):
        for n in range(max(self.first, b + 1 if a else 1), self.last + 1):
            yield 1, n, self.names[n % len(self.names)], n * 10

    def missing(self, before, key):
        return key[1] - before[1] - 1

    def message(self, row, again, after):
        return b"t", (row[1], again, after, row[3])


class Bench:
    def __init__(self, last=0, names=(None,), **options):
        self.us = 0
        self.clock = Clock(lambda: self.us, lambda a, b: a - b, lambda: 0)
        self.source = Source(last, names)
        self.stream = Stream(self.clock, self.source, **options)

    def more(self, count=1):
        self.source.last += count
        for _ in range(count):
            self.stream.news()

    def sent(self, most=1000):
        """[(number, again, after)] of what it sends now."""
        out = []
        while len(out) < most:
            item = self.stream.take()
            if item is None:
                break
            assert item.payload[3] == item.payload[0] * 10
            out.append(item.payload[:3])
        return out

    def numbers(self):
        return [row[0] for row in self.sent()]

    def go(self, ms):
        self.us += ms * 1000
        self.clock.ms()


def test_in_order_and_out_by_acknowledgement():
    bench = Bench(3)
    assert bench.sent() == [(1, False, None), (2, False, (1, 1)), (3, False, (1, 2))]
    assert bench.sent() == [] and len(bench.stream) == 3
    assert bench.stream.keep(1, 2) == 1 and bench.stream.position() == ((0, 0), [(1, 2)])
    bench.more()
    assert bench.sent() == [(4, False, (1, 3))]
    assert bench.stream.keep(1, 1) == 1 and bench.stream.position() == ((1, 2), [])
    assert bench.stream.keep(1, 1) == 0  # it has left
    assert bench.stream.keep_until(1, 3) == 1 and bench.stream.keep_until(1, 4) == 1
    assert len(bench.stream) == 0 and bench.stream.cursor == (1, 4)
    assert bench.stream.acknowledged == 4


def test_only_what_was_sent_leaves():
    bench = Bench(100)
    assert len(bench.sent()) == LIMIT
    assert bench.stream.keep(1, 90) == 0 and bench.stream.keep(7, 7) == 0
    assert bench.stream.keep_until(9, 9) == LIMIT  # all: what is in the table
    assert bench.numbers()[0] == LIMIT + 1


def test_what_comes_while_it_reads_is_not_forgotten():
    bench = Bench(2)
    assert len(bench.sent(1)) == 1  # the generator ends at 2 or at 3, as it likes
    bench.more()
    assert bench.numbers() == [2, 3]
    bench.more(2)
    assert bench.numbers() == [4, 5] and bench.numbers() == []


def test_a_store_that_cannot_be_read():
    """Costs neither the start nor the session; read again when there is news, nothing is lost."""
    bench = Bench(3)
    good, source = bench.source.after, bench.source

    def bad(a, b):
        raise StoreError("the folder cannot be read")
        yield

    source.after = bad
    bench.stream.restore((0, 0), [])
    assert bench.sent() == [] and bench.stream.unread == 2
    source.after = good
    bench.more()
    assert bench.numbers() == [1, 2, 3, 4]
    bench.stream.go_back()
    source.after = bad
    assert bench.sent() == []
    source.after = good
    bench.more()
    assert bench.numbers() == [1, 2, 3, 4, 5] and bench.stream.lost == 0


def test_again_from_the_oldest():
    """After a time-out one is tried, then more; what is acknowledged is passed over."""
    bench = Bench(6)
    bench.sent()
    bench.stream.keep(1, 2)
    bench.go(20000)
    assert bench.sent() == [] and bench.stream.timeouts == 0
    bench.go(1)
    assert bench.sent() == [(1, True, None)] and bench.stream.timeouts == 1
    bench.go(20001)
    assert bench.sent() == []  # twice as long
    bench.go(20000)
    assert bench.sent() == [(1, True, None)]
    bench.more()
    assert bench.sent() == []  # silence is no reason for more
    assert bench.stream.keep(1, 1) == 1 and bench.stream.cursor == (1, 2)
    assert bench.sent() == [(3, True, None), (4, True, (1, 3)), (5, True, (1, 4))]
    bench.stream.keep_until(1, 5)
    assert bench.sent() == [(6, True, None), (7, False, (1, 6))]
    assert bench.stream.again == 6


def test_silence_is_no_flood():
    """An hour of silence: the table once, then one message a minute at most."""
    bench = Bench(1000)
    count = 0
    for _ in range(3600 * 4):
        count += len(bench.sent())
        bench.go(250)
    assert LIMIT + 55 <= count <= LIMIT + 63, count
    assert len(bench.stream) == LIMIT + 1


def test_a_lost_connection():
    bench = Bench(4)
    bench.sent(3)
    bench.stream.keep(1, 1)
    bench.stream.go_back()
    bench.more()
    # the old before anything new
    assert bench.sent() == [
        (2, True, None),
        (3, True, (1, 2)),
        (4, False, (1, 3)),
        (5, False, (1, 4)),
    ]


def test_several_names_share_the_way_not_the_order():
    bench = Bench(5, ("a", "b"))
    sent = bench.sent()
    assert [row[2] for row in sent] == [None, None, (1, 1), (1, 2), (1, 3)]
    assert bench.stream.keep_named(1, "c") == 0
    assert bench.stream.keep_named(1, "b") == 3  # those that share a number and a name
    assert bench.stream.position() == ((1, 1), [(1, 3), (1, 5)])


def test_the_ring_overtakes():
    """What went before its turn is counted, sent or not."""
    bench = Bench(5)
    bench.sent(3)
    bench.stream.keep(1, 2)
    bench.source.first = 3
    bench.source.last = 20
    bench.stream.go_back()
    bench.stream.news()
    assert bench.numbers() == list(range(3, 21))
    assert bench.stream.lost == 1 and bench.stream.cursor == (1, 2)  # number 1
    bench.stream.keep_until(1, 20)
    bench.source.first, bench.source.last = 31, 33
    bench.stream.news()
    assert bench.numbers() == [31, 32, 33] and bench.stream.lost == 11
    bench = Bench(5)
    bench.sent()
    bench.source.first, bench.source.last = 9, 8
    bench.stream.go_back()
    assert bench.numbers() == [] and bench.stream.lost == 5 and len(bench.stream) == 0


def test_after_a_start():
    bench = Bench(9)
    bench.stream.restore((1, 3), [(1, 5), (1, 6)], doubt=4, until=(1, 9))
    assert bench.stream.is_behind
    # 4 and 7 and 8 may have been sent; 9 is of this boot
    assert bench.sent() == [
        (4, True, None),
        (7, True, (1, 4)),
        (8, True, (1, 7)),
        (9, False, (1, 8)),
    ]
    assert not bench.stream.is_behind and bench.stream.lost == 0
    bench = Bench(9)
    bench.stream.restore((1, 9), [], doubt=4)
    assert not bench.stream.is_behind and bench.sent() == []


def test_behind():
    bench = Bench()
    assert bench.sent() == []
    bench.more(8)
    assert not bench.stream.is_behind
    bench.more()
    assert bench.stream.is_behind
    assert len(bench.sent()) == 9 and not bench.stream.is_behind


def test_random_walk():
    """Whatever comes: a head-end that holds back what has a gap before it has all, in order."""
    random.seed(5)
    for _ in range(30):
        bench = Bench(0, random.choice(((None,), ("a", "b", "c"))))
        had = []
        for _ in range(400):
            choice = random.randrange(9)
            if choice < 3:
                bench.more(random.randrange(4))
            elif choice < 6:
                lost = random.randrange(3) == 0
                for number, _, after in bench.sent(random.randrange(6)):
                    if lost or (after and after[1] not in had):
                        continue
                    if number not in had:
                        had.append(number)
                    if random.randrange(4):
                        bench.stream.keep(1, number)
            elif choice == 6:
                bench.stream.go_back()
            elif choice == 7:
                bench.go(random.randrange(60000))
            assert len(bench.stream._table) <= LIMIT
        while len(bench.stream):
            bench.go(1000)
            for number, _, after in bench.sent():
                if after and after[1] not in had:
                    continue
                if number not in had:
                    had.append(number)
                bench.stream.keep(1, number)
        names = bench.source.names
        for rest in range(len(names)):
            of_name = [number for number in had if number % len(names) == rest]
            assert of_name == sorted(of_name), of_name
        assert sorted(had) == list(range(1, bench.source.last + 1))
        assert bench.stream.lost == 0 and bench.stream.cursor[1] == bench.source.last


test_in_order_and_out_by_acknowledgement()
test_only_what_was_sent_leaves()
test_what_comes_while_it_reads_is_not_forgotten()
test_a_store_that_cannot_be_read()
test_again_from_the_oldest()
test_silence_is_no_flood()
test_a_lost_connection()
test_several_names_share_the_way_not_the_order()
test_the_ring_overtakes()
test_after_a_start()
test_behind()
test_random_walk()
print("OK")
