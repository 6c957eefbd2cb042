"""A broker that breaks in every way we know: each ends within the stated bound, all recover.

The terminal itself compares its longest wait with the bound it states; the counters say which
way out it took. Repetitions are allowed (QoS 1), losses and changes are not.
"""

import pytest
from faulty_broker import FAULTS, FaultyBroker
from uplink_peer import QUICK, Subscriber, TerminalProcess, first_of_each

from tools.station.broker import Broker

EVENTS = "ttu/st1/event"

# fault: (what the terminal says of it, counters that must have moved). "disconnects" and
# "failures" tell a session that was up from one that never was.
LATE = "did not answer in time: "
EXPECTED = {
    "accepts and says nothing": (LATE + "CONNACK", ("timeouts", "failures")),
    "refuses": ("refuses: this client is not authorised", ("failures",)),
    "speaks HTTP": ("begins no packet", ("bad_packets", "failures")),
    "half a CONNACK, then silence": (LATE + "packet", ("timeouts", "failures")),
    "closes in a packet": ("warn uplink", ("disconnects",)),  # FIN or RST, as it happens
    "half a PUBACK, then silence": (LATE + "packet", ("timeouts", "disconnects")),
    "swallows PUBACKs": (LATE + "ack", ("timeouts", "disconnects", "republished")),
    "announces 256 MB": ("announced a packet of", ("bad_packets", "disconnects")),
    "a length without end": ("a length that has no end", ("bad_packets", "disconnects")),
    "acknowledges what nobody sent": ("which nobody sent", ("bad_packets", "disconnects")),
    "a message shorter than its topic": ("shorter than", ("bad_packets", "disconnects")),
    "a second CONNACK": ("out of turn", ("bad_packets", "disconnects")),
    "half-open after a PUBACK": (LATE + "ack", ("timeouts", "disconnects")),
    "swallows PINGRESPs": (LATE + "PINGRESP", ("timeouts", "disconnects")),
    "reads no more": (LATE + "ack", ("timeouts", "disconnects")),
}


@pytest.fixture(scope="module")
def broker():
    with Broker("auto") as running:
        yield running


def events_of(peer, count):
    peer.wait(lambda got: len({body for topic, body in got if topic == EVENTS}) >= count, "events")
    return [body["text"] for body in first_of_each(peer.bodies(EVENTS))]


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name, broker, micropython, device_env):
    """Twice in a row, then the broker behaves."""
    says, counted = EXPECTED[name]
    expected = {counter: 2 for counter in counted if counter != "republished"}
    options = {"events": 12, "trouble": expected, "limits": QUICK, "keepalive_s": 1}
    texts = [f"event {n}" for n in range(12)]
    if name == "swallows PINGRESPs":
        options["calm"] = False  # pings go out only where nothing else does
    with (
        FaultyBroker(broker.port, FAULTS[name], times=2) as proxy,
        Subscriber(broker.port) as peer,
        TerminalProcess(micropython, device_env, port=proxy.port, **options) as terminal,
    ):
        counters = terminal.finish()
        assert events_of(peer, len(texts)) == texts
    assert any(says in line for line in terminal.lines), terminal.lines
    assert all(counters[counter] >= expected.get(counter, 1) for counter in counted), counters
    assert counters["published"] == counters["delivered"] == len(texts)
    if "timeouts" in expected:
        # Somebody waited; another task of the same loop had its turns meanwhile.
        assert counters["beats"] > 20


def test_every_fault_is_expected_to_show():
    assert EXPECTED.keys() == FAULTS.keys()


def test_bytes_that_come_one_by_one(broker, micropython, device_env):
    """A packet in pieces is not a fault: one connection carries everything."""
    with (
        FaultyBroker(broker.port, bytewise=True) as proxy,
        Subscriber(broker.port) as peer,
        TerminalProcess(micropython, device_env, port=proxy.port, events=30) as terminal,
    ):
        counters = terminal.finish()
        assert events_of(peer, 30) == [f"event {n}" for n in range(30)]
    assert proxy.connections == counters["connects"] == 1
    assert counters["republished"] == 0
