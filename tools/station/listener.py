"""A foreign MQTT client (paho) beside the terminal: it judges what was really delivered, and is
the terminal's head-end: it acknowledges events and curves (tools/headend).

It listens before the terminal boots, so that nothing is missed.
"""

import json
import threading
import time
from collections.abc import Callable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tools.headend.ledger import Ledger

_SUBSCRIBE_S = 10


class Listener:
    """Subscribes to everything of the terminal; newest message a device, counts, events."""

    def __init__(self, port, topic="ttu/#"):
        self.newest = {}  # device: message
        self.events = []  # the last thousand, newest last
        self.on_event: Callable | None = (
            None  # called with (event, s of the monotonic clock), in another thread
        )
        self.delivered = set()  # (topic, boot, seq): what was received at least once
        self.repeated = 0  # received again
        self.status = None  # newest message of the retained topic, the will among them
        self.broken = 0  # not the documented JSON
        self.ledgers = {}  # level of the station in its topics: Ledger
        self._lock = threading.Lock()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._topic = topic
        self._is_listening = threading.Event()
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._is_listening.set()
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._is_listening.wait(_SUBSCRIBE_S)

    def _subscribe(self, *_):
        self._client.subscribe(self._topic, qos=1)

    def _take(self, _client, _data, message):
        now = time.monotonic()
        try:
            body = json.loads(message.payload)
        except ValueError:
            self.broken += 1
            return
        if message.topic.endswith("/status"):
            self.status = body
            return
        if message.topic.endswith("/ack"):
            return
        with self._lock:
            self._acknowledge(message.topic, body)
            if message.topic.endswith("/curve"):
                return
            key = (message.topic, body.get("boot"), body["seq"])
            self.repeated += key in self.delivered
            self.delivered.add(key)
            if message.topic.endswith("/event"):
                self.events = [*self.events[-999:], body]
                if self.on_event:
                    self.on_event(body, now)
            else:
                self.newest[body["device"]] = body

    def _acknowledge(self, topic, body):
        station = topic.split("/")[1]
        ledger = self.ledgers.setdefault(station, Ledger())
        ledger.take(topic, body)
        said = ledger.answer()
        if said is not None:
            self._client.publish(f"ttu/{station}/ack", said, qos=1)

    def values(self, device):
        """{point: number or None} of the device's newest message, {} when there is none."""
        with self._lock:
            return dict(self.newest.get(device, {}).get("values", {}))

    def stop(self):
        self._client.disconnect()
        self._client.loop_stop()
