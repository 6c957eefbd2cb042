"""The virtual bench: bytes take their time on a line, and a day takes none."""

import pytest

from tools.virtual.host import BenchError, Host
from tools.virtual.time import Time

SCRIPT = "tests/host/virtual_terminal.py"
DAY_MS = 86400000


class Echo:
    """Says back what it hears, 10 ms later, and asks for attention each hour."""

    def __init__(self, port, slot, options):
        self.chips = {}
        self.levels = []
        self._asks = False
        self._port = port
        self._delay = options["delay"]

    def power(self, on):
        self.levels.append(on)
        if on and not self._asks:
            self._asks = True
            self._port.later(3600, self._attend)

    def _attend(self):
        self._port.interrupt(0)
        self._port.later(0.001, lambda: self._port.interrupt(1))
        self._port.later(3600, self._attend)

    def feed(self, data):
        self._port.later(self._delay, lambda: self._port.send(data))

    def close(self):
        pass


def test_a_day_on_virtual_time():
    lines = []
    host = Host(SCRIPT, {"lengths": [10, 100], "day_ms": DAY_MS}, lines.append)
    echo = host.plug(2, "echo", Echo, {"delay": 0.01})
    report = host.run()
    # there and back at 9600 baud with parity, 11 bits a byte, and 10 ms of the echo
    assert [count for _, count in report["told"]] == [10, 100]
    for (took_ms, count), bits in zip(report["told"], (220, 2200), strict=True):
        assert abs(took_ms - 10 - 1000 * bits / 9600) <= 2, count
    assert report["shots"] == [250]
    assert lines == ["waited 5000"]
    assert bytes(report["chip"][:4]) == host.slots[2].eeprom.data[:4]
    assert report["chip"][4:] == [19]
    assert report["present"] == [False, True]
    assert echo.levels == [True, False, True]
    assert len(report["edges"]) == 24
    assert host.time.us >= DAY_MS * 1000


def test_a_terminal_that_ends_is_told():
    host = Host(SCRIPT, {"lengths": "no number"})
    host.plug(2, "echo", Echo, {"delay": 0})
    with pytest.raises(BenchError, match="the terminal's half ended: Trace"):
        host.run()


def test_what_is_cancelled_does_not_come():
    time, done = Time(), []
    time.later(2, lambda: done.append(2))
    time.later(1, lambda: done.append(1)).cancel()
    assert time.run(-1, lambda: False) is False
    assert done == [2]
    assert time.now() == 2
