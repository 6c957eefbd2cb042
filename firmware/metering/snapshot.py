"""Waveform snapshots: some cycles before and after an event, from the ring to a record on flash.

`trigger` notes an event; `step` does a little of the work and is called by a task, at least
every 50 ms while it returns True or samples come: first the sets are frozen as they come, then
written, a slice a call, so that metering goes on. Events that the newest snapshot covers add
nothing; more than QUEUE that wait are dropped, and counted.
"""

from micropython import const

from firmware.metering import modular, pq_events, ring, snapshot_kernels

QUEUE = 4
_SLICE = const(64)  # sets that are copied or written in a step
_ROW = const(22)
_CONFIG_BYTES = const(600)  # what a configuration needs at most
_IDLE, _FREEZING, _WRITING = range(3)


class Snapshot:
    def __init__(self, wave, records, config, before, after, utc_us, told):
        """wave: WaveRing; records: Records; config: comtrade.Config; before, after: sets around
        the trigger; utc_us(sample): when a sample was taken; told(number, what, sample): a
        record is on flash, of what, and the sample that triggered it."""
        self._wave, self._records, self._config = wave, records, config
        self._before, self._after = before, after
        self._utc_us, self._told = utc_us, told
        # none are wanted: no heap for them
        self._frozen = bytearray((before + after) * ring.SET if records.most else 0)
        self._rows = bytearray(_SLICE * _ROW)
        self._view = memoryview(self._rows)
        self._waiting = []  # triggers to come, oldest first: [sample, UTC us, bits of kinds]
        self._newest = None  # the newest trigger that was taken; None: none yet in this stream
        self._now = [0, 0, 0]  # the one at work, or that was
        self._state = _IDLE
        self._file = None
        self.written = 0  # records that are or were on flash
        self.merged = 0  # triggers within the newest snapshot
        self.dropped = 0  # triggers that found the queue full
        self.cut = 0  # records with less than was asked for: samples were missing
        self.failed = 0  # snapshots without any sample, or that flash did not take

    def trigger(self, kind, sample):
        """An event of a kind of pq_events began at `sample` (its low 30 bits will do)."""
        if not self._records.most:
            return
        sample = modular.whole(modular.number(sample), self._wave.newest)
        newest = self._newest
        if newest and -self._before < sample - newest[0] < self._after:
            newest[2] |= 1 << kind
            self.merged += 1
            return
        if len(self._waiting) >= QUEUE:
            self.dropped += 1
            return
        self._newest = [sample, self._utc_us(sample), 1 << kind]
        self._waiting.append(self._newest)

    def restart(self):
        """The stream begins anew, with other numbers."""
        self._newest = None

    def step(self):
        """Do a slice of the work. True when there is more that need not wait for samples."""
        if self._state == _IDLE:
            return self._start()
        try:
            return self._freeze() if self._state == _FREEZING else self._write()
        except (OSError, MemoryError):
            self._give_up()
            return True

    def _start(self):
        if not self._waiting:
            return False
        self._now = self._waiting.pop(0)
        self._first = max(0, self._now[0] - self._before)  # sample of the first set frozen
        self._end = self._now[0] + self._after
        self._done = 0  # sets frozen, then sets written
        self._state = _FREEZING
        return True

    def _freeze(self):
        wave = self._wave
        oldest = max(wave.oldest, wave.newest + 1 - wave.capacity)
        at = self._first + self._done
        if not self._done and at < oldest:
            at = self._first = oldest  # what was before is gone
        left = self._end - at
        # a gap or a new stream: what there is must do
        if left <= 0 or at < oldest or at > wave.newest + 1:
            return self._open()
        to = at & wave.mask
        n = min(left, _SLICE, wave.newest + 1 - at, wave.capacity - to)
        if n:
            snapshot_kernels.copy(wave.buf, self._frozen, to, self._done, n)
            self._done += n
        return n > 0

    def _open(self):
        self._sets, self._done = self._done, 0
        if self._sets:
            self._file = self._records.begin(self._sets * _ROW + _CONFIG_BYTES)
        if not self._file:
            self._give_up()
            return True
        if self._sets < self._before + self._after:
            self.cut += 1
        self._state = _WRITING
        return True

    def _write(self):
        n = min(_SLICE, self._sets - self._done)
        if n:
            snapshot_kernels.rows(self._frozen, self._rows, self._done, n)
            self._file.write(self._view[: n * _ROW])
            self._done += n
            return True
        self._file.close()
        self._file = None
        sample, us, kinds = self._now
        what = "+".join([name for k, name in enumerate(pq_events.NAMES) if kinds >> k & 1])
        lines = self._config.lines(what, us - (sample - self._first) * 125, us, self._sets)
        number = self._records.finish(lines, self._sets * _ROW)
        self._state = _IDLE
        self.written += 1
        self._told(number, what, sample)
        return True

    def _give_up(self):
        self.failed += 1
        self._state = _IDLE
        if self._file:
            try:
                self._file.close()
            except OSError:
                pass  # it failed before
            self._file = None
        self._records.abort()
