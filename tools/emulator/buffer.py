"""Waveform buffer: 2048 words as 16 pages of 16 sample sets (ade9000.md section 5).

Fixed-rate words are IA VA IB VB IC VC IN spare.  Keeps, beside the chip's own state, which pages
the host has read: late reading is counted as `overwrites` (pages), and `would_lose()` tells a
lockstep crystal when to wait.
"""

import numpy as np

from tools.emulator import status as st
from tools.emulator.adc import LPF_CODE, SINC_CODE
from tools.emulator.filters import PAGE
from tools.emulator.resample import Resampler

BASE = 0x800
_SETS, _PAGES = 256, 16
_STOP_WHEN_FULL, _STOP_ON_TRIGGER, _CENTRE, _FREE = range(4)  # WF_MODE
_SINC, _PCF = 0, 3  # WF_SRC; 2 = LPF
SINGLE = 15  # BURST_CHAN: burst off
_PAIRS = {1: (0, 1), 2: (2, 3), 3: (4, 5)}


class WaveBuffer:
    def __init__(self, registers, status):
        self.registers = registers
        self.status = status
        self.overwrites = 0  # pages a streaming host was too late for, or left out
        self.is_given_up = False  # lockstep waited too long; until the next burst
        self.reset()

    def reset(self):
        self.sets = np.zeros((_SETS, 8), ">i4")
        self._page = 0  # next page to fill
        self._is_filling = False
        self._unread = [False] * _PAGES
        self._announced = [False] * _PAGES  # covered by a PAGE_FULL and not yet read
        self._written = [0] * _PAGES  # order of writing, to tell older from newer
        self._writes = 0
        self._unchecked = [False] * _PAGES  # read by a burst, and no register access since
        self._last_page = 0
        self._trigger_address = 0
        self._pages_to_stop = None  # WF_MODE 1 and 2 after the trigger
        self._resampler = None

    def configure(self, old, new):
        """WFB_CFG was written."""
        if new & 0x10 and not old & 0x10:
            self._page = 0
            self._is_filling = True
            self._pages_to_stop = None
            self._resampler = None if new & 0x20 else Resampler()
            if new & 0x20 and self.is_resampled:
                self.sets = np.zeros((_SETS, 8), ">i4")
        elif old & 0x10 and not new & 0x10:
            self._is_filling = False
            self._last_page = 0
            self._unread = [False] * _PAGES
            self._announced = [False] * _PAGES

    @property
    def trigger_status(self):
        return self._last_page << 12 | self._trigger_address

    @property
    def is_resampled(self):
        """What lies in the buffer is a 16-bit resampled capture."""
        return self.sets.itemsize == 2

    def step(self, start, pcf, share, fine, samples_per_cycle, trigger):
        """One DSP page: x_PCF codes, converter shares, function giving the 32 kSPS shares.

        trigger: position of an enabled trigger event in this page, or None.
        """
        if not self._is_filling:
            return
        if self._resampler is not None:
            if self._resampler.add(pcf, samples_per_cycle):
                self.sets = self._resampler.words()
                self._is_filling = False
                self.status.position = start + PAGE
                self.status.set0(st.COH_WFB_FULL)
            return
        source = self.registers.field("WFB_CFG", 8, 2)
        if source == _PCF:
            words = np.rint(pcf).astype(np.int32)
        elif source == _SINC:
            words = np.rint(fine() * (SINC_CODE / 16)).astype(np.int32) << 4
        else:
            words = np.rint(share * (LPF_CODE / 16)).astype(np.int32) << 4
        pages = words.shape[1] // PAGE
        for k in range(pages):
            if self._is_filling:
                page_start = start + k * PAGE / pages
                self._fill(words[:, k * PAGE : (k + 1) * PAGE], page_start, PAGE / pages, trigger)

    def _fill(self, words, start, length, trigger):
        page = self._page
        if self._unread[page] and self.registers["WFB_PG_IRQEN"]:
            self.overwrites += 1
        block = self.sets[page * PAGE : (page + 1) * PAGE]
        block[:, :7] = words.T
        if not self.registers["WFB_CFG"] & 0x1000:
            block[:, 6] = 0  # WF_IN_EN = 0: the IN word is spare too
        self._unread[page] = True
        self._writes += 1
        self._written[page] = self._writes
        self._announced[page] = False
        self._last_page = page
        self._page = (page + 1) % _PAGES
        self.status.position = start + length
        if self.registers["WFB_PG_IRQEN"] >> page & 1:
            self._announced = list(self._unread)
            self.status.set0(st.PAGE_FULL)
        mode = self.registers.field("WFB_CFG", 6, 2)
        if trigger is not None and start <= trigger < start + length:
            self._trigger(page, (trigger - start) / length, mode)
        self._maybe_stop(page, mode)

    def _trigger(self, page, share, mode):
        self._trigger_address = (page * PAGE + int(share * PAGE)) * 8
        self.status.set0(st.WFB_TRIG)
        if self._pages_to_stop is None and mode in (_STOP_ON_TRIGGER, _CENTRE):
            self._pages_to_stop = 0 if mode == _STOP_ON_TRIGGER else _PAGES // 2

    def _maybe_stop(self, page, mode):
        if mode == _STOP_WHEN_FULL and page == _PAGES - 1:
            self._is_filling = False
        if self._pages_to_stop is not None:
            if self._pages_to_stop == 0:  # to the end of the page; the chip stops mid-page
                self._is_filling = False
                self.status.set0(st.WFB_TRG_IRQ)
            self._pages_to_stop -= 1

    def would_lose(self):
        """True when the next page would take data from a host that is streaming but late.

        That is: the page holds unread data; or once it is complete the writer would enter an
        announced page that is unread; or its PAGE_FULL would merge with one that has not been
        acknowledged.
        """
        if not self.is_streaming:
            return False
        enabled = self.registers["WFB_PG_IRQEN"]
        is_pending = self.status.has0(st.PAGE_FULL)
        for page in self._next_pages():
            if self._unread[page] or self._announced[(page + 1) % _PAGES]:
                return True
            if is_pending and enabled >> page & 1:
                return True
        return False

    @property
    def is_streaming(self):
        """The host takes pages as PAGE_FULL tells it to, and has not been given up."""
        r = self.registers
        if not self._is_filling or self._resampler is not None or self.is_given_up:
            return False
        return bool(r["WFB_PG_IRQEN"] and r["MASK0"] >> st.PAGE_FULL & 1)

    def safe_pages(self):
        """DSP pages up to the first at which `would_lose` or `awaits_check` may say wait for a
        host that reads what was announced from one enabled page to the next, or by halves."""
        if len(self._next_pages()) > 1:
            return 1
        enabled = self.registers["WFB_PG_IRQEN"] | 0x8080
        return next(k + 1 for k in range(_PAGES) if enabled >> (self._page + k) % _PAGES & 1)

    def checked(self):
        """The host looked at a register: it knows whether its last burst was in time."""
        self._unchecked = [False] * _PAGES

    def awaits_check(self):
        """True when after the next page the writer would enter what the host has just read and
        has not yet made sure of (step 5 of the procedure): LAST_PAGE would tell it that it was
        late."""
        return self._is_filling and any(
            self._unchecked[(page + 1) % _PAGES] for page in self._next_pages()
        )

    @property
    def is_announcing_next(self):
        """A page of the next step raises PAGE_FULL."""
        enabled = self.registers["WFB_PG_IRQEN"]
        return self._is_filling and any(enabled >> page & 1 for page in self._next_pages())

    def _next_pages(self):
        """Buffer pages that the next step fills: one, or four at 32 kSPS."""
        count = 4 if self.registers.field("WFB_CFG", 8, 2) == _SINC else 1
        return [page % _PAGES for page in range(self._page, self._page + count)]

    def columns(self):
        """Words of a set that a burst delivers, by BURST_CHAN and WF_IN_EN."""
        channel = self.registers["WFB_CFG"] & 15
        if channel in _PAIRS:
            return _PAIRS[channel]
        if 8 <= channel <= 14:
            return (channel - 8,)
        return tuple(range(7 if self.registers["WFB_CFG"] & 0x1000 else 6))

    def first_set(self, address):
        """Set that a burst from the address starts with; the low bits are ignored."""
        return (address - BASE) // (4 if self.is_resampled else 8)

    def read_sets(self, first, count, columns):
        """Bytes of consecutive sets (wraps at the end [U]); the pages they end count as read."""
        sets = self.sets.shape[0]
        index = (first + np.arange(count)) % sets
        if not self.is_resampled:
            for ended in index[index % PAGE == PAGE - 1]:
                self._mark_read(int(ended) // PAGE)
        return self.sets[index][:, list(columns)].tobytes()

    def word(self, address, is_read=True):
        """One word for single-address access (BURST_CHAN = 15)."""
        offset = address - BASE
        if is_read and not self.is_resampled and offset // 8 % PAGE == PAGE - 1:
            self._mark_read(offset // 8 // PAGE)
        return int(self.sets.reshape(-1).view(">u4")[offset])

    def _mark_read(self, page):
        """The host has the page; older ones that it left out will not be asked for any more."""
        for other in range(_PAGES):
            if self._unread[other] and self._written[other] <= self._written[page]:
                if other != page and self.registers["WFB_PG_IRQEN"]:
                    self.overwrites += 1
                self._unread[other] = self._announced[other] = False
        self._unchecked[page] = True
        self.is_given_up = False
