"""The data channel: quarter-buffer bursts of the waveform, in order, counted in samples.

The ADE9000 keeps 256 sets of 7 words in 16 pages and raises PAGE_FULL at pages 3, 7, 11 and 15
(UG-1098 'Waveform buffer'). The writer's place is its last full page (WFB_TRG_STAT) and the
clock, which tells how often it went round. A quarter is intact until the writer is back in it,
24 ms after it was complete: a late reader catches up quarter by quarter. One that was
overwritten or hit by noise is counted and announced as a gap, never passed on; one with a
channel that stands still is passed on with a note.
"""

from micropython import const

from firmware.core import flags
from firmware.link.ade9000 import kernels
from firmware.link.ade9000 import registers as reg
from firmware.link.ade9000.bus import is_blank

SETS = const(64)  # of a quarter, 8 ms
SET_BYTES = const(28)
_BYTES = const(1792)
_PAGES = const(4)  # of a quarter
_PAGE_US = const(2000)
_INTACT = const(15)  # pages the writer may have completed since a quarter's first set
_TRUST_US = const(2000)  # a page reading older than this says little about now
_TRIES = const(3)
_MOST = const(8)  # quarters served at a stretch
_CHANNELS = const(7)
_PAIRS = const(5)  # places 15 sets apart in a quarter
_REACH_BYTES = const(420)  # of the sets at a quarter's end that a run may begin in


class Stream:
    def __init__(self, bus, clock, history=0, check_crc=True):
        """`sink.feed(buf, at, sets, sample)` gets each quarter: `sets` sets from byte `at`, the
        first being sample number `sample`, with `history` (<= 64) older sets before `at`;
        `sink.gap(sets, flags)` is told what is missing and why, `sink.note(flags)` what is odd
        about the quarter that follows (core.flags)."""
        self.bus = bus
        self.clock = clock
        self.check_crc = check_crc
        self._sink = None
        self.at = history * SET_BYTES
        self.buf = bytearray(self.at + _BYTES)
        view = memoryview(self.buf)
        self._burst = view[self.at :]
        self._tail = view[_BYTES:]  # becomes the history of the next quarter
        self._history = view[: self.at]
        self.sample = 0  # number of the next sample; gaps are counted in
        self.mark = 0  # sample number at which the newest full quarter ended when `serve` came,
        self.mark_us = 0  # about when that was, within a page,
        self.look_us = 0  # and when `serve` found it full
        self.quarters = 0  # passed on
        self.overruns = 0  # quarters overwritten before or while they were read
        self.crc_errors = 0  # quarters given up because of bit errors
        self.blanks = 0  # quarters given up because nothing but ones or zeros came
        self.repeats = 0  # bursts read again because of one of these
        self.stuck = 0  # quarters with a channel that stood still
        # the last sets of one quarter and the first of the next, as read: the sink may write on
        # what it was fed
        self._seam = bytearray(2 * _REACH_BYTES)
        seam = memoryview(self._seam)
        self._old, self._new = seam[:_REACH_BYTES], seam[_REACH_BYTES:]
        self._first = self._burst[:_REACH_BYTES]
        self._last = self._burst[-_REACH_BYTES:]
        self.restart()

    def attach(self, sink):
        """Before the first `serve`."""
        self._sink = sink

    def restart(self):
        """Capture was started just now, at page 0: the next quarter follows nothing."""
        self._page = -1  # last full page at the latest look; -1: not looked yet
        self._now_us = self.clock.us()  # when that was
        self._next = 0  # quarter of the buffer to be read next
        self._ahead = 0  # pages completed since the first set of that quarter
        self._is_fresh = True  # nothing valid stands before the next quarter

    def serve(self):
        """Read the quarters that are full, the oldest first: how many were taken or given up.
        LinkError when the bus fails; nothing is lost by that but time."""
        if self._page < 0 and not self.bus.read(reg.STATUS0) & reg.PAGE_FULL:
            return 0
        # acknowledged before the look: a page that is filled in between is seen, or rings again
        self.bus.acknowledge()
        self._look()
        self._note_mark()
        taken = 0
        while self._ahead >= _PAGES and taken < _MOST:
            self._quarter()
            taken += 1
        return taken

    def _look(self):
        """Where is the writer? Sets how far it is ahead."""
        for _ in range(_TRIES):  # again when this processor was held up during the reading
            before = self.clock.us()
            page = self.bus.read(reg.WFB_TRG_STAT) >> 12
            now = self.clock.us()
            if self.clock.diff_us(now, before) < _TRUST_US:
                break
        passed = page - self._page & 15
        # sixteen pages are 32 ms: the clock need only be good to half of that
        rounds = self.clock.diff_us(now, self._now_us) // _PAGE_US - passed + 8 >> 4
        self._ahead += passed + (max(0, rounds) << 4)
        if self._page < 0 and self._ahead > _INTACT:
            # nobody was there to take the first ones: begin with the newest that is full
            skipped = self._ahead // _PAGES - 1
            self._next = skipped & 3
            self._ahead -= skipped * _PAGES
        self._page = page
        self._now_us = now

    def _note_mark(self):
        self.mark = self.sample + self._ahead // _PAGES * SETS
        # its last page was full that many pages ago, and half a page on average
        self.mark_us = self._now_us - self._ahead % _PAGES * _PAGE_US - _PAGE_US // 2
        self.look_us = self._now_us

    def _quarter(self):
        """Take the oldest quarter that is not overwritten."""
        if self._ahead > _INTACT:
            self._skip((self._ahead - _INTACT + _PAGES - 1) // _PAGES, flags.OVERRUN)
        ok = self._read()
        self._look()
        if self._ahead > _INTACT:  # the writer came in during the burst: old and new are mixed
            self._skip(1, flags.OVERRUN)
        elif not ok:
            self._skip(1, flags.BUS if self._is_dead() else flags.SHORT)
        else:
            self._pass_on()

    def _read(self):
        """Burst into the buffer; False when it is wrong twice."""
        for attempt in range(2):
            self.repeats += attempt
            self.bus.burst(reg.WAVEFORM + (self._next << 9), self._burst)
            if self.check_crc:
                crc = kernels.crc16(self._burst, 0xFFFF, _BYTES, kernels.TABLES)
                is_right = crc == self.bus.read(reg.CRC_SPI)
            else:
                is_right = not self._is_dead()
            if is_right:
                return True
        return False

    def _is_dead(self):
        """Did nobody drive the bus, from the first set to the last?"""
        last = self.at + _BYTES - SET_BYTES
        return is_blank(self.buf, self.at, SET_BYTES) and is_blank(self.buf, last, SET_BYTES)

    def _advance(self, quarters):
        self.sample += quarters * SETS
        self._ahead -= quarters * _PAGES
        self._next = self._next + quarters & 3

    def _skip(self, quarters, why):
        if why == flags.OVERRUN:
            self.overruns += quarters
        elif why == flags.BUS:
            self.blanks += quarters
        else:
            self.crc_errors += quarters
        why |= self.bus.faults  # a bus that failed meanwhile is why it came late
        self.bus.faults = 0
        self._is_fresh = True
        self._advance(quarters)
        self._sink.gap(quarters * SETS, why)

    def _pass_on(self):
        first = self.sample
        self._advance(1)
        self.quarters += 1
        self.bus.faults = 0
        odd = self._oddities()
        if odd:
            self._sink.note(odd)
        self._old[:] = self._last
        self._sink.feed(self.buf, self.at, SETS, first)
        self._history[:] = self._tail
        self._is_fresh = False

    def _oddities(self):
        """Flags of channels that stand still, or are clipped for so long that they seem to."""
        odd = 0
        found = kernels.pairs(self.buf, self.at, _PAIRS)
        if found:
            odd = _judge(found, self.buf, self.at, SETS)
        if not self._is_fresh:
            self._new[:] = self._first
            found = kernels.pairs(self._seam, _REACH_BYTES - SET_BYTES, 1)
            if found:
                odd |= _judge(found, self._seam, 0, 2 * kernels.REACH)
        if odd & flags.STUCK:
            self.stuck += 1
        return odd


def _judge(found, buf, at, sets):
    """Flags of the channels in `found` (bits), by their longest runs in `sets` sets from `at`."""
    odd = 0
    for channel in range(_CHANNELS):
        if found >> channel & 1:
            longest = kernels.runs(buf, at + 4 * channel, sets)
            if longest & 0xFF >= kernels.RUN:
                odd |= flags.STUCK
            if longest >> 8 >= kernels.RUN:
                odd |= flags.SATURATED
    return odd
