"""Waveform records of power-quality events: the snapshots, their folder and their task, wired.

The meter's feed calls `trigger`, which only takes a note; the task does the work, a slice at a
time. The folder is /waves: a record is copied to a computer as its two files, .cfg and .dat.
"""

import asyncio

from micropython import const

from firmware.metering import comtrade
from firmware.metering.records import Records
from firmware.metering.snapshot import Snapshot

FOLDER = "/waves"
_SAMPLE_HZ = const(8000)
_SLICE_MS = const(2)  # between two slices of work: 64 sets are 8 ms of signal
_IDLE_MS = const(40)  # between two looks; the ring holds 512 ms
_HEADER = ("record", "trigger (UTC)", "what", "ms", "bytes")


class Waveforms:
    def __init__(self, ring, facts, cfg, pq_cfg, station, utc_us, told, fs=None):
        """ring: WaveRing; facts: u_fs_mv, i_fs_ma, fs_word; cfg and pq_cfg: the settings
        metering.* and pq.* as attributes; utc_us(sample): when a sample was taken; told(text): a
        record is on flash. fs: see Records."""
        cycle = _SAMPLE_HZ // cfg.nominal_hz
        self.records = Records(FOLDER, pq_cfg.snapshots, pq_cfg.snapshots_kb * 1024, fs)
        self._config = comtrade.Config(station, "meter", *facts, cfg.nominal_hz)
        self._told = told
        self.snapshot = Snapshot(
            ring,
            self.records,
            self._config,
            pq_cfg.before_cycles * cycle,
            pq_cfg.after_cycles * cycle,
            utc_us,
            self._written,
        )
        self.trigger = self.snapshot.trigger
        self.restart = self.snapshot.restart

    def set_rate(self, slow_ppb):
        """The sample clock is so much slower than the terminal's."""
        self._config.rate_ppb = slow_ppb

    def _written(self, number, what, _sample):
        self._told("%s, %s" % (what, self.records.path(number, "cfg")))

    async def run(self):
        """For ever. OSError when there is no flash to keep records on."""
        self.records.start()
        while True:
            await asyncio.sleep_ms(_SLICE_MS if self.snapshot.step() else _IDLE_MS)

    def table(self):
        """(header, rows, note) for people, the newest record last."""
        rows = [self._row(k) for k in range(len(self.records.numbers))]
        return _HEADER, rows, self._note()

    def _row(self, k):
        number, size = self.records.numbers[k], self.records.sizes[k]
        try:
            what, when, sets = comtrade.summary(self.records.read(number))
        except (OSError, ValueError):
            return number, "", "unreadable", "", size
        return number, when, what, sets * 1000 // _SAMPLE_HZ, size

    def _note(self):
        if not self.records.most:
            return "no waveforms are kept: pq.snapshots is 0"
        s = self.snapshot
        text = "in %s as .cfg and .dat; %d written since boot, which cover %d more events"
        text = text % (FOLDER, s.written, s.merged)
        if s.dropped or s.failed:
            text += ", %d events came too fast, %d records failed" % (s.dropped, s.failed)
        return text
