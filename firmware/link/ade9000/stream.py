"""The data channel: half-buffer bursts of the waveform, in order, counted in samples.

The ADE9000 keeps 256 sets of 7 words in 16 pages and raises PAGE_FULL at pages 7 and 15;
the half that is not being written is stable for 16 ms at 8 kSPS (UG-1098 'Waveform
buffer'). `serve` moves one half into a preallocated buffer and hands it on. A half that was
overwritten, hit by noise or skipped is counted and announced as a gap, never passed on.
"""

from micropython import const

from firmware.core import flags
from firmware.link.ade9000 import kernels
from firmware.link.ade9000 import registers as reg

HALF_SETS = const(128)
SET_BYTES = const(28)
_HALF_BYTES = const(3584)
_HALF_US = const(16000)
_PAGE_US = const(2000)
_DELAY_TRUST_US = const(4000)  # a page reading older than this says nothing about now
_TRIES = const(3)


class Stream:
    def __init__(self, bus, clock, history=0, check_crc=True):
        """`sink.feed(buf, at, sets, sample)` gets each half: `sets` sets from byte `at`, the
        first being sample number `sample`, with `history` older sets before `at`;
        `sink.gap(sets, flags)` is told what is missing."""
        self.bus = bus
        self.clock = clock
        self.sink = None  # set before the first `serve`
        self.check_crc = check_crc
        self.at = history * SET_BYTES
        self.buf = bytearray(self.at + _HALF_BYTES)
        view = memoryview(self.buf)
        self._burst = view[self.at :]
        self._old_tail = view[_HALF_BYTES:]  # becomes the history of the next half
        self._history = view[: self.at]
        self.sample = 0  # number of the next sample; gaps are counted in
        self.overruns = 0  # halves overwritten while or before they were read
        self.crc_errors = 0  # halves given up because of bit errors
        self.repeats = 0  # bursts read again because of one
        self.halves = 0  # halves passed on
        self.restart()

    def restart(self):
        """Capture was restarted: the next half follows nothing."""
        self._done_us = None  # when the half before this one was complete

    def serve(self):
        """Read the half that is full, if any: True when one was taken (or given up).
        LinkError when the bus fails."""
        if not self.bus.read(reg.STATUS0) & reg.PAGE_FULL:
            return False
        self.bus.write(reg.STATUS0, reg.PAGE_FULL)
        upper, page, now = self._last_page()
        skipped = self._skipped(page, now)
        if skipped:
            self.overruns += skipped
            self._gap(skipped, flags.OVERRUN)
        ok = self._read(reg.WAVEFORM_UPPER if upper else reg.WAVEFORM)
        if upper != _is_upper(self.bus.read(reg.WFB_TRG_STAT) >> 12):
            # the writer entered this half during the burst: old and new are mixed
            self.overruns += 1
            self._gap(1, flags.OVERRUN)
        elif not ok:
            self.crc_errors += 1
            self._gap(1, flags.SHORT)
        else:
            self._pass_on()
        return True

    def _last_page(self):
        """(upper half full?, its last full page, when it was so)."""
        for _ in range(_TRIES):  # again when this processor was held up during the reading
            before = self.clock.us()
            page = self.bus.read(reg.WFB_TRG_STAT) >> 12
            now = self.clock.us()
            if self.clock.diff_us(now, before) < _DELAY_TRUST_US:
                break
        return _is_upper(page), page, now

    def _skipped(self, page, now):
        """Halves missed since the last one, from the writer's position and the clock."""
        # the half was complete ((page - 7) mod 8) pages ago, plus half a page on average
        done = now - ((page - 7) & 7) * _PAGE_US - _PAGE_US // 2
        last = self._done_us
        self._done_us = done
        if last is None:
            return 0
        passed = self.clock.diff_us(done, last)
        return max(0, (passed + _HALF_US // 2) // _HALF_US - 1)

    def _read(self, address):
        """Burst into the buffer; False when its CRC is wrong twice."""
        self._history[:] = self._old_tail
        for attempt in range(2):
            self.repeats += attempt
            self.bus.burst(address, self._burst)
            if not self.check_crc:
                return True
            if kernels.crc16(self._burst, _HALF_BYTES) == self.bus.read(reg.CRC_SPI):
                return True
        return False

    def _gap(self, halves, why):
        self.sample += halves * HALF_SETS
        self.sink.gap(halves * HALF_SETS, why)

    def _pass_on(self):
        first = self.sample
        self.sample += HALF_SETS
        self.halves += 1
        self.sink.feed(self.buf, self.at, HALF_SETS, first)


def _is_upper(page):
    """Is the upper half the stable one when `page` was filled last?"""
    return not 7 <= page <= 14
