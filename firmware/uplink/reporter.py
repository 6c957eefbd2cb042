"""From the points table into the outbox, through the JSON face.

A device is reported once a round: when a point of it is newer than its last report, or its
quality changed. Knows no driver and no session.
"""

import asyncio

from firmware.uplink import json_face


class Reporter:
    def __init__(self, points, outbox, clock, station):
        """`station` names the terminal in its topics."""
        self.points = points
        self.outbox = outbox
        self.clock = clock
        self.station = station
        self.beat = _nothing  # beat(rest_ms) tells the supervisor
        self.seq = 0  # of the last message of this boot; never reused
        self._reported = {}  # device name -> (newest stamp, quality sum) last reported

    def round(self):
        """Queue every device that has news."""
        for device in self.points.devices:
            self._look(device)

    def _look(self, device):
        news = self._news(device)
        if news is not None and self._reported.get(device.name) != news:
            self._reported[device.name] = news
            self._report(device, news[0])

    def _news(self, device):
        """(newest stamp, quality bits of all points); None before the first value."""
        stamp = 0
        bits = 0
        for i in range(device.base, device.base + len(device.template)):
            stamp = max(stamp, self.points.stamps[i])
            bits = bits * 31 + self.points.quality[i] & 0x3FFFFFF
        return (stamp, bits) if stamp else None

    def _report(self, device, stamp):
        points, first = self.points, device.base
        last = first + len(device.template)
        self.seq += 1
        payload = json_face.message(
            device.name,
            stamp,
            self.seq,
            [row[0] for row in device.template],
            [row[2] for row in device.template],
            [points.values[i] for i in range(first, last)],
            [points.quality[i] for i in range(first, last)],
        )
        self.outbox.put_live(device.name, json_face.data_topic(self.station, device.name), payload)

    async def run(self, period_ms):
        """For ever, a round each period. The devices follow each other over the whole of it:
        all at once would fill a slow line, and an alarm would wait behind them."""
        while True:
            began = self.clock.ms()
            devices = list(self.points.devices)
            for i, device in enumerate(devices):
                self._look(device)
                await self._rest(began + period_ms * (i + 1) // len(devices))
            await self._rest(began + period_ms)

    async def _rest(self, until_ms):
        rest_ms = max(0, until_ms - self.clock.ms())
        self.beat(rest_ms)
        await asyncio.sleep_ms(rest_ms)


def _nothing(_rest_ms):
    pass
