"""The telemetry module on virtual time, emulated chips and the real driver in a real slot."""

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
