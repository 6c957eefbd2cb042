"""The telemetry module on virtual time, emulated chips and the real driver in a real slot."""

import random

import pytest
from telemetry_bench import Bench


def test_edges_have_their_own_milliseconds():
    bench = Bench(ms=2000)
    when = {3: 500.4, 7: 612.9, 8: 612.9, 12: 700.0}
    for n, ms in when.items():
        bench.at(ms, **{f"di{n}": 1})
    bench.at(900.2, di3=0)
    bench.run()
    told = bench.states()
    assert [(name, before, now) for name, before, now, _ in told] == [
        ("di3", 0, 1),
        ("di7", 0, 1),
        ("di8", 0, 1),
        ("di12", 0, 1),
        ("di3", 1, 0),
    ]
    for (_, _, _, stamp), ms in zip(told, [*when.values(), 900.2], strict=True):
        assert abs(stamp - ms) <= 1
    # told when steady for the 10 ms of the setting, not at the next look
    late = [row[0] - (int(row[6]) - bench.host._plan["utc_ms"]) for row in bench.told]
    assert max(late) < 15
    assert bench.report["stats"]["5"]["late"] == 0


def test_a_bounce_is_one_change_with_the_stamp_of_its_first_edge():
    bench = Bench(ms=2000)
    bench.at(500, di3=1, bounce=7)
    bench.at(900, pulses=["di4", 2, 4])  # there and back: no change at all
    bench.run()
    assert bench.states() == [("di3", 0, 1, 500)]
    assert 515 < bench.told[0][0] < 520  # the last edge was at 506
    rows = {row[1]: row for row in bench.report["views"]["5.inputs"][1]}
    assert rows["di3"][2:] == ["1", 7, 1]
    assert rows["di4"][2:] == ["0", 2, 0]
    assert bench.report["stats"]["5"]["lost"] == 0


def test_a_change_back_while_the_first_is_read_is_not_lost():
    bench = Bench(ms=1500, cfg={"debounce_ms": 1})
    # the interrupt's task reads at 500.0: the second change comes between its edge and that
    pulled = []

    def change_again(address, out):
        if address == 0x25 and out == b"\x0a" and bench.host.time.us >= 500000 and not pulled:
            pulled.append(1)
            bench.modules[5].set(di9=1)
            bench.modules[5].set(di2=0)

    bench.host.before_transfer = change_again
    bench.at(500, di2=1)
    bench.run()
    assert pulled
    assert bench.states("di9") == [("di9", 0, 1, 500)]
    assert bench.report["views"]["5.inputs"][1][1][2:4] == ["0", 2]  # di2: both edges were seen


def test_chatter_is_told_once_and_ends_with_the_state_then():
    bench = Bench(ms=9000, shots=[3000], cfg={"calm_s": 2})
    bench.at(1000, pulses=["di3", 151, 13])  # until 2950
    bench.at(1200.5, di4=1)
    bench.run()
    states = bench.states("di3")
    assert len(states) == 21  # 20 changes a second, and the state when it was calm
    events = bench.events("INPUT_CHATTER")
    assert [text.split(" after")[0] for _, text in events] == ["di3 chatters", "di3 is calm"]
    assert 1250 < events[0][0] < 1300
    assert 4950 <= events[1][0] < 4990
    assert int(events[1][1].split()[4]) > 60
    assert states[-1][:3] == ("di3", 0, 1)
    assert abs(states[-1][3] - 2950) < 25  # the last edge, as far as one looked
    assert bench.point("telemetry-5.di3", 3000)[2] == "NT BL"
    assert bench.point("telemetry-5.di3")[2] == "good"
    assert bench.states("di4") == [("di4", 0, 1, 1200)]  # others keep their time
    assert bench.report["stats"]["5"]["lost"] == 0


def test_an_input_that_is_never_steady_chatters():
    bench = Bench(ms=5000, cfg={"calm_s": 1})
    bench.at(1000, pulses=["di1", 2000, 1])  # until 2999, back where it began
    bench.run()
    assert bench.states("di1") == []
    began, ended = bench.events("INPUT_CHATTER")
    assert 1490 < began[0] < 1520
    assert 3990 < ended[0] < 4050
    stats = bench.report["stats"]["5"]
    assert stats["looks"] < 1000  # two a millisecond for half a second, then one in 20 ms
    assert bench.point("telemetry-5.di1")[:3] == ["0", "", "good"]


TRANSFORMER = {5: [[5, "transformer", "0", 0, "-", "t1"]]}


def test_switches_with_two_contacts():
    bench = Bench(ms=9000, rows=TRANSFORMER, shots=[700, 2050])
    bench.at(10, di2=1, di4=1)  # both off, before the driver looks
    bench.at(500, di2=0)
    bench.at(1500, di1=1)  # 10: on
    bench.at(2000, di2=1)  # 11 for 80 ms: one contact is late
    bench.at(2080, di1=0)
    bench.at(3000, di1=1)  # 11 for good
    bench.at(3500, di2=0)
    bench.at(4000, di1=0)  # 00, stuck
    bench.at(8000, di1=1)
    bench.run()
    on, off, faulty, between = 2, 1, 3, 0
    assert bench.states("main-switch") == [
        ("main-switch", off, on, 1500),
        ("main-switch", on, off, 2080),
        ("main-switch", off, faulty, 3000),
        ("main-switch", faulty, on, 3500),
        ("main-switch", on, between, 4000),
        ("main-switch", between, on, 8000),
    ]
    told = [row[0] for row in bench.told if row[3:4] == ["main-switch"]]
    assert 3100 < told[2] < 3130
    assert 7000 < told[4] < 7050
    assert bench.point("t1.main-switch", 700)[::2] == ["1", "NT"]
    assert bench.point("t1.earth-switch")[::2] == ["1", "good"]


def test_a_switch_with_a_contact_that_chatters():
    bench = Bench(ms=6000, rows=TRANSFORMER, cfg={"calm_s": 1}, shots=[2400])
    bench.at(10, di2=1)
    bench.at(1000, pulses=["di2", 200, 5])  # until 1995, back where it began
    bench.run()
    texts = [text for _, text in bench.events("INPUT_CHATTER")]
    assert texts[0] == "main-switch off chatters"
    assert texts[1].startswith("main-switch off is calm after ")
    assert bench.states("main-switch") == []
    assert bench.point("t1.main-switch", 2400)[::2] == ["1", "NT BL"]
    assert bench.point("t1.main-switch")[::2] == ["1", "good"]


def test_the_sequence_of_events_keeps_the_order_and_the_last_256():
    bench = Bench(ms=16000, cfg={"debounce_ms": 2, "chatter": 200, "analog_s": 60})
    for i in range(300):
        bench.at(1000.5 + 40 * i, **{f"di{i % 5 + 1}": 1 - i // 5 % 2})
    bench.run()
    header, rows = bench.report["views"]["5.soe"]
    assert header[1] == "utc_ms"
    assert len(rows) == 256
    start = bench.host._plan["utc_ms"]
    expected = [
        (i, start + 1000 + 40 * i, i % 5 + 1, f"di{i % 5 + 1}", "01"[1 - i // 5 % 2])
        for i in range(44, 300)
    ]
    assert [tuple(row) for row in rows] == expected


def test_a_lost_interrupt_costs_the_time_and_is_told():
    bench = Bench(ms=12000, cfg={"analog_s": 60})
    bench.at(400, interrupt=0)
    bench.at(500, di1=1)
    bench.at(1000, interrupt=1)
    bench.at(1500, di1=0)
    bench.at(2000, interrupt=0)
    bench.at(2100, di2=1)  # these two are told together, 10 s later
    bench.at(2600, di2=0)
    bench.run()
    late, right = bench.states("di1")
    assert 500 <= late[3] <= 700
    assert right[3] == 1500
    missed = bench.events("INPUTS_MISSED")
    text = "changes found late or in part: %d, by up to 150 ms"
    assert [words for _, words in missed] == [text % 1, text % 2]
    assert 10000 <= missed[1][0] - missed[0][0] <= 10200
    stats = bench.report["stats"]["5"]
    assert (stats["lost"], stats["late"]) == (3, 3)
    assert bench.report["attended"] == [False]


def test_a_stamp_is_the_edge_s_however_late_the_task_comes():
    bench = Bench(ms=3000, lag_ms=8, cfg={"analog_s": 60})
    for i in range(20):
        bench.at(500.2 + 100 * i, **{f"di{i % 12 + 1}": 1 - i // 12})
    bench.run()
    assert [stamp for *_, stamp in bench.states()] == [500 + 100 * i for i in range(20)]


def test_without_an_interrupt_line_it_looks():
    bench = Bench(ms=3000, has_line=False)
    bench.at(500, di1=1)
    bench.at(1111, di1=0)
    bench.run()
    assert [row[:3] for row in bench.states()] == [("di1", 0, 1), ("di1", 1, 0)]
    assert [0 <= row[3] - at <= 170 for row, at in zip(bench.states(), (500, 1111))] == [True] * 2
    assert not bench.events("INPUTS_MISSED")


def test_modules_may_share_one_interrupt_line():
    bench = Bench(ms=4000, slots=(2, 5), is_shared=True)
    bench.at(500.3, slot=2, di1=1)
    bench.at(600.3, slot=5, di2=1)
    bench.at(700.3, slot=5, di3=1)
    bench.at(700.9, slot=2, di3=1)
    bench.do(2000, lambda: bench.host.unplug(2))
    bench.at(3000.3, slot=5, di2=0)
    bench.run()
    assert [(row[0], row[3]) for row in bench.states()] == [
        ("di1", 500),
        ("di2", 600),
        ("di3", 700),
        ("di3", 700),
        ("di2", 3000),
    ]
    assert bench.report["stats"]["5"]["late"] == 0
    assert not bench.events("INPUTS_MISSED")


def test_a_line_that_another_holds_costs_the_time_only():
    bench = Bench(ms=2000, slots=(2, 5), is_shared=True)
    bench.at(400, slot=2, stuck=1)
    bench.at(600, slot=5, di1=1)
    bench.run()
    assert 600 <= bench.states("di1")[0][3] <= 760


def test_analog_inputs_and_their_conditions():
    bench = Bench(ms=14000, shots=[1900, 3900, 5900, 7900, 9900, 11900])
    bench.at(100, ai1=12.5, ai2=4, ai3=7.3, ai4=63.4)
    bench.at(2000, ai1="open", ai2=20.7, ai3=11.2, ai4="open")
    bench.at(4000, ai1=3.55, ai2=21.5, ai3=-0.5, ai4="short")
    bench.at(6000, ai1=3.62, ai2=3.7, ai3=10, ai4=-50)  # just inside: not yet well
    bench.at(8000, ai1=3.9, ai2=20.49, ai3=0, ai4=210)
    bench.at(10000, ai1=20, ai2=20, ai3=5, ai4=199)
    bench.run()

    def shown(shot):
        rows = [bench.point(f"telemetry-5.ai{n}", shot) for n in range(1, 5)]
        return [(row[0], row[2]) for row in rows]

    def close(found, *values):
        for (text, quality), value in zip(found, values, strict=True):
            assert quality == "good"
            assert abs(float(text) - value) <= 0.1001

    close(shown(1900), 12.5, 4, 7.3, 63.4)
    iv, ov = "IV", "OV"
    assert [quality for _, quality in shown(3900)] == [iv, ov, ov, iv]
    assert [quality for _, quality in shown(5900)] == [iv, "IV OV", ov, iv]
    assert [quality for _, quality in shown(7900)] == [iv, ov, "good", "OV"]
    assert [quality for _, quality in shown(9900)] == ["good", "good", "good", ov]
    close(shown(11900), 20, 20, 5, 199)
    texts = [text.split(",")[0] for _, text in bench.events("ANALOG")]
    assert [text for text in texts if text.startswith("ai1")] == ["ai1 is open", "ai1 is good"]
    assert [text for text in texts if text.startswith("ai2")] == [
        "ai2 is over range",
        "ai2 is fault signal",
        "ai2 is under range",
        "ai2 is good",
    ]
    assert [text for text in texts if text.startswith("ai4")] == [
        "ai4 is open",
        "ai4 is short",
        "ai4 is under range",
        "ai4 is over range",
        "ai4 is good",
    ]


def test_limits_have_a_hysteresis_and_two_wires_their_resistance():
    bench = Bench(ms=30000, rows=TRANSFORMER, options={"lead_ohm": 0.4})
    for second, celsius in enumerate((80, 94.9, 95.2, 94.5, 93.1, 92.8, 95.3), 1):
        bench.at(4000 * second - 2000, ai4=celsius)
    bench.at(100, ai1=12, ai2=12, ai3=5)
    bench.run()
    events = [text for _, text in bench.events("ANALOG") if text.startswith("oil-top")]
    assert events == [
        "oil-top is high, 95.2 degC",
        "oil-top is good, 92.8 degC",
        "oil-top is high, 95.3 degC",
    ]
    assert bench.point("t1.oil-top")[:3] == ["95.3", "degC", "good"]
    assert bench.point("t1.oil-level")[:3] == ["50.0", "%", "good"]


def test_two_modules_share_the_address_of_their_converters():
    bench = Bench(ms=20000, slots=(2, 5), options={"pace": 1.1})
    bench.at(50, slot=2, ai1=8, ai4=10)
    bench.at(50, slot=5, ai1=16, ai4=110)
    both = []

    def watch(address, out):
        answering = [n for n, module in bench.modules.items() if module.chips[0x48].is_answering()]
        if address == 0x48:
            both.append(len(answering))

    bench.host.before_transfer = watch
    bench.run()
    assert len(both) > 200 and set(both) == {1}
    for slot, ma, celsius in ((2, 8, 10), (5, 16, 110)):
        assert float(bench.point(f"telemetry-{slot}.ai1")[0]) == ma
        assert abs(float(bench.point(f"telemetry-{slot}.ai4")[0]) - celsius) <= 0.1
    assert not [row for row in bench.told if row[1] == "failed"]


def test_a_chip_that_was_reset_or_is_gone_ends_the_session_in_bounded_time():
    bench = Bench(ms=12000, shots=[1150, 5900])
    bench.at(900, di1=1)
    bench.at(1000.3, reset=1)
    bench.at(4000, converter=0)
    bench.at(5000, converter=1)
    bench.do(9000, lambda: bench.host.unplug(5))
    bench.run()
    failed = [(row[0], row[3]) for row in bench.told if row[1] == "failed"]
    texts = [text for _, text in failed]
    assert texts[0] == "the MCP23017 at 0x25 lost its settings"
    assert 1000 < failed[0][0] < 1160
    assert 4000 < failed[1][0] < 5200
    assert texts[-1] == "the MCP23017 at 0x25 does not answer"
    assert 9000 < failed[-1][0] < 9160
    assert "IV" in bench.point("telemetry-5.di1", 1150)[2]
    assert "IV" in bench.point("telemetry-5.ai1", 5900)[2]
    assert all("IV" in row[2] for row in bench.report["points"].values())


def test_a_converter_that_forgets_is_no_open_loop():
    bench = Bench(ms=3000)
    bench.at(50, ai1=12, ai2=12)
    bench.at(1130, converter=1)  # a conversion is under way
    bench.run()
    assert [row[3] for row in bench.told if row[1] == "failed"] == [
        "the ADS1115 lost its settings"
    ]
    assert [text for _, text in bench.events("ANALOG") if "open" in text] == []


def test_a_slow_converter_is_waited_for_but_not_for_ever():
    bench = Bench(ms=3000, options={"pace": 1.6})
    bench.at(50, ai1=12, ai2=16)
    bench.run()
    assert [bench.point(f"telemetry-5.ai{n}")[0] for n in (1, 2)] == ["12.00", "16.00"]
    bench = Bench(ms=3000, options={"pace": 5})
    bench.run()
    failed = [row[3] for row in bench.told if row[1] == "failed"]
    assert failed == ["the ADS1115 does not finish a conversion"]


def test_plugged_again_nothing_stale_looks_valid():
    bench = Bench(ms=8000, shots=[2500, 5000])
    bench.at(1000, di1=1, ai1=10)
    bench.do(2000, lambda: bench.host.unplug(5))
    bench.do(3000, lambda: bench.plug(5))  # another one: di1=0, 4 mA
    bench.run()
    assert all("IV" in row[2] for row in bench.report["shots"]["2500"].values())
    for shot in (5000, None):
        assert bench.point("telemetry-5.di1", shot)[::2] == ["0", "good"]
        assert bench.point("telemetry-5.ai1", shot)[::2] == ["4.00", "good"]
        assert bench.point("telemetry-5.di1", shot)[3] > bench.host._plan["utc_ms"] + 3000 - 1


def test_a_wrong_profile_is_said():
    bench = Bench(ms=1000, rows={5: [[5, "meter-645", "0", 0, "-", "x"]]})
    bench.run()
    text = "x: a telemetry module has no profile meter-645, but telemetry, transformer"
    assert [row[3] for row in bench.told if row[3] == text] == [text]


def _steady(edges, debounce_s):
    """What a log of edges means, by another way: {name: [(state, ms of the first edge)]}."""
    found = {}
    for name in {name for _, name, _ in edges}:
        mine = [(at, level) for at, other, level in edges if other == name]
        state, first = 0, None
        for (at, level), after in zip(mine, [*[at for at, _ in mine[1:]], 1e9], strict=True):
            first = at if first is None else first
            if after - at >= debounce_s:
                if level != state:
                    found.setdefault(name, []).append((level, 1000 * first))
                state, first = level, None
    return found


@pytest.mark.parametrize("lag_ms, seconds, off_ms", [(0, 20, 1), (3, 10, 15)])
def test_random_edges_are_all_told(lag_ms, seconds, off_ms):
    """Also when every interrupt keeps the terminal, and the next edges, waiting."""
    rng = random.Random(20261129)
    bench = Bench(ms=1000 * seconds + 2000, lag_ms=lag_ms, options={"bounce_us": 1300})
    levels = [0] * 13
    for n in range(1, 13):
        at = 500 + rng.uniform(0, 400)
        while at < 1000 * seconds:
            if rng.random() < 0.15:
                bench.at(at, pulses=[f"di{n}", 2, rng.uniform(0.2, 4)])  # a glitch
            else:
                levels[n] ^= 1
                bounce = rng.choice((1, 1, 3, 5))
                bench.at(at, **{f"di{n}": levels[n]}, bounce=bounce)
            at += rng.choice((rng.uniform(60, 300), rng.uniform(60, 3000)))
    bench.run()
    wanted = _steady(bench.modules[5].edges, 0.010)
    assert sum(len(rows) for rows in wanted.values()) > 8 * seconds
    for name, rows in wanted.items():
        told = [(now, stamp) for _, _, now, stamp in bench.states(name)]
        assert [state for state, _ in told] == [state for state, _ in rows]
        worst = max(abs(stamp - at) for (_, stamp), (_, at) in zip(told, rows, strict=True))
        assert worst <= off_ms, name
    assert bench.report["stats"]["5"]["lost"] == 0
