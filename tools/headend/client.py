"""A small head-end: a client of the broker that takes what stations deliver, keeps a ledger of
each and acknowledges. Its session outlives its connection: the broker keeps what comes meanwhile.
"""

import json
import threading
from urllib.parse import unquote

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tools.headend.ledger import Ledger
from tools.headend.lies import GARBAGE, UNSENT

_GATHER_S = 0.05  # acknowledgements of so long go as one
_SUBSCRIBE_S = 10


class HeadEnd:
    """`ledgers`: {station: Ledger}. Context manager."""

    def __init__(self, port, host="127.0.0.1", name="headend", lie=None, late_s=60, count=10):
        """`lie`: one of lies.KINDS or None; see there for late_s and count."""
        self.ledgers = {}
        self.broken = 0  # messages that are not what is documented
        self.newest = []  # the last events, (station, body)
        self.is_dead = threading.Event()
        self._lie = lie
        self._late_s = late_s
        self._count = count
        self._lies = 0
        self._lock = threading.Lock()
        self._timer = None
        self._is_listening = threading.Event()
        self._where = (host, port)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, name, clean_session=False)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._is_listening.set()
        self._client.on_message = self._take

    def __enter__(self):
        self._client.connect(*self._where)
        self._client.loop_start()
        self._is_listening.wait(_SUBSCRIBE_S)
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribe(self, *_):
        kinds = ("ttu/+/event", "ttu/+/+/curve", "ttu/+/+/data")
        self._client.subscribe([(topic, 1) for topic in kinds])

    def _take(self, _client, _data, message):
        level = message.topic.split("/")[1]
        with self._lock:
            if self.is_dead.is_set():
                return
            ledger = self.ledgers.setdefault(unquote(level), Ledger())
            try:
                body = json.loads(message.payload)
                key = ledger.take(message.topic, body)
            except (ValueError, KeyError, TypeError):
                self.broken += 1
                return
            if key and key[0] == "event":
                self.newest = [*self.newest[-11:], (unquote(level), body)]
            if self._timer is None:
                wait_s = self._late_s if self._lie == "late" else _GATHER_S
                self._timer = threading.Timer(wait_s, self._answer)
                self._timer.daemon = True
                self._timer.start()

    def _answer(self):
        with self._lock:
            self._timer = None
            for station, ledger in self.ledgers.items():
                said = ledger.answer()
                if said is not None:
                    self._say(station, said.encode())

    def _say(self, station, said):
        topic = f"ttu/{_level(station)}/ack"
        if self._lie == "nothing":
            return
        if self._lie in ("garbage", "unsent"):
            self._lies += 1
            said = UNSENT if self._lie == "unsent" else GARBAGE[self._lies % len(GARBAGE)]
        self._client.publish(topic, said, qos=1)
        if self._lie == "die":
            self._lies += 1
            if self._lies >= self._count:
                self.ledgers = {}
                self.is_dead.set()


def _level(name):
    """A name as a level of a topic, as the terminal writes it."""
    return "".join(f"%{ord(c):02X}" if c in "/+#%" or c < " " else c for c in name)
