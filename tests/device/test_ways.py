"""The three ways of energy against a known truth: load steps, gaps, bits, resets, reboots."""

import random

from firmware.metering.three_ways import IMPLAUSIBLE, MISMATCH, PULSES, RESET, SUBSTITUTED, UNKNOWN
from tools.energy.world import FULL, MOST_MW, station

SKEW_MS = 16  # a latch and a late reading


def mwh(percent, ms):
    """Energy of that share of a phase's full scale, rounded up."""
    return MOST_MW * percent * ms // 360000000 + 1


def near(term, load, bound, rows=4):
    """The registers tell the truth within `bound` mWh a phase, three times that in total."""
    for row in range(4 - rows, 4):
        error = term.net()[row] - load.mwh()[row]
        assert abs(error) <= (3 * bound if row == 3 else bound), (row, error, bound, term.events)


def test_steps():
    """A load that steps at any moment raises no alarm, whatever a pulse is worth."""
    for pulse, calm in ((1000, 1), (6400, 1), (100, 0)):
        load, unit, term = station(pulse)
        unit.ppm = 200 - 400 * calm  # well within 0.05 %
        for n in range(300):
            load.change(*[random.randrange(71) for _ in range(6)])
            part = random.randrange(8000)
            term.run(part)
            if n % 40 > 20 * calm:  # 20 s without a step, or never
                load.change(*[random.randrange(71) * random.randrange(2) for _ in range(6)])
            term.run(8000 - part)
            term.read()
        assert term.kinds() == [] and term.ways.compared >= 4, (term.ways.compared, pulse)
        near(term, load, 0)


def test_errors():
    """0.1 % of the registers or of the pulses is found: at full load in a minute or two, at a
    smaller load as soon as enough pulses came; 0.03 % is not."""
    wrong = ((1000, 0, [MISMATCH]), (-1000, 0, [MISMATCH]), (0, 1, [PULSES]))
    right = ((300, 0, []), (-300, 0, []))
    for share, minutes, cases in ((100, 2, wrong + right), (20, 5, wrong)):
        for ppm, drop, found in cases:
            load, unit, term = station()
            unit.ppm, unit.drop = ppm, drop
            load.change(share, 0, share, 0, share, 0)
            term.seconds(60 * minutes + 5)
            kinds = term.kinds()
            assert kinds == found, (share, ppm, drop, kinds)
            near(term, load, 0)


def test_turned_power():
    """Export is compared as well; where it turns within a minute, pulses say nothing."""
    load, unit, term = station()
    load.change(-40, 3, -20, -3, -10, 0)
    term.seconds(130)
    assert term.kinds() == [] and term.ways.compared == 2
    for _ in range(30):
        load.change(random.randrange(-50, 50), 9, random.randrange(-50, 50))
        term.seconds(7)
    assert term.kinds() == []
    near(term, load, 1)


def test_lost_bursts():
    """What bursts lost is credited from the registers, phase by phase, and marked."""
    load, unit, term = station()
    load.change(50, 10, 30, -8, -20, 5)
    term.seconds(5)
    lost = 0
    for n in range(60):
        term.run(3000)
        size = 64 * random.randrange(1, 30)
        term.lose(size)
        lost += size
        term.run(8000 - 3000 - size)
        term.read()
        term.seconds(n % 3)
        near(term, load, mwh(50, 2000))
    term.seconds(3)
    assert term.kinds() == [SUBSTITUTED]
    near(term, load, mwh(50, 6 * SKEW_MS))  # sixty latches, as often early as late
    marked = term.energy.substituted()
    for cell, percent in ((0, 50), (2, 10), (6, 30), (6 + 5, 8), (13, 20), (15, 5), (18, 60)):
        truth = mwh(percent, lost // 8)
        assert abs(marked[cell] - truth) <= mwh(100, 6 * SKEW_MS), (cell, marked[cell], truth)
    assert marked[1] == 0 and marked[12] == 0 and marked[19] == 0
    # one more, and ever after all three agree
    term.seconds(200)
    assert MISMATCH not in term.kinds()


def test_flipped_bits():
    """No damaged reading is credited: not before, in, or after a gap, not any bit."""
    for where in range(4):
        for bit in range(0, 45, 2):
            load, unit, term = station()
            load.change(40, 5, 30, 4, 20, 3)
            term.seconds(3)
            term.second(1 << bit if where == 0 else 0)
            term.run(2000)
            if where < 3:
                term.lose(3200)
            term.run(2800)
            term.read(1 << bit if where in (1, 3) else 0)
            term.second(1 << bit if where == 2 else 0)
            term.seconds(5)
            error = term.net()[0] - load.mwh()[0]
            assert abs(error) <= mwh(100, SKEW_MS), (where, bit, error)
            kinds = term.kinds()
            assert (SUBSTITUTED in kinds) == (where < 3), (where, bit, kinds)
            assert (IMPLAUSIBLE in kinds) == (bit >= 33), (where, bit, kinds)  # 52 ms
            assert UNKNOWN not in kinds and RESET not in kinds, (where, bit, kinds)


def test_register_that_moves():
    """A register that changed by itself, or stands, is told; nothing is credited for it."""
    load, unit, term = station()
    load.change(40, 5, 30, 4, 20, 3)
    term.seconds(5)
    unit.offset[2] = 1 << 40
    term.seconds(6)
    assert term.kinds() == [IMPLAUSIBLE]
    term.seconds(130)
    assert term.kinds() == [] and term.ways.compared == 2
    near(term, load, 0)
    # in a gap pulses tell: the total is right, and what a phase lacks stays unknown
    term.run(1000)
    unit.offset[0] = 1 << 36  # less than a second at full scale
    term.lose(8000 * 5)
    term.run(1000)
    term.read()
    term.seconds(6)
    assert term.kinds() == [SUBSTITUTED, IMPLAUSIBLE]
    assert abs(term.net()[3] - load.mwh()[3]) <= 1000
    # registers that stand are told once a minute, then seldom
    load, unit, term = station()
    load.change(40, 5, 30, 4, 20, 3)
    term.seconds(5)
    for _ in range(300):
        for k, count in enumerate(unit.registers()):
            unit.offset[k] -= count - (1 << 30)
        term.second()
    assert 2 <= len(term.events) <= 4 and term.kinds() == [IMPLAUSIBLE]
    near(term, load, 0)


def test_reset_of_the_unit():
    """Registers that begin at zero never move the energy registers, told by the link or not."""
    for is_told in (True, False):
        load, unit, term = station()
        load.change(40, 5, 30, 4, 20, 3)
        term.seconds(200)
        for _ in range(4):
            term.run(4000)
            if is_told:
                term.pull("lost")
            term.run(1600)
            unit.reset()
            term.run(80)
            if is_told:
                term.plug(False)
            term.run(2320)
            term.read()
            term.seconds(7)
        assert term.kinds() == ([SUBSTITUTED, RESET] if is_told else [RESET])
        # what it did not meter is lost: 200 ms a time
        near(term, load, mwh(40, 4 * 410) if is_told else 0)
        assert term.net()[0] <= load.mwh()[0]
        term.seconds(130)
        # what was held back comes later, nothing else does
        assert MISMATCH not in term.kinds() and term.ways.compared >= 5


def test_pulled_data_channel():
    """Back within the hold, registers tell each phase; later, pulses tell the total."""
    for seconds, is_late in ((20, False), (45, False), (300, True)):
        load, unit, term = station()
        load.change(40, 5, 30, 4, 20, 3)
        term.seconds(70)
        before = term.net()
        term.pull("pulse_only")
        for _ in range(seconds):
            term.run(8000)
        if is_late:  # the register has not stood still meanwhile
            assert abs(term.net()[3] - load.mwh()[3]) <= 1500
        else:
            assert term.net()[3] - before[3] == 0
        term.plug()
        term.seconds(5)
        assert term.kinds() == [SUBSTITUTED]
        if is_late:
            assert abs(term.net()[3] - load.mwh()[3]) <= 2000
            assert term.net()[0] - before[0] <= mwh(40, 6000)
        else:
            near(term, load, mwh(40, SKEW_MS))
        # export is credited as export
        load.change(-40, 5, -30, 4, -20, 3)
        term.seconds(5)
        imported = term.energy.cells[18]
        term.pull("pulse_only")
        for _ in range(seconds):
            term.run(8000)
        term.plug()
        term.seconds(5)
        assert term.energy.cells[18] == imported
        assert abs(term.net()[3] - load.mwh()[3]) <= 4000


def test_nothing_left():
    """Neither samples nor pulses: registers tell while they can, then nobody does."""
    load, unit, term = station()
    load.change(40, 5, 30, 4, 20, 3)
    term.seconds(70)
    term.pull("lost")
    term.run(8000 * 60)
    term.plug()
    term.seconds(4)
    assert term.kinds() == [SUBSTITUTED]
    near(term, load, mwh(40, SKEW_MS))
    before = term.net()
    for _ in range(3):
        term.pull("lost")
        term.run(8000 * 150)
        term.plug()
        term.seconds(4)
    assert term.kinds() == [UNKNOWN]
    assert term.net()[3] - before[3] <= mwh(90, 13000)


def test_pulses_from_the_start():
    """A unit whose data channel never came: pulses are all there is, and are taken at once."""
    load, unit, term = station()
    term.pull("pulse_only")
    load.change(40, 5, 30, 4, 20, 3)
    for _ in range(100):
        term.run(8000)
    assert abs(term.net()[3] - load.mwh()[3]) <= 1000
    term.plug()
    term.seconds(3)
    assert term.kinds() == [SUBSTITUTED]
    assert abs(term.net()[3] - load.mwh()[3]) <= 2000


def test_wrap():
    """A register goes round, at the largest power, also across a gap."""
    load, unit, term = station()
    load.change(100, 0, -100, 100, 100, -100)
    for n in range(25):
        if n % 5 == 4:
            term.pull("pulse_only")
            term.run(8000 * 40)
            term.plug()
        term.seconds(9)
    assert term.kinds() == [SUBSTITUTED]
    near(term, load, mwh(100, SKEW_MS))


def test_reboot():
    """The energy of a reboot is credited once, from the checkpoint's registers."""
    load, unit, term = station()
    load.change(40, 5, 30, 4, -20, 3)
    term.seconds(70)
    for age, away in ((0, 3), (13, 20), (30, 60), (1, 1)):
        term.run(3456)
        term.save()
        for _ in range(age):
            term.second()
        load.t += 8000 * away
        term.boot()
        term.second()
        if away == 20:  # again, before anything was saved
            load.t += 8000 * 5
            term.boot()
            term.second()
        if away == 3:  # saved before it was credited
            term.save()
            term.boot()
            term.second()
        term.seconds(4)
        assert term.kinds() == [SUBSTITUTED], (age, away)
        near(term, load, mwh(40, SKEW_MS + 8))
        term.seconds(3)
        near(term, load, mwh(40, SKEW_MS + 8))
    # a gap that was open when it was saved
    term.run(800)
    term.lose(800)
    term.save()
    term.boot()
    term.seconds(5)
    assert term.kinds() == [SUBSTITUTED]
    near(term, load, mwh(40, SKEW_MS + 8))


def test_reboot_that_cannot_tell():
    """Too long, a wrong clock, other settings, a unit that was reset: said, not guessed."""
    for case, kind in (
        ("long", UNKNOWN),
        ("clock", UNKNOWN),
        ("scale", UNKNOWN),
        ("reset", RESET),
    ):
        load, unit, term = station()
        load.change(40, 5, 30, 4, 20, 3)
        term.seconds(70)
        term.save()
        before = term.net()
        load.t += 8000 * (200 if case == "long" else 5)
        if case == "clock":
            term.clock_error_ms = -10000
        if case == "scale":
            term.saved = term.saved.replace('"scale": ', '"scale": 1')
        if case == "reset":
            unit.reset()
        term.boot(case != "reset")
        term.seconds(6)
        assert term.kinds() == [kind], (case, term.kinds())
        gained = [now - then for now, then in zip(term.net(), before)]
        assert abs(gained[3] - mwh(90, 6000)) <= mwh(90, 210), (case, gained)
    for bad in (None, [], {}, {"utc": 1, "missing": "2"}):
        try:
            term.ways.restore(bad)
            raise AssertionError(bad)
        except ValueError as error:
            assert "checkpoint" in str(error)
    # a record that is damaged inside is no record
    term.save()
    term.saved = term.saved.replace('"reg": [', '"reg": [0, ')
    term.boot()
    term.seconds(4)
    assert term.kinds() == [UNKNOWN]


def test_first_start():
    """With no checkpoint the first reading is where it begins."""
    load, unit, term = station()
    load.change(40, 5, 30, 4, 20, 3)
    load.t += 8000 * 50
    term.boot()
    term.seconds(10)
    assert term.kinds() == []
    assert abs(term.net()[0] - mwh(40, 10000)) <= 3  # 4549 is not quite 2**-14 of full scale


random.seed(41)
assert FULL > 1 << 37
for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
print("OK")
