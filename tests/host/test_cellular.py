"""The cellular driver against the emulated modem on virtual time, scenario by scenario."""

import pytest

from tools.emulator.cellular import Module
from tools.virtual.host import Host


class Network:
    """Answers with what it hears; "flood" brings 100 KB, "end" the end."""

    def __init__(self):
        self.hosts = []
        self.heard = []

    def dial(self, host, port, listener):
        self.hosts.append((host, port))
        listener.opened()
        return _Peer(self, listener)


class _Peer:
    def __init__(self, network, listener):
        self._network = network
        self._listener = listener
        self._left = b""
        self._is_paused = False

    def send(self, data):
        self._network.heard.append(data)
        if data == b"flood":
            self._left = (bytes(range(256)) * 391)[:100000]
            self._pour()
            return
        self._listener.received(data)
        if data == b"end":
            self._listener.closed()

    def _pour(self):
        while self._left and not self._is_paused:
            piece, self._left = self._left[:1000], self._left[1000:]
            self._listener.received(piece)

    def pause(self, is_paused):
        was_paused, self._is_paused = self._is_paused, is_paused
        if was_paused and not is_paused:
            self._pour()

    def close(self):
        self._left = b""


def play(scenario, slots=(2,), faults=None, options=None, **plan):
    """(report, the first module, the network). `faults`: what the terminal's word sets."""
    network = Network()
    faults = faults or {}
    host = Host(
        "tests/host/cellular_virtual.py",
        {"scenario": scenario, "mode": "push", **plan},
        lambda word: modules[0].set(**faults[word]),
    )
    settings = {"network": network, **(options or {})}
    modules = [host.plug(slot, "cellular", Module, settings) for slot in slots]
    return host.run(), modules[0], network


@pytest.mark.parametrize("mode", ["push", "buffer"])
def test_service(mode):
    found, module, network = play("service", mode=mode)
    assert found["up_ms"] < 5000 and found["echo"] == "onetwothreefour"
    # four messages of a window are one send: 100 ms of the link, and the line
    assert network.heard == [b"onetwothreefour"] and found["echo_ms"] < 130, found
    assert found["values"][:3] == [1, 1, -71] and found["values"][5] == 1
    status = found["status"]
    assert status["state"] == "context up" and status["operator"] == "Virtual Mobile"
    assert status["technology"] == "LTE" and status["signal"] == "-71 dBm"
    assert status["network time"].endswith("s to ours") and status["address"] == "10.64.0.2"
    assert found["sockets"] == [["peer", 7, "open", 15, 15, 0]]
    assert found["at"] == '+COPS: 0,0,"Virtual Mobile",7\nOK'
    assert "only commands that ask" in found["at ('ATZ',)"]
    assert "no command fly" in found["fly ()"] and "takes one command" in found["at ()"]
    assert "somebody asked for it" in found["restart"] and found["back_ms"] < 15000
    assert found["marked"] and found["failures"] == []
    assert found["events"][0].startswith("slot 2: in service: Virtual Mobile LTE")
    assert any("power cycle 1" in text for text in found["events"])


def test_pin():
    options = {"pin": "1234"}
    found, module, _ = play("pin", pin="1234", is_right=True, options=options)
    assert found["state"] == "context up"
    found, module, _ = play("pin", pin="9999", is_right=False, options=options)
    assert found == {"state": "PIN", "sim": "the PIN was refused"}
    assert module.commands.tries == 2  # said once in ten minutes, and no power cycle forgets it
    found, module, _ = play("pin", pin="", is_right=False, options=options)
    assert found == {"state": "PIN", "sim": "SIM PIN"} and module.commands.tries == 3


def test_ppp_without_an_interface():
    found, *_ = play("ppp")
    assert found["failures"] == ["this board has no PPP"]


@pytest.mark.parametrize("mode", ["push", "buffer"])
def test_several_connections(mode):
    found, *_ = play("several", mode=mode)
    assert found["one more"] == "all 4 sockets of the modem are taken"
    assert found["right"] == [True] * 4 and found["again"] == "hello"


def test_nobody_waits_for_it():
    found, module, _ = play("unclaimed")
    assert found["sockets"] == [1, 0] and not module.connections


def test_flood():
    found, *_ = play("flood", mode="buffer")
    assert found == {"count": 100000, "right": True}
    found, *_ = play("flood", mode="push")
    assert "more than was read" in found["error"] and 0 < found["count"] < 20000
    assert found["right"]


@pytest.mark.parametrize("mode", ["push", "buffer"])
def test_lost_words(mode):
    found, *_ = play("lost_word", mode=mode, faults={"drop": {"drop": 1.0}})
    assert found["echo"] == "hello" and found["end"]
    assert found["open_ms"] < 2500 and found["echo_ms"] < 3500 and found["end_ms"] < 11000


def test_carrier():
    faults = {"refuse": {"refuse": 572}, "slow": {"refuse": 0, "latency_ms": 600.0}}
    found, *_ = play("carrier", faults=faults, port=8883)
    assert found["none"] == "UplinkError no cellular module is in service, see slots()"
    assert found["booting"] == "UplinkError the modem is not in service: booting"
    assert 3000 < found["ready_ms"] < 6000 and found["up"] == "hi"
    assert "no connection to peer:8883: the connection was refused" in found["refused"]
    assert found["enough"] == "SlotError enough" and found["sockets"] == 0


def test_two_modules():
    found, *_ = play("two", slots=(2, 5), faults={"dead": {"dead": True}})
    assert found["other"] == "still here" and "no answer" in found["one"]
    assert found["cycles"] == [1, 0] and found["back_ms"] < 30000
    assert found["blocks"] == ["cellular-2", "cellular-5"]
