"""All that is to be delivered: events, then live values and history in turns. A session takes it
for an outbox (see outbox).

Events and curves leave when the head-end says that it has them (see acks), or with
`by_broker` at the broker's PUBACK; live values always at PUBACK. While a backlog drains live
values get half of the bytes or more. An event that would wait behind a backlog is sent at once
as well, marked `early`, and in its turn. After a burst of such copies they get a fifth of the
bytes, or they would hold up what they are copies of.
"""

from micropython import const

from firmware.core.errors import CodecError
from firmware.uplink.acks import Acks
from firmware.uplink.outbox import Outbox
from firmware.uplink.stream import StreamItem

_EARLY_ITEMS = const(16)  # early copies that wait: the newest ones
_EARLY_BYTES = const(6144)
_BURST = const(2048)  # bytes of early copies before others have their turn: some 16 of them
_OTHERS = const(4)  # bytes of others for each byte of copies then
_CREDIT = const(2048)  # bytes that live values may be owed


class Delivery:
    def __init__(self, log, events, by_broker=False):
        """`events`: a Stream."""
        self.events = events
        self.history = None  # another one; the name of its rows is the device
        self.live = Outbox(_EARLY_ITEMS, _EARLY_BYTES)  # its events are the early copies
        self.acks = 0  # acknowledgements that were understood
        self.bad_acks = 0  # that were not
        self.strange_acks = 0  # that named nothing that was waited for
        self.refused = 0  # items that MQTT cannot carry
        self.early = 0  # events sent out of their turn as well
        self.live_bytes = 0  # handed to the session
        self.bulk_bytes = 0
        self.on_kept = _nothing  # called after something was acknowledged
        self._streams = [events]
        self._by_broker = by_broker
        self._log = log
        self._is_up = False
        self._has_copy = False  # is the newest event sent out of its turn, too?
        self._balance = 0  # bytes of streams more than of live values, as far as it counts
        self._history_next = False
        self._copies = _BURST  # bytes of them that may go before others

    def add_history(self, stream):
        self.history = stream
        self._streams.append(stream)

    # put

    @property
    def wake(self):
        return self.live.wake

    @wake.setter
    def wake(self, call):
        self.live.wake = call

    def put_live(self, device, topic, payload):
        """As Outbox.put_live."""
        return self.live.put_live(device, topic, payload)

    def event_is_new(self, make_early):
        """The source of events has one more; make_early() gives (topic, payload) of a copy."""
        self._has_copy = self.events.is_behind and self._is_up
        self.events.news()
        if self._has_copy:
            self._copy(make_early)
        self.live.wake()

    def hurry(self, make_early):
        """The newest event, of which there was news just now, goes before everything else."""
        if not self._has_copy:
            self._copy(make_early)
        self._copies = _BURST
        waiting = self.live.events.waiting
        if len(waiting) > 1:
            waiting.insert(0, waiting.pop())
        self.live.wake()

    def _copy(self, make_early):
        self.early += 1
        self.live.put_event(*make_early())

    def history_is_new(self):
        """A row of curves was written."""
        self.history.news()
        self.live.wake()

    # what a session calls

    def begin(self):
        """A broker has accepted us."""
        self._is_up = True
        self._balance = 0

    def take(self, urgent_only=False):
        """The next item to send, or None; it is in flight until `remove` or `give_back`."""
        item = self.live.take(True) if self._copies > 0 else None
        if item is None and not self.events.is_behind:
            item = self.events.take()
        if item is None and not urgent_only:
            if self._balance > 0:
                item = self.live.take_live() or self._take_bulk()
            else:
                item = self._take_bulk() or self.live.take_live()
            item = item or self.live.take(True)
        if item is not None:
            self._weigh(item)
        return item

    def _take_bulk(self):
        """Events and history in turns, as far as they are there."""
        for _ in self._streams:
            self._history_next = not self._history_next and len(self._streams) > 1
            item = self._streams[self._history_next].take()
            if item is not None:
                return item
        return None

    def _weigh(self, item):
        if isinstance(item, StreamItem) or item.device is not None:
            self._copies = min(_BURST, self._copies + item.size // _OTHERS)
        else:
            self._copies -= item.size
        if isinstance(item, StreamItem) or item.device is None:
            self.bulk_bytes += item.size
            # a little more than it is, or rounding would leave live values just below half
            self._balance = min(_CREDIT, self._balance + item.size * 9 // 8)
        else:
            self.live_bytes += item.size
            self._balance = max(0, self._balance - item.size)

    def remove(self, item):
        """The broker has it."""
        if not isinstance(item, StreamItem):
            self.live.remove(item)
        elif self._by_broker:
            self._count(item.stream.keep(*item.entry.key))
        else:
            item.stream.touch()

    def discard(self, item):
        """MQTT cannot carry it, now or ever: it must not hold up what follows."""
        self.refused += 1
        if isinstance(item, StreamItem):
            item.stream.lost += 1
            item.stream.keep(*item.entry.key)
        else:
            self.live.discard(item)

    def give_back(self):
        """The connection ended."""
        self._is_up = False
        self.live.give_back()
        for stream in self._streams:
            stream.go_back()

    # what the head-end says

    def acknowledge(self, _topic, payload):
        """A message on the topic of acknowledgements. What leaves was sent and waited for it."""
        try:
            said = Acks(payload)
        except CodecError as error:
            if not self.bad_acks:  # the first is told, all are counted
                self._log.warn("uplink", str(error))
            self.bad_acks += 1
            return
        self.acks += 1
        self._count(self._apply(said))

    def _apply(self, said):
        events, history = self.events, self.history
        count = 0
        if said.upto is not None:
            count += events.keep_until(*said.upto)
        for row in said.events:
            for sequence in row[1:]:
                count += events.keep(row[0], sequence)
        if history is None:
            return count
        if said.curve_upto is not None:
            count += history.keep_until(said.curve_upto)
        for row in said.curve:
            for name in row[1:]:
                count += history.keep_named(row[0], name)
        return count

    def _count(self, kept):
        if kept:
            self.on_kept(kept)
            self.live.wake()
        else:
            self.strange_acks += 1

    def __len__(self):
        """What waits: messages, and one for each stream that has more than was read."""
        return len(self.live) + sum([len(stream) for stream in self._streams])

    def stats(self):
        """Counters and fill as a dict of ints."""
        found = self.live.stats()
        for name in ("acks", "bad_acks", "strange_acks", "early", "live_bytes", "bulk_bytes"):
            found[name] = getattr(self, name)
        found["refused"] += self.refused
        for name in ("acknowledged", "again", "timeouts", "lost", "unread"):
            found[name] = sum([getattr(stream, name) for stream in self._streams])
        found["waiting"] = len(self)
        return found


def _nothing(count):
    pass
