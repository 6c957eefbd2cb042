"""The two far ends of an uplink test: paho as a foreign subscriber, the terminal as a process."""

import json
import subprocess
import threading
import time

import paho.mqtt.client as paho
from conftest import ROOT

WAIT_S = 60  # for what must come; only a failure waits so long

# Small bounds, so that a test of a time-out is short. Real ones: firmware/uplink/limits.py.
QUICK = {
    "connect_ms": 400,
    "connack_ms": 400,
    "write_ms": 400,
    "packet_ms": 300,
    "ack_ms": 400,
    "backoff_min_ms": 20,
    "backoff_max_ms": 100,
}


class Subscriber:
    """Keeps every message of ttu/# in order; reconnects by itself. Context manager."""

    def __init__(self, port):
        self.messages = []  # (topic, payload)
        self.subscribed = threading.Event()
        self._changed = threading.Condition()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("ttu/#", 1)
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_disconnect = lambda *_: self.subscribed.clear()
        self._client.on_message = self._keep
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)

    def __enter__(self):
        self._client.loop_start()
        assert self.subscribed.wait(WAIT_S)
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def _keep(self, _client, _data, message):
        with self._changed:
            self.messages.append((message.topic, message.payload))
            self._changed.notify_all()

    def publish(self, topic, payload):
        self._client.publish(topic, payload, qos=1)

    def wait(self, predicate, what):
        """Until predicate(messages); fails with what there is instead."""
        with self._changed:
            assert self._changed.wait_for(lambda: predicate(self.messages), WAIT_S), (
                what,
                self.messages,
            )

    def bodies(self, topic):
        """The JSON objects that came on a topic, in order."""
        with self._changed:
            return [json.loads(payload) for name, payload in self.messages if name == topic]


class TerminalProcess:
    """uplink_terminal.py under MicroPython. Context manager; `finish` gives its counters."""

    def __init__(self, micropython, env, **options):
        script = str(ROOT / "tests" / "host" / "uplink_terminal.py")
        self.lines = []
        self._process = subprocess.Popen(
            [*micropython, "-X", "heapsize=512k", script],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # Not as an argument: the interpreter dies of one longer than 255 bytes.
        self._process.stdin.write(json.dumps(options) + "\n")
        self._process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        print("".join(self.lines) + self._process.stdout.read())
        self._process.stdout.close()

    def wait_line(self, part):
        """Read on until a line contains `part`."""
        for line in self._process.stdout:
            self.lines.append(line)
            if part in line:
                return
        raise AssertionError("the terminal ended: " + "".join(self.lines))

    def kill(self):
        self._process.kill()

    def finish(self):
        """Its counters; fails when it did not end well or anything went uncaught."""
        self.lines += self._process.stdout.readlines()
        said = "".join(self.lines)
        assert self._process.wait(WAIT_S) == 0, said
        assert "Traceback" not in said, said
        return json.loads(self.lines[-1])


def first_of_each(bodies):
    """Events without the repetitions QoS 1 allows, by their (boot, seq)."""
    seen = {}
    for body in bodies:
        seen.setdefault((body["boot"], body["seq"]), body)
    return list(seen.values())


def settle():
    """Time for a message too many to show up."""
    time.sleep(0.2)
