"""`make modem`: the bars on a small number of faults, the same numbers for the same seed, and that
a driver with a defect does not pass."""

import pytest

from tools.emulator.cellular import Module
from tools.modem import __main__ as program
from tools.modem import content, faults
from tools.modem.echo import Echo


def silent(text):
    pass


def bench(*words):
    return program.bench(program.parse(list(words)), silent)


def test_all_bars_are_met():
    result = bench("--faults", "20", "--seed", "1")
    assert program.missed(result) == []
    # it was put to the test: all that come often, connections that ended, bytes that came
    often = {make(FIRST).kind for make, weight in faults.KINDS if weight > 1}
    assert often <= set(result["kinds"])
    assert result["connections"] > 40 and result["bytes"] > 300000
    assert result["power_cycles"] and result["resets"]


def test_same_seed_same_numbers():
    words = ("--faults", "4", "--seed", "5", "--mode", "push")
    assert bench(*words) == bench(*words)


@pytest.mark.parametrize(
    ("plant", "kind", "key"),
    [
        (1, "garbage", "bytes_corrupted"),
        (2, "dead", "recovered_pct"),
        (3, "crash", "recovered_pct"),
    ],
)
def test_defects_are_caught(plant, kind, key):
    """No CR LF check; a bound forgotten; nobody looks after a socket."""
    words = ("--faults", "4", "--seed", "2", "--kind", kind, "--mode", "push")
    assert program.missed(bench(*words)) == []
    result = bench(*words, "--plant", str(plant))
    assert any(text.startswith(key) for text in program.missed(result)), result


class First:
    """Draws the first of everything."""

    def uniform(self, low, high):
        return low

    def randrange(self, low, high):
        return low

    def choice(self, values):
        return values[0]

    def random(self):
        return 0.0


FIRST = First()


def test_wrong_words():
    for words in (("--faults", "0"), ("--mode", "x"), ("--seed", "y")):
        with pytest.raises(SystemExit):
            program.parse(list(words))


def test_the_peer_sees_every_wrong_byte():
    told = []
    echo = Echo(told.append)
    heard = []

    class Listener:
        def opened(self):
            pass

        def received(self, data):
            heard.append(data)

    peer = echo.dial("peer", 7, Listener())
    peer.send(content.greeting(1, 2)[:3])
    right = content.piece(1, 2, 0, 100, False)
    peer.send(content.greeting(1, 2)[3:] + right[:50])
    peer.send(right[50:70] + bytes([right[70] ^ 1]) + right[71:])
    assert echo.corrupted == 1 and "1 wrong bytes from 70 on" in told[0]
    assert b"".join(heard) == content.piece(1, 2, 0, 100, True)


def test_faults_are_the_module_s():
    """Every fault of the bench is one that the emulated module takes, under its own name."""

    class Port:
        loop = None

        def now(self):
            return 0.0

        def later(self, seconds, call):
            pass

        def send(self, data):
            pass

    module = Module(Port(), 1, {"network": None})
    module.power(True)
    for make, _ in faults.KINDS:
        fault = make(FIRST)
        assert fault.kind in faults.NAMES and make.__name__[1:] == fault.kind
        for _, values in fault.steps:
            module.set(**values)
        module.set(**fault.undo)
    for wrong in ({"fly": 1}, {"drop": 2.0}, {"dead": 1}, {"signal": 0}, {"rate": 0.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            module.set(**wrong)
