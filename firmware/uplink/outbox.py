"""What waits to be published: bounded in items and bytes, in two lanes.

Live values are keyed by device: a newer one takes the place of the older one that still
waits. Events are kept in order and never replaced; the oldest goes when the lane is full.
Held in RAM. `begin`, `take`, `remove`, `discard`, `give_back` and `wake` are all a session uses:
see delivery for what takes this one's place.
"""


class Item:
    """One message. `device` is None for an event."""

    def __init__(self, topic, payload, device):
        self.topic = topic
        self.payload = payload
        self.device = device
        self.tries = 0  # times it was sent

    @property
    def size(self):
        return len(self.topic) + len(self.payload)


class Lane:
    """Waiting and flying items of one kind; the limits count both."""

    def __init__(self, max_items, max_bytes):
        self.max_items = max_items
        self.max_bytes = max_bytes
        self.waiting = []  # oldest first
        self.flying = []  # taken and not yet acknowledged, in the order taken
        self.bytes = 0
        self.dropped = 0  # items lost because the lane was full

    def __len__(self):
        return len(self.waiting) + len(self.flying)

    def add(self, item):
        """Append; the oldest waiting ones make room. Returns the items that had to go."""
        self.waiting.append(item)
        self.bytes += item.size
        return self.trim(item)

    def trim(self, keep):
        """Drop waiting items, oldest first and `keep` last, until the limits hold."""
        gone = []
        while self.waiting and (len(self) > self.max_items or self.bytes > self.max_bytes):
            oldest = 1 if self.waiting[0] is keep and len(self.waiting) > 1 else 0
            item = self.waiting.pop(oldest)
            self.bytes -= item.size
            self.dropped += 1
            gone.append(item)
        return gone

    def take(self):
        """The oldest waiting item, now flying; None when nothing waits."""
        if not self.waiting:
            return None
        item = self.waiting.pop(0)
        self.flying.append(item)
        return item

    def remove(self, item):
        """Forget a flying item."""
        self.flying.remove(item)
        self.bytes -= item.size

    def give_back(self):
        """All that flies waits again, before everything younger. Returns those items."""
        back = self.flying
        self.waiting = back + self.waiting
        self.flying = []
        return back


def _no_one():
    pass


class Outbox:
    def __init__(self, event_items=256, event_bytes=32768, live_items=256, live_bytes=65536):
        self.events = Lane(event_items, event_bytes)
        self.live = Lane(live_items, live_bytes)
        self.replaced = 0  # live values overtaken by a newer one before they were sent
        self.refused = 0  # messages larger than their whole lane
        self.wake = _no_one  # called after each put; the session sets it
        self._newest = {}  # device -> its live item that waits
        self._events_next = True

    def put_event(self, topic, payload):
        """Queue an event (bytes, bytes). False when there was no room even after dropping."""
        item = Item(topic, payload, None)
        if not self._fits(self.events, item):
            return False
        gone = self.events.add(item)
        self.wake()
        return item not in gone

    def put_live(self, device, topic, payload):
        """Queue a device's newest values; its older ones go unless they are in flight."""
        item = Item(topic, payload, device)
        if not self._fits(self.live, item):
            return False
        old = self._newest.get(device)
        if old is None:
            self._newest[device] = item
            gone = self.live.add(item)
        else:
            # In its predecessor's place: who reports often does not lose its turn by it.
            self.replaced += 1
            self.live.bytes += item.size - old.size
            old.topic = topic
            old.payload = payload
            old.tries = 0
            item = old
            gone = self.live.trim(item)
        for lost in gone:
            del self._newest[lost.device]
        self.wake()
        return item not in gone

    def _fits(self, lane, item):
        if item.size <= lane.max_bytes and lane.max_items > 0:
            return True
        self.refused += 1
        return False

    def begin(self):
        """A broker has accepted us."""

    def take(self, events_only=False):
        """The next item to send, or None. It stays here, in flight, until `remove`.

        While both lanes wait they take turns, event first: after an outage events go
        out as early as possible and live values still get half of the messages.
        """
        first, second = self.events, self.live
        if not self._events_next:
            first, second = second, first
        item = self.events.take() if events_only else first.take() or second.take()
        if item is None:
            return None
        self._events_next = item.device is not None
        if item.device is not None:
            del self._newest[item.device]
        return item

    def take_live(self):
        """The oldest live values that wait, as `take`."""
        item = self.live.take()
        if item is not None:
            del self._newest[item.device]
        return item

    def remove(self, item):
        """It arrived: forget it."""
        self._lane(item).remove(item)

    def discard(self, item):
        """It can never be sent: forget it."""
        self.remove(item)

    def give_back(self):
        """The connection ended: what flew waits again, in order, overtaken live values go."""
        self.events.give_back()
        for item in reversed(self.live.give_back()):  # youngest first: it is the one to keep
            if item.device in self._newest:
                self.live.waiting.remove(item)
                self.live.bytes -= item.size
                self.replaced += 1
            else:
                self._newest[item.device] = item

    def _lane(self, item):
        return self.events if item.device is None else self.live

    def __len__(self):
        return len(self.events) + len(self.live)

    def stats(self):
        """Counters and fill as a dict of ints."""
        return {
            "events": len(self.events),
            "live": len(self.live),
            "bytes": self.events.bytes + self.live.bytes,
            "replaced": self.replaced,
            "dropped_events": self.events.dropped,
            "dropped_live": self.live.dropped,
            "refused": self.refused,
        }
