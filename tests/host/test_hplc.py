"""`make hplc`: the bars on small networks, faults of the module and its port, orders of people,
and that a driver with a defect does not pass."""

import pytest

from tools.hplc import __main__ as program
from tools.hplc.run import Run

CALM = "calm", lambda module: None


def plan(*words):
    return program.parse(["--nodes", "8", "--join-s", "2", *words])


def bench(*words):
    wishes = plan(*words)
    result = Run(wishes).go()
    return program.missed(wishes, result), result


def play(*words, orders=(), phases=()):
    """A Run that was played, without an outage."""
    run = Run(plan("--outage", "0", *words), orders, phases)
    run.result = run.go()
    assert run.wrong == 0 and run.values > 100
    return run


@pytest.fixture(scope="module")
def small():
    return bench("--nodes", "20", "--dead", "1")


def test_all_bars_are_met(small):
    errors, result = small
    assert errors == []
    # it was put to the test
    assert result["lost_frames"] > 5 and result["most_at_once"] == 5
    assert result["outage_members"] == 19 and result["retries"] > 10


def test_a_seed_is_a_run(small):
    again = bench("--nodes", "20", "--dead", "1")[1]
    assert {k: v for k, v in again.items() if "heap" not in k} == {
        k: v for k, v in small[1].items() if "heap" not in k
    }


@pytest.mark.parametrize(
    "words",
    [
        ("--uart-loss", "8", "--archive", "40"),
        ("--nodes", "3", "--old"),
        ("--nodes", "12", "--busy"),
        ("--nodes", "6", "--loss", "12", "--outage", "0"),
    ],
    ids=" ".join,
)
def test_a_worse_world(words):
    errors, result = bench(*words, "--seed", "3")
    assert errors == [] and result["failures"] == []


def test_a_module_that_starts_anew_is_served_again():
    run = play(phases=[("restart", lambda m: m.set(restart=True)), CALM, ("3", CALM[1])])
    assert run.status["resets"] == 2 and run.status["reporting"]
    assert [name for _, name, _ in run.events] == ["ROUTE"]
    assert run.status["joined"] == 8 and not run.lost and run.failures == []


def test_a_silent_module_is_the_modules_failure():
    """Not that of its nodes: nobody is lost, and it is served again when it speaks."""
    phases = [
        ("silent", lambda m: m.set(silent=True)),
        ("2", CALM[1]),
        ("speaks", lambda m: m.set(silent=False)),
        ("4", CALM[1]),
        ("5", CALM[1]),
    ]
    run = play("--busy", phases=phases)
    assert "the carrier module does not answer any more" in run.failures
    assert not run.lost and run.falsely_lost == 0
    assert run.status["exchanges"] > 40 and run.status["reporting"]


def test_outages_overlap_and_come_late():
    """Half of the area, then the other half and the first once more: two events, nobody twice."""
    dark = {}

    def first(module):
        module.set(outage=4)
        dark["first"] = module.status()["out"]

    def second(module):
        module.set(outage=3)
        content = b"".join(bytes.fromhex(one)[::-1] for one in dark["first"])
        content = b"\x01" + content + bytes.fromhex("990000000099")
        unit = bytes([5, 4, len(content)]) + content
        for wait in (1.1, 5.0):  # the second time it is no news
            module.later(wait, lambda: module.link.report(0x06, 5, unit))

    run = play(phases=[("a", first), ("b", second), ("c", lambda m: m.set(restore=7)), CALM])
    told = [(name, members) for _, name, members in run.events]
    assert [name for name, _ in told] == ["OUTAGE", "OUTAGE", "POWER_BACK"]
    assert set(told[0][1]) == set(dark["first"])
    assert "990000000099" in told[1][1] and not set(told[0][1]) & set(told[1][1])
    assert len(told[1][1]) == 4 and len(told[2][1]) == 7
    assert run.falsely_lost == 0 and not run.lost


def test_a_false_outage_ends_when_the_node_answers():
    def lie(module):
        content = b"\x01" + module.network.nodes[3].address
        module.link.report(0x06, 5, bytes([5, 4, len(content)]) + content)

    run = play(phases=[("lie", lie), CALM, ("3", CALM[1])])
    name = run.names[3]
    assert [(kind, who) for _, kind, who in run.events] == [
        ("OUTAGE", [name]),
        ("POWER_BACK", [name]),
    ]


def test_meters_events_and_strangers():
    def happen(module):
        module.set(event=module.network.nodes[2].device.address)
        module.set(stranger="000000778899", route_change=3)

    run = play(phases=[("events", happen)])
    told = [(kind, members) for _, kind, members in run.events]
    assert ("METER_EVENT", []) in told and ("NODE_REJECTED", ["000000778899"]) in told
    assert len(told) == 2


def test_orders(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(bytes(k * 7 & 255 for k in range(3000)))
    spoken = Run(plan()).by_name
    address = next(name for name, node in spoken.items() if node.device.protocol == "dlt645")
    wire = bytes.fromhex(address)[::-1]
    body = b"\x68" + wire + b"\x68\x11\x04" + bytes(b + 0x33 & 255 for b in b"\x00\x00\x01\x00")
    frame = body + bytes([sum(body) & 255, 0x16])
    run = play(
        "--loss",
        "0",
        orders=[
            ("transfer", address, "dlt645", frame.hex(), 20000),
            ("transfer", "000000000000", "dlt645", frame.hex(), 1000),
            ("file", str(path)),
            ("broadcast_time",),
            ("pause",),
            ("transfer", address, 2, frame.hex(), 20000),
            ("resume",),
            ("initialise", "parameters"),
            ("restart",),
            ("archive",),
            ("restart", "now"),
            ("file",),
            ("initialise", "all"),
            ("dance",),
        ],
    )
    module, said = run.module, run.said
    wrong = (
        "refused: restart does not take",
        "refused: file does not take",
        "initialise hardware",
    )
    assert all(words in text for words, text in zip(wrong, said[-4:-1], strict=True)), said
    assert wire in eval(said[0].partition(" ")[2])  # the repr of bytes
    assert "refused: there is no node 000000000000" in said[1]
    assert module.files == 1 and module.last_file == path.read_bytes()
    assert module.clock[5] == 0x26 and len(module.broadcasts) == 2
    assert module.broadcasts[0][0] == 2 and module.broadcasts[0][2:3] == b"\x68"
    assert wire in eval(said[5].partition(" ")[2])
    assert len(module.archive) == 8 and run.status["joined"] == 8
    assert "refused" in said[-1] and run.failures == []


def test_a_frame_to_a_meter_of_a_module_that_falls_silent():
    def silence(module):
        module.set(silent=True)
        module.later(60, lambda: module.set(silent=False))

    address = next(iter(Run(plan()).by_name))
    order = "transfer", address, "dlt645", "68", 20000
    orders = [("phase", "order"), order, ("dance",), order]
    run = play(orders=orders, phases=[("order", silence), CALM])
    assert all("refused: " in said for said in run.said) and len(run.said) == 3
    assert not run.lost and run.status["reporting"]


def test_a_file_goes_on_where_it_ended(tmp_path):
    path = tmp_path / "firmware.bin"
    path.write_bytes(bytes(4000))

    def break_off(module):
        module.later(11, lambda: module.set(silent=True))
        module.later(22, lambda: module.set(silent=False))

    order = "file", str(path)
    orders = [("phase", "order"), order, ("dance",), order, ("dance",)]
    run = play("--loss", "0", orders=orders, phases=[("order", break_off)])
    assert run.status["segments"] == 16
    assert run.module.last_file == path.read_bytes() and run.module.files == 1


# --- defects


@pytest.fixture
def plant(planting):
    return planting("firmware", "modules", "board", "tools/hplc", "tools/virtual")


# file, text, what stands there instead, what is missed then
DEFECTS = (
    (
        "meters.py",
        "        dialect.master.feed(frame)\n",
        "        dialect.master._addr = 'AAAAAAAAAAAA'\n        dialect.master.feed(frame)\n",
        "wrong_values",
    ),
    ("reports.py", "            return  # told already\n", "            pass\n", "outage events"),
    (
        "gather.py",
        "self._last_ms + wait, self._first_ms",
        "self._last_ms + 20 * wait, 60000 + self._first_ms",
        "outage_to_event_s",
    ),
    ("reading.py", "min(nodes.failures[node] + 1, 250)", "250", "falsely_silent"),
    ("startup.py", "((2, extra), (1, missing))", "((1, missing),)", "on file"),
)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect[3])
def test_a_defect_does_not_pass(plant, defect):
    file, text, other, missed = defect
    plant("modules/hplc/" + file, text, other)
    errors, _ = bench("--strays", "30", "--seed", "2")
    assert missed in " ".join(errors)


def test_wrong_options_give_one_sentence():
    with pytest.raises(SystemExit) as ended:
        program.parse(["--nodes", "0"])
    assert ended.value.code == "hplc: --nodes is 1 to 512"
