"""Everything published arrives, once and unchanged, at a foreign subscriber of a real broker."""

import json

import pytest
from faulty_broker import FaultyBroker
from uplink_peer import QUICK, WAIT_S, Subscriber, TerminalProcess, first_of_each, settle

from tools.station.broker import Broker, find_mosquitto

STAMP_MS = 1_795_392_000_000
EVENTS = "ttu/st1/event"
STATUS = "ttu/st1/status"
DEVICES = ["meter-01", "Zähler 3/4", "电表+1"]
TOPICS = ["ttu/st1/meter-01/data", "ttu/st1/Zähler 3%2F4/data", "ttu/st1/电表%2B1/data"]


@pytest.fixture(params=["amqtt", "mosquitto"])
def broker(request):
    if request.param == "mosquitto" and find_mosquitto() is None:
        pytest.skip("SKIPPED: mosquitto is not installed, only amqtt judged this")
    with Broker(request.param) as running:
        yield running


def data(device, number):
    """The live message uplink_terminal.py makes of this device in that round."""
    text = (
        '{"device":"%s","stamp_ms":%d,"seq":%d,"values":{"ua":%d.%d,"ia":-0.005,"ep":null}'
        ',"q":{"ep":64}}'
    )
    value = 2305 + number
    return (text % (device, STAMP_MS, number, value // 10, value % 10)).encode()


def test_arrives_exactly(broker, micropython, device_env):
    """Ids wrap at 65535, one payload has 8 kB, names are not ASCII: all equal, none twice."""
    with (
        Subscriber(broker.port) as peer,
        TerminalProcess(
            micropython,
            device_env,
            port=broker.port,
            events=20,
            devices=DEVICES,
            big=8192,
            first_pid=65529,
            spoilt=True,
        ) as terminal,
    ):
        counters = terminal.finish()
        peer.wait(lambda got: (STATUS, b'{"state":"offline"}') in got, "the will")
        settle()
        events = peer.bodies(EVENTS)
        live = [entry for entry in peer.messages if entry[0] in TOPICS]
        states = [body["state"] for body in peer.bodies(STATUS)]
    texts = [f"event {n}" for n in range(20)] + ["ü" * 4096]
    assert events == [
        {"event": 7, "device": None, "stamp_ms": STAMP_MS, "boot": 1, "seq": n, "text": text}
        for n, text in enumerate(texts, 1)
    ]
    assert live == [(t, data(d, 1)) for t, d in zip(TOPICS, DEVICES, strict=True)]
    assert states == ["online", "offline"]
    assert counters["published"] == counters["delivered"] == 24
    assert counters["refused"] == 1  # the spoilt one, which held up nobody
    assert (counters["connects"], counters["disconnects"]) == (1, 0)


def test_commands_arrive(broker, micropython, device_env):
    """A subscription brings the broker's QoS 1 messages, and they are acknowledged."""
    options = {"commands": 30, "events": 1}
    with (
        Subscriber(broker.port) as peer,
        TerminalProcess(micropython, device_env, port=broker.port, **options) as terminal,
    ):
        # In order: the birth, the subscription, then the event.
        peer.wait(lambda got: any(topic == EVENTS for topic, _ in got), "the event")
        for number in range(30):
            peer.publish("ttu/st1/cmd/set", f"°{number}")
        counters = terminal.finish()
    assert [line for line in terminal.lines if line.startswith("got")] == [
        f"got °{n}\n" for n in range(30)
    ]
    assert counters["received"] == 30


def test_broker_restart(broker, micropython, device_env):
    """Killed and started again: no event is lost, of live values the newest arrives."""
    options = {"events": 5, "devices": DEVICES, "rounds": 6, "trouble": {"disconnects": 1}}
    options["limits"] = QUICK
    with (
        FaultyBroker(broker.port) as proxy,
        Subscriber(broker.port) as peer,
        TerminalProcess(micropython, device_env, port=proxy.port, **options) as terminal,
    ):
        peer.wait(lambda got: len(got) >= 5 + len(DEVICES) + 1, "the first messages")
        proxy.gate.clear()  # until the subscriber is back: nothing is retained but the status
        broker.kill()
        terminal.wait_line("rounds are put")
        peer.subscribed.clear()
        broker.start()
        assert peer.subscribed.wait(WAIT_S)
        proxy.gate.set()
        counters = terminal.finish()
        peer.wait(lambda got: sum(topic == EVENTS for topic, _ in got) >= 11, "all events")
        settle()
        events = peer.bodies(EVENTS)
        newest = dict(peer.messages)
    texts = [f"event {n}" for n in range(5)] + [f"round {n}" for n in range(6)]
    assert [body["text"] for body in first_of_each(events)] == texts
    for topic, device in zip(TOPICS, DEVICES, strict=True):
        assert newest[topic] == data(device, 7)
    assert counters["outbox"]["replaced"] == 5 * len(DEVICES)
    assert counters["outbox"]["dropped_events"] == 0
    assert counters["failures"] >= 1


def test_broker_absent_at_start(micropython, device_env):
    """Nobody listens at first: the terminal keeps trying, at its own pace, and gets through."""
    with (
        Broker("auto") as broker,
        FaultyBroker(broker.port) as proxy,
        Subscriber(broker.port) as peer,
    ):
        proxy.gate.clear()
        options = {"events": 3, "trouble": {"failures": 3}, "limits": QUICK}
        with TerminalProcess(micropython, device_env, port=proxy.port, **options) as terminal:
            terminal.wait_line("trouble")
            proxy.gate.set()
            counters = terminal.finish()
        peer.wait(lambda got: sum(topic == EVENTS for topic, _ in got) >= 3, "the events")
    assert counters["connects"] == 1
    assert counters["published"] == counters["delivered"] == 3
    assert counters["republished"] == 0


def test_full_outbox_keeps_the_newest_events(micropython, device_env):
    """A bounded box: the oldest events go, counted; the rest arrives in order."""
    with Broker("auto") as broker, Subscriber(broker.port) as peer:
        options = {"events": 10, "outbox": {"event_items": 4}}
        with TerminalProcess(micropython, device_env, port=broker.port, **options) as terminal:
            counters = terminal.finish()
        peer.wait(lambda got: sum(topic == EVENTS for topic, _ in got) >= 4, "the events")
        settle()
        texts = [body["text"] for body in peer.bodies(EVENTS)]
    assert texts == [f"event {n}" for n in range(6, 10)]
    assert counters["outbox"]["dropped_events"] == 6


def test_payloads_are_json(broker, micropython, device_env):
    """What stands in the topics above is JSON that any reader takes apart."""
    assert json.loads(data("x", 1))["values"] == {"ua": 230.6, "ia": -0.005, "ep": None}
