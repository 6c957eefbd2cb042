"""The bus scheduler on a clock of its own: whose turn, how late, what silence costs."""

from firmware.bay.contract import ALARM, DATA, DONE, KEY, MORE, SILENT
from firmware.bay.schedule import BACK, LOST, Schedule

PERIODS = (1000, 60000, 900000)
ALL = KEY | ALARM | DATA


class Bus:
    """Turns of fixed cost on a clock; `dead` devices cost more and say nothing."""

    def __init__(self, duties, cost_ms=100, utc_ms=0, **more):
        self.schedule = Schedule(duties, PERIODS, **more)
        self.now = 5000
        self.cost_ms = cost_ms
        self.dead = set()
        self.steps = 1  # requests of a data duty
        self.turns = []  # (start, device, duty), when `logs`
        self.logs = False
        self.window = (0, 0)  # in which `reads` counts
        self.reads = bytearray(len(duties))  # data requests by device
        self.last = {}  # (device, duty): start
        self.worst = {}  # (device, duty): longest time between two
        self.count = [0, 0, 0]  # turns by duty
        self.news = []
        self.left = {}
        self.schedule.start(self.now, utc_ms)

    def run(self, seconds):
        until = self.now + seconds * 1000
        while self.now < until:
            if self.schedule.next(self.now):
                self.turn()
            else:
                self.now += self.schedule.wait_ms(self.now)

    def turn(self):
        schedule = self.schedule
        device, duty = schedule.device, schedule.duty
        self.note(device, duty)
        if device in self.dead:
            self.now += 520
            news = schedule.done(self.now, SILENT)
        else:
            self.now += self.cost_ms
            left = self.left.get((device, duty), self.steps if duty == 2 else 1) - 1
            self.left[device, duty] = left
            if left == 0:
                del self.left[device, duty]
            news = schedule.done(self.now, MORE if left else DONE)
        if news:
            self.news.append((news, device, self.now))

    def note(self, device, duty):
        key = (device, duty)
        gap = self.now - self.last.get(key, self.now)
        self.worst[key] = max(gap, self.worst.get(key, 0))
        self.last[key] = self.now
        self.count[duty] += 1
        if duty == 2 and self.window[0] <= self.now < self.window[1]:
            self.reads[device] += 1
        if self.logs:
            self.turns.append((self.now, device, duty))


def test_idle_bus_keeps_periods():
    bus = Bus(bytes([ALL] * 4), cost_ms=20)
    bus.window = (0, 1820000)
    bus.run(1805)
    for device in range(4):
        assert bus.worst[device, 0] <= 1100, bus.worst
        assert bus.worst[device, 1] <= 60000
        assert bus.reads[device] == 3  # at once, then at each round
    assert max(bus.schedule.worst) <= 200, bus.schedule.worst


def test_full_bus_keeps_alarms_and_data():
    # keys alone want 1.2 of the bus: they are late, the others are not starved
    duties = bytes([ALL] * 8 + [ALARM | DATA] * 42)
    bus = Bus(duties, cost_ms=150)
    bus.steps = 4
    bus.window = (905000, 1805000)
    bus.run(1900)
    for device in range(50):
        assert bus.worst[device, 1] <= 60000, (device, bus.worst)
        assert bus.reads[device] == 4, device
    keys = max([bus.worst[device, 0] for device in range(8)])
    assert keys <= 2000, keys


def test_overload_costs_data_first():
    duties = bytes([ALL] * 4 + [ALARM | DATA] * 200)
    bus = Bus(duties, cost_ms=300)
    bus.steps = 5
    bus.run(900)
    keys = max([bus.worst[device, 0] for device in range(4)])
    assert keys <= 2600, keys
    assert bus.count[1] > bus.count[2], bus.count


def test_dead_devices_cost_little():
    bus = Bus(bytes([ALL] * 8 + [ALARM | DATA] * 42))
    bus.dead = {1, 9, 10, 20, 30, 40, 49}
    bus.run(3600)
    assert bus.schedule.probe_ms <= 0.05 * 3600 * 1000, bus.schedule.probe_ms
    assert sorted([d for news, d, _ in bus.news if news == LOST]) == sorted(bus.dead)
    assert bus.schedule.counts() == (43, 7)


def test_dead_and_back():
    bus = Bus(bytes([ALL, DATA]))
    bus.logs = True
    bus.run(10)
    bus.dead.add(0)
    bus.run(60)
    assert bus.news[0][:2] == (LOST, 0) and bus.schedule.is_silent(0)
    tries = [t for t, d, _ in bus.turns if d == 0 and t >= 15000]
    assert tries[2] - tries[0] < 1200, tries  # three at once, then the quarantine
    assert tries[3] - tries[2] >= 5000
    bus.dead.clear()
    bus.run(200)
    assert bus.news[-1][:2] == (BACK, 0)
    assert bus.schedule.seen_s(0, bus.now) <= 1


def test_rest_after_a_repetition():
    bus = Bus(bytes([KEY | ALARM, ALARM]))
    bus.logs = True
    bus.run(2)
    bus.dead.add(0)
    while bus.turns[-1][1] != 0 or not bus.schedule.is_retrying():
        bus.schedule.next(bus.now) and bus.turn() or bus.run(0.01)
    bus.dead.clear()
    bus.schedule.next(bus.now)
    assert bus.schedule.device == 0
    bus.turn()
    answered = bus.now
    bus.run(2)
    after = [t for t, d, _ in bus.turns if d == 0 and t >= answered]
    assert after[0] >= answered + 500, (answered, after)


def test_rounds_begin_at_quarter_hours():
    utc = 1790000000000 // 900000 * 900000 + 600000
    bus = Bus(bytes([DATA] * 3), utc_ms=utc)
    bus.logs = True
    bus.run(2000)
    for device in range(3):
        times = [t - 5000 for t, d, _ in bus.turns if d == device]
        assert times[0] < 1000 and 300000 <= times[1] < 301000, times
        assert 1200000 <= times[2] < 1201000, times


def test_months():
    bus = Bus(bytes([ALARM | DATA, DATA]), cost_ms=50)
    bus.dead.add(1)
    start = bus.now
    for _ in range(40):  # days, by the hour: 40 days are more than 31 bits of ms hold
        bus.run(30)
        bus.now += 86400000 - 30000
    bus.run(3600)
    assert bus.now - start > 0x7FFFFFFF
    bus.worst.clear()
    bus.run(3600)
    assert bus.worst[0, 1] <= 60000, bus.worst
    assert bus.schedule.seen_s(1, bus.now) == -1
    assert 0 <= bus.schedule.due_ms(1, bus.now) <= 160000


def test_nothing_to_do():
    schedule = Schedule(b"", PERIODS)
    schedule.start(0, 0)
    assert not schedule.next(0) and schedule.wait_ms(0) == 1000 and schedule.counts() == (0, 0)


test_idle_bus_keeps_periods()
test_full_bus_keeps_alarms_and_data()
test_overload_costs_data_first()
test_dead_devices_cost_little()
test_dead_and_back()
test_rest_after_a_repetition()
test_rounds_begin_at_quarter_hours()
test_months()
test_nothing_to_do()
print("OK")
