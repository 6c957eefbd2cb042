"""The MQTT session: connects, moves the engine's bytes, notices a dead link, comes back.

Two tasks a connection: one writes and judges every deadline, one only reads. No wait for
the broker is longer than its bound in Limits, and nothing blocks the loop but the one
look-up of the name by the board's own network (see conn; a module's needs none). MQTT 3.1.1;
cancel `run` to stop.
"""

import asyncio
import random

from micropython import const

from firmware.core.errors import CodecError, ConfigError, UplinkError
from firmware.uplink import conn, mqtt
from firmware.uplink.backoff import Backoff
from firmware.uplink.engine import Engine
from firmware.uplink.limits import Limits

_TICK_MS = const(250)  # deadlines are looked at this often
_FULL_MS = const(50)  # ... and a full socket, which does not tell when it has room
_LATE_MS = const(1000)  # any asyncio task may be late by this much, so a measured wait as well
_FOREVER_MS = 1 << 40
_CHUNK = const(256)  # bytes read at once; the broker mostly sends PUBACKs of four


class Watcher:
    """Who is told how the session fares, and may have a say in it. This one does nothing."""

    def up(self):
        """The broker has accepted us."""

    def down(self, why):
        """An accepted session ended; a sentence."""

    def pause_ms(self, up_ms, pause_ms):
        """The pause to make before the next attempt, in place of the back-off's."""
        return pause_ms

    def wants_end(self):
        """Shall the connection end, since there is a better one?"""
        return False


class Session:
    def __init__(
        self,
        clock,
        log,
        host,
        port,
        client_id,
        user=None,
        password=None,
        keepalive_s=30,
        will=None,
        birth=None,
        ssl=None,
        limits=None,
        randrange=random.randrange,
        network=None,
        explain=str,
        watcher=None,
    ):
        """Everything MQTT is bytes. `will` and `birth` are (topic, payload, retain, qos); the
        birth goes out first in every session, at QoS 1. `ssl` is an SSLContext or None.

        `network`: see conn, whose Network it is unless given; explain(error): a sentence for a
        failure; `watcher`: a Watcher.
        """
        if not 0 < keepalive_s < 65536:
            raise ConfigError("keepalive_s is 1 to 65535 s")
        self.limits = limits = limits or Limits()
        codec = mqtt.Codec(client_id, user, password, keepalive_s, will)
        self.engine = Engine(clock, log, codec, limits, keepalive_s * 1000, birth)
        self.state = "down"  # or "connecting"; the stats say "up" after CONNACK
        self.failures = 0  # attempts the broker did not accept
        self.disconnects = 0  # accepted sessions that ended
        self.timeouts = 0  # waits that reached their bound; each ended a connection
        self.bad_packets = 0  # each ended a connection
        self.rx_bytes = 0
        self.tx_bytes = 0
        self.beat = _nothing  # called while it works, with the ms it has nothing to do for
        self._clock = clock
        self._log = log
        self._host = host
        self._port = port
        self._ssl = ssl
        self._network = network or conn.Network()
        self._explain = explain
        self._watcher = watcher or Watcher()
        self._misses = 0  # failed attempts on the address in use in a row
        self._why = ""  # what ended the last connection
        self._backoff = Backoff(
            limits.backoff_min_ms, limits.backoff_max_ms, limits.stable_ms, randrange
        )
        self._wake = asyncio.Event()
        self._tx = b""  # rest of the packet being written

    def subscribe(self, topic, callback):
        """Ask for a filter (bytes) in this and every later session.

        callback(topic, payload) runs in the reader: it does not wait, and what it raises ends
        `run`. CodecError when the filter is longer than 120 bytes.
        """
        self.engine.subscribe(topic, callback)
        self._wake.set()

    @property
    def stall_bound_ms(self):
        """The stated bound: `worst_stall_ms` of the stats does not exceed it."""
        return self.engine.waits.bound_ms + _TICK_MS + _LATE_MS

    def stats(self):
        """Counters as a dict of ints, and `state`: down, connecting or up."""
        engine = self.engine
        return {
            "state": "up" if engine.is_up else self.state,
            "connects": engine.connects,
            "failures": self.failures,
            "disconnects": self.disconnects,
            "published": engine.published,
            "delivered": engine.delivered,
            "republished": engine.republished,
            "refused": engine.refused,
            "received": engine.received,
            "timeouts": self.timeouts,
            "bad_packets": self.bad_packets,
            "rx_bytes": self.rx_bytes,
            "tx_bytes": self.tx_bytes,
            "worst_stall_ms": engine.waits.worst_ms,
        }

    async def run(self, outbox):
        """For ever. Cancelled, it drops the connection and the broker publishes the will."""
        outbox.wake = self._wake.set
        while True:
            try:
                await self._connection(outbox)
            except (OSError, UplinkError, CodecError) as error:
                up_ms = self._note_end(error)
            pause_ms = self._backoff.pause_ms(up_ms)
            pause_ms = self._watcher.pause_ms(up_ms, pause_ms)
            self.beat(pause_ms)
            await asyncio.sleep_ms(pause_ms)

    def _note_end(self, error):
        """Count why a connection ended; how long the session had been up, in ms."""
        if isinstance(error, CodecError):
            self.bad_packets += 1
        why = self._explain(error) or repr(error)
        since = self.engine.up_since
        if why != self._why or since is not None:  # attempts that fail alike are told of once
            self._log.warn("uplink", why)
        self._why = why
        if since is not None:
            self.disconnects += 1
            self._misses = 0
            self._watcher.down(why)
            return self._clock.ms() - since
        self.failures += 1
        self._misses += 1
        if self._misses >= self.limits.resolve_again:
            self._misses = 0
            self._network.forget()
        return 0

    async def _connection(self, outbox):
        """One connection from SYN to its end, which is always an exception."""
        channel = None
        tasks = []
        is_told = False
        self.beat(_FOREVER_MS)  # the network says when there is one
        await self._network.ready()
        self.state = "connecting"
        try:
            channel = await self._open()
            channel.attend(self._wake.set)
            self._tx = self.engine.begin(outbox)
            tasks.append(asyncio.create_task(self._read(channel)))
            tasks.append(asyncio.create_task(self._tick()))
            while True:
                self._write(channel)
                await self._wake.wait()
                self._wake.clear()
                if tasks[0].done():
                    await tasks[0]  # raises what ended it, a fault of a callback too
                self._judge()
                if self.engine.is_up and not is_told:
                    is_told = True
                    self._watcher.up()
                if self._watcher.wants_end():
                    raise UplinkError("a better link is there")
        finally:
            self.state = "down"
            for task in tasks:  # before close: a closed socket must not stay in the poll set
                task.cancel()
            if channel is not None:
                channel.close()
            self.engine.end()

    async def _open(self):
        self.engine.up_since = None
        self._network.resolve(self._host, self._port)
        self.engine.waits.begin("connect")
        channel = await self._network.open(self._host, self._port, self._ssl, self._judge)
        self.engine.waits.end("connect")
        return channel

    def _judge(self):
        """UplinkError when the far side keeps us waiting over a bound."""
        self.beat()
        late = self.engine.waits.overdue()
        if late is not None:
            self.timeouts += 1
            raise UplinkError("the broker did not answer in time: " + late)

    async def _tick(self):
        while True:
            waits = self.engine.waits
            most_ms = _FULL_MS if waits.is_waiting("write") else _TICK_MS
            await asyncio.sleep_ms(waits.left_ms(most_ms))
            self._wake.set()

    def _write(self, channel):
        """Packet after packet, each whole in the channel before the next is made."""
        while self._push(channel):
            packet = self.engine.next_packet()
            if packet is None:
                return
            self._tx = packet

    def _push(self, channel):
        """Write what the channel takes now; True when nothing is left."""
        while self._tx:
            count = channel.write(self._tx)
            if not count:  # the channel is full: a call of it, or the next tick, tries again
                self.engine.waits.begin("write")
                return False
            self.tx_bytes += count
            self._tx = self._tx[count:]
        self.engine.waits.end("write")
        return True

    async def _read(self, channel):
        """Ends only with an exception, which the writing task picks up."""
        chunk = memoryview(bytearray(_CHUNK))
        try:
            while True:
                count = await channel.readinto(chunk)
                if count is None:  # woken without data, as TLS does: now it may take some
                    self._wake.set()
                    continue
                if not count:
                    raise UplinkError("the broker closed the connection")
                self.rx_bytes += count
                self.engine.feed(chunk[:count])
                self._wake.set()
        finally:
            self._wake.set()


def _nothing(_rest_ms=0):
    pass
