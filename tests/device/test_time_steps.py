"""When the clock steps, when it does not, whom it believes; calendars beyond 2038 and 2100; ticks
that wrap."""

from time_world import HOUR, SECOND, World

from firmware.core import civil
from firmware.timing import discipline
from firmware.timing.rate import Rate

MINUTE = 60 * SECOND
QUARTER = 15 * MINUTE


def world(error_us=0, doubt_us=SECOND, is_known=True, utc="2026-11-30 12:05:00", **more):
    found = World(utc_us=civil.utc_ms(civil.parse(utc)) * 1000, **more)
    found.start(error_us, doubt_us, is_known)
    return found


def say(w, away_us, count=1, every=MINUTE, name="sntp", doubt_us=20000):
    for _ in range(count):
        w.discipline.offer(name, w.true_us() + away_us, doubt_us)
        w.pass_by(every)


def test_small_errors_are_slewed():
    w = world(300000)
    say(w, 0)
    assert w.discipline.left_us() < 0 and w.discipline.steps == 0
    w.pass_by(20 * MINUTE)
    assert abs(w.error_us()) < 20000 and w.discipline.steps == 0 and w.back_us <= 0
    assert "CLOCK_STEP" not in w.names()


def test_the_slew_is_500_ppm():
    w = world(-900000)
    say(w, 0, 1)
    before = w.error_us()
    w.pass_by(10 * MINUTE)
    assert 290000 < w.error_us() - before <= 301000, w.error_us() - before


def test_larger_errors_are_stepped_when_said_three_times():
    w = world(0)
    say(w, 90 * SECOND, 2)
    assert w.discipline.steps == 0, w.events
    say(w, 90 * SECOND)
    assert w.discipline.steps == 1
    assert w.events[-1][0] == "CLOCK_STEP" or "CLOCK_STEP" in w.names()
    text = [text for name, text in w.events if name == "CLOCK_STEP"][0]
    assert text == "was 2026-11-30 12:07:00, is 2026-11-30 12:08:30 (+90000 ms, sntp)", text
    assert w.saves == 1


def test_one_that_contradicts_itself_is_not_believed():
    w = world(0)
    for away in (90, -40, 90, 200, -90, 30, 60):
        say(w, away * SECOND)
    assert w.discipline.steps == 0 and abs(w.error_us()) < SECOND // 100


def test_more_than_15_minutes_are_refused():
    w = world(0)
    say(w, HOUR, 6)
    assert w.discipline.steps == 0 and abs(w.error_us()) < SECOND // 100
    assert w.names().count("CLOCK_REFUSED") == 1, w.events
    w.pass_by(4 * HOUR)
    assert w.discipline.state == "holdover"


def test_it_is_told_again_when_it_was_right_in_between():
    w = world(0)
    say(w, HOUR, 4)
    say(w, 0, 2)
    say(w, HOUR, 4)
    assert w.names().count("CLOCK_REFUSED") == 2, w.events


def test_a_source_that_jumps_does_not_spoil_the_rate():
    w = world(0, ppb=20000)
    for away in (0, 2 * SECOND):
        for _ in range(12):
            say(w, away, 1, 20 * MINUTE)
    assert w.discipline.steps == 1
    rate = w.discipline.rate
    assert rate.low <= -20000 <= rate.high and rate.high - rate.low < 8000, (rate.low, rate.high)


def test_both_ends_of_a_measurement_may_be_wrong():
    rate = Rate()
    rate.take("sntp", 0, 20000, 20000)
    rate.take("sntp", 600 * SECOND, 600 * SECOND - 20000, 20000)
    assert rate.low <= 0 <= rate.high < 1000, (rate.low, rate.high)


def test_the_clock_counts_by_its_rate():
    w = world(0)
    clock = w.clock
    began = clock.utc_us()
    clock.set_rate(500000)
    w.us += 100 * SECOND
    w._ticked += 100 * SECOND * 1000000000
    assert clock.utc_us() - began == 100050000
    began = clock.utc_us()
    for _ in range(20000):  # a thousandth of a microsecond is not lost each time
        clock.set_rate(1)
        w._ticked += 5 * SECOND * 1000000000
    assert clock.utc_us() - began == 100000 * SECOND + 100, clock.utc_us() - began


def test_authority_may_do_it():
    w = world(0)
    say(w, 0)
    text = w.discipline.set("a person", w.true_us() - 10 * 365 * 24 * HOUR, 2 * SECOND)
    assert text.startswith("the clock is set: it was 2026-11-30 12:06:00, is 2016-12-02"), text
    assert "CLOCK_SET" in w.names() and w.discipline.steps == 1
    text = w.discipline.set("a person", w.clock.utc_us() + 300000, 2 * SECOND)
    assert "slewed" in text and w.discipline.steps == 1


def test_no_step_beside_a_freeze():
    """Neither from there nor to there; it waits, and is made behind it."""
    for start, away, at in (
        ("2026-11-30 12:14:10", 90, "12:16:0"),  # from beside it
        ("2026-11-30 12:11:50", 150, "12:13:"),  # to beside it
        ("2026-11-30 12:00:30", 150, "12:01:0"),
    ):
        w = world(0, utc=start)
        w.discipline.set("a person", w.true_us() + away * SECOND, 0)
        assert w.discipline.steps == 0, start
        w.pass_by(6 * MINUTE, SECOND)
        assert w.discipline.steps == 1, (start, w.events)
        assert w.discipline.last_step[11:].startswith(at), w.discipline.last_step
        assert abs(w.error_us() - away * SECOND) < 10000, w.error_us()


def test_no_step_is_ever_made_there():
    for second in range(0, 900, 7):
        for away in (-600, -61, 5, 61, 600, 870):
            w = world(0)
            w.pass_by(second * SECOND, MINUTE)
            w.discipline.set("a person", w.true_us() + away * SECOND, 0)
            before, steps = w.clock.utc_us(), 0
            for _ in range(400):
                w.pass_by(SECOND, SECOND)
                after = w.clock.utc_us()
                if w.discipline.steps != steps:
                    for us in (before, after):
                        beside = min(us % QUARTER, QUARTER - us % QUARTER)
                        assert beside >= 58 * SECOND, (second, away, beside)
                    break
                before = after
            assert w.discipline.steps == 1, (second, away)


def test_a_time_that_is_not_known():
    """Two that agree are enough, however far away, and wherever that is."""
    w = world(-26 * 365 * 24 * HOUR, 0, False)
    assert w.discipline.state == discipline.UNKNOWN and not w.clock.is_known
    say(w, 0)
    assert not w.clock.is_known
    say(w, 0)
    assert w.clock.is_known and abs(w.error_us()) < SECOND // 10, w.events
    assert w.discipline.state == discipline.SYNCHRONISED
    assert "the time was not known" in w.discipline.last_step
    w = world(-1000, 0, False)  # a guess that is right is none the less a guess
    say(w, 0)
    say(w, 0)
    assert w.clock.is_known
    w = world(-1000, 0, False)
    w.discipline.set("a person", w.true_us(), SECOND)
    assert w.clock.is_known


def test_the_better_source_is_followed():
    w = world(0)
    for _ in range(3):
        w.modem()
        w.pass_by(MINUTE)
    assert w.discipline.followed.name == "modem"
    for _ in range(2):
        w.sntp()
        w.pass_by(MINUTE)
        w.modem()
    assert w.discipline.followed.name == "modem"
    w.sntp()
    assert w.discipline.followed.name == "sntp"
    for _ in range(10):
        w.modem()
        w.pass_by(MINUTE)
    assert w.discipline.followed.name == "sntp"
    w.pass_by(3 * HOUR + MINUTE)
    w.modem()
    assert w.discipline.followed.name == "modem", "it was silent for 3 hours"
    text = [text for name, text in w.events if name == "CLOCK_SOURCE"]
    assert text == [
        "modem is followed",
        "sntp is followed, was modem",
        "modem is followed, was sntp",
    ]


def test_a_poor_source_does_not_disturb():
    w = world(0, 50000)
    w.sntp()
    before = w.error_us()
    for _ in range(20):
        w.modem(400000)
        w.pass_by(MINUTE)
    assert abs(w.error_us() - before) < 40000


def test_sources_are_bounded():
    w = world(0)
    for i in range(20):
        say(w, 0, 1, SECOND, "source %d" % i)
    assert len(w.discipline.sources) == 6


def test_ticks_that_wrap():
    """Ten seconds before it: no jump, in time or in what lasts."""
    w = World(ticks=(1 << 30) - 10 * SECOND)
    w.start()
    began = w.clock.ms()
    for _ in range(40):
        w.pass_by(SECOND, SECOND)
        assert w.error_us() == 0, w.error_us()
    assert w.clock.ms() - began == 40000
    w.pass_by(30 * 24 * HOUR, 5 * MINUTE)  # beyond 2**30 ms as well
    assert w.clock.ms() - began == 40000 + 30 * 86400000
    assert w.error_us() == 0


def test_years():
    for year in ("2038-01-19 03:14:00", "2100-02-28 23:59:30", "2028-02-29 12:00:00"):
        w = world(0, utc=year)
        say(w, 300000, 1)
        w.pass_by(HOUR)
        assert civil.text(w.clock.utc_ms())[:15] == civil.text(w.true_us() // 1000)[:15]
        assert 250000 < w.error_us() < 320000 and w.discipline.steps == 0
    assert civil.text(civil.utc_ms(civil.parse("2100-02-28 23:59:59")) + 1000)[5:10] == "03-01"
    for wrong in (
        "2100-02-29 00:00:00",
        "2026-13-01 00:00",
        "2026-11-31 10:00",
        "x",
        "2026-11-30",
    ):
        try:
            civil.utc_ms(civil.parse(wrong))
        except ValueError:
            continue
        raise AssertionError(wrong)
    assert civil.utc_ms(civil.parse("2026-11-30 12:00"), 480) == 1796011200000


for name in sorted(globals()):
    if name.startswith("test_"):
        globals()[name]()
print("OK")
