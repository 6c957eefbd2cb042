"""The head-end: its ledger, and itself at a real broker, telling the truth and lying."""

import json
import threading

import paho.mqtt.client as paho
import pytest

from tools.headend.client import HeadEnd
from tools.headend.ledger import Ledger
from tools.headend.lies import GARBAGE, KINDS
from tools.station.broker import Broker

WAIT_S = 20


def event(seq, boot=1, **more):
    return {"event": "E", "device": None, "stamp_ms": 1, "boot": boot, "seq": seq, **more}


def curve(device, end_ms, **more):
    return {"device": device, "end_ms": end_ms, "marks": 0, "values": {}, **more}


def test_in_order():
    ledger = Ledger()
    for seq in (1, 2, 3):
        assert ledger.take("ttu/s/event", event(seq)) == ("event", 1, seq)
    assert json.loads(ledger.answer()) == {"upto": [1, 3], "events": [[1, 1, 2, 3]]}
    assert ledger.answer() is None


def test_a_gap_is_held_back_until_it_is_closed():
    ledger = Ledger()
    ledger.take("ttu/s/event", event(1))
    assert ledger.take("ttu/s/event", event(3, after=[1, 2])) is None
    assert json.loads(ledger.answer())["events"] == [[1, 1]]
    assert ledger.take("ttu/s/event", event(2, again=True)) and ledger.held == 1
    assert ledger.take("ttu/s/event", event(3, again=True, after=[1, 2]))
    # and one that nothing is waited for before is a gap of the terminal's
    assert ledger.take("ttu/s/event", event(9)) and ledger.gaps == 5
    assert ledger.take("ttu/s/event", event(1, boot=2)) and ledger.gaps == 5
    assert ledger.late == ledger.undeclared == 0


def test_repetitions():
    ledger = Ledger()
    ledger.take("ttu/s/event", event(1))
    ledger.answer()
    assert ledger.take("ttu/s/event", event(1, again=True)) is None
    assert json.loads(ledger.answer())["events"] == [[1, 1]]  # acknowledged again
    ledger.take("ttu/s/event", event(1))
    ledger.take("ttu/s/event", event(5, early=True))
    numbers = ledger.numbers()
    assert (numbers["repeated"], numbers["undeclared"], numbers["early"]) == (1, 1, 1)
    assert numbers["taken"] == 1


def test_curves():
    ledger = Ledger()
    for end_ms in (900, 1800):
        for device in "ab":
            ledger.take(f"ttu/s/{device}/curve", curve(device, end_ms))
    assert ledger.take("ttu/s/a/curve", curve("a", 3600, after=2700)) is None
    assert json.loads(ledger.answer()) == {"curve": [[900, "a", "b"], [1800, "a", "b"]]}
    assert ledger.take("ttu/s/a/data", {"seq": 1}) is None and ledger.live == 1
    ledger.take("ttu/s/a/curve", curve("a", 899))
    assert ledger.late == 1


class Station:
    """A client that sends, and hears what the head-end says."""

    def __init__(self, port):
        self.heard = []
        self.news = threading.Condition()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._ready = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe("ttu/+/ack", 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)

    def __enter__(self):
        self._client.loop_start()
        assert self._ready.wait(WAIT_S)
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, _client, _data, message):
        with self.news:
            self.heard.append((message.topic, message.payload))
            self.news.notify_all()

    def send(self, topic, body):
        self._client.publish(topic, json.dumps(body), qos=1).wait_for_publish(WAIT_S)

    def wait(self, count):
        with self.news:
            assert self.news.wait_for(lambda: len(self.heard) >= count, WAIT_S), self.heard
            return list(self.heard)


@pytest.fixture(scope="module")
def broker():
    with Broker("auto") as running:
        yield running


def test_it_acknowledges(broker):
    with HeadEnd(broker.port, name="h1") as headend, Station(broker.port) as station:
        station.send("ttu/st%2F1/event", event(1))
        assert station.wait(1) == [("ttu/st%2F1/ack", b'{"upto":[1,1],"events":[[1,1]]}')]
        station.send("ttu/st%2F1/x/curve", curve("x", 900))
        assert station.wait(2)[1][1] == b'{"curve":[[900,"x"]]}'
        station.send("ttu/st%2F1/event", {"nothing": 1})
        station.send("ttu/st%2F1/event", event(2))
        station.wait(3)
        assert headend.broken == 1 and list(headend.ledgers) == ["st/1"]


def test_its_session_outlives_its_connection(broker):
    with Station(broker.port) as station:
        with HeadEnd(broker.port, name="h2"):
            pass
        station.send("ttu/s2/event", event(1))
        with HeadEnd(broker.port, name="h2") as headend:
            station.wait(1)
            assert headend.ledgers["s2"].taken == 1


@pytest.mark.parametrize("lie", KINDS)
def test_it_lies(broker, lie):
    options = {"name": f"h-{lie}", "lie": lie, "late_s": 0.3, "count": 1}
    with HeadEnd(broker.port, **options) as headend, Station(broker.port) as station:
        station.send("ttu/s/event", event(1))
        if lie == "nothing":
            station.send("ttu/s/event", event(2))
            assert not station.heard
            return
        said = station.wait(1)[0][1]
        if lie == "garbage":
            assert said in GARBAGE
        elif lie == "unsent":
            assert json.loads(said)["upto"][1] > 1 << 30
        else:
            assert json.loads(said)["upto"] == [1, 1]
        assert headend.is_dead.wait(2) == (lie == "die")
