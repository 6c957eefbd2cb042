"""Emulator, sample clock: real pace overwrites and counts, lockstep waits and loses nothing."""

import numpy as np
import pytest
from emulator_rig import Rig

from tools.emulator.crystal import LONGEST_HOLD_US, Crystal
from tools.emulator.pacer import Pacer
from tools.emulator.waveform import Loop

STREAM = {"WFB_PG_IRQEN": 0x8080, "MASK0": 1 << 17, "WFB_CFG": 0x13F0, "CONFIG0": 8}


class Host:
    """Time in hand: the chip under a crystal, and the streaming procedure of section 5."""

    def __init__(self, pace, ppm=0.0, **registers):
        n = 80000  # 10 s of a ramp: a sample's value tells its number
        ramp = np.tile(np.arange(n) / n, (7, 1)) * 400
        self.rig = Rig(Loop(ramp, 50.0)).started(**dict(STREAM, **registers))
        self.now_us = 1000000.0
        self.crystal = Crystal(self.now_us - self.rig.chip.n * 125, ppm, pace)
        self.pacer = Pacer(self.rig.chip, self.crystal)
        self.is_there = True
        self.samples = []

    def wait(self, us):
        """Time passes in slices, as the server's loop sees it."""
        end = self.now_us + us
        while self.now_us < end:
            left = self.pacer.run(self.now_us, self.is_there)
            self.now_us = min(end, self.now_us + max(left, 20))
        self.pacer.run(self.now_us, self.is_there)

    def serve(self, is_ack_first=False, between_us=0):
        """One round on /IRQ0; False when there is nothing to do."""
        rig = self.rig
        if rig.chip.pins.levels[0]:
            return False
        assert rig.read("STATUS0") & 1 << 17
        if is_ack_first:
            rig.write("STATUS0", 1 << 17)
        self.wait(between_us)
        last = rig.read("WFB_TRG_STAT") >> 12
        address = 0x800 if 7 <= last <= 14 else 0xC00
        self.wait(between_us)
        data = rig.burst(address, 3584)
        self.wait(between_us)
        after = rig.read("WFB_TRG_STAT") >> 12  # step 5: was it stable all the time?
        assert self.crystal.pace == "real" or (7 <= last <= 14) == (7 <= after <= 14)
        if not is_ack_first:
            rig.write("STATUS0", 1 << 17)
        words = np.frombuffer(data, ">i4").reshape(-1, 7)[:, 0]
        self.samples.append(np.rint(words / 74532013 * 80000).astype(int))
        return True

    def is_gapless(self):
        got = np.concatenate(self.samples)[1:]  # the very first is the delay's zero
        return bool(np.all(np.diff(got) == 1))


@pytest.mark.parametrize("is_ack_first", [False, True])
@pytest.mark.parametrize("delay_us, between_us", [(0, 0), (9000, 100), (40000, 0), (5000, 30000)])
def test_lockstep_never_loses(is_ack_first, delay_us, between_us):
    host = Host("lockstep")
    for _ in range(30):
        host.wait(1000)
        while host.rig.chip.pins.levels[0]:
            host.wait(500)
        host.wait(delay_us)
        host.serve(is_ack_first, between_us)
    assert len(host.samples) == 30
    assert host.is_gapless()
    assert host.rig.chip.buffer.overwrites == 0
    assert host.crystal.losses == 0
    assert (host.crystal.holds > 0) == (delay_us + between_us > 20000)


def test_lockstep_with_a_randomly_late_host():
    host = Host("lockstep")
    random = np.random.default_rng(4)
    for _ in range(60):
        host.wait(float(random.choice([500, 3000, 16000, 60000])))
        host.serve(bool(random.integers(2)), float(random.choice([0, 1000, 20000])))
    assert len(host.samples) > 40 and host.is_gapless()


@pytest.mark.parametrize("start", [7, 15])
def test_lockstep_with_one_page_bit_at_a_time(start):
    """Enabling bits 7 and 15 in turn, as the Linux driver does."""
    host = Host("lockstep", WFB_PG_IRQEN=1 << start)
    bit = start
    for _ in range(20):
        host.wait(45000)
        if not host.rig.chip.pins.levels[0]:
            host.rig.read("STATUS0")
            host.rig.write("STATUS0", 1 << 17)
            data = host.rig.burst(0x800 if bit == 7 else 0xC00, 3584)
            words = np.frombuffer(data, ">i4").reshape(-1, 7)[:, 0]
            host.samples.append(np.rint(words / 74532013 * 80000).astype(int))
            bit = 22 - bit
            host.rig.write("WFB_PG_IRQEN", 1 << bit)
    assert len(host.samples) == 20
    assert host.is_gapless()


def test_lockstep_reading_page_by_page():
    host = Host("lockstep", WFB_PG_IRQEN=0xFFFF)
    for k in range(50):
        host.wait(7000)
        assert host.rig.read("WFB_TRG_STAT") >> 12 == k % 16
        data = host.rig.burst(0x800 + 128 * (k % 16), 448)
        host.rig.write("STATUS0", 1 << 17)
        words = np.frombuffer(data, ">i4").reshape(-1, 7)[:, 0]
        host.samples.append(np.rint(words / 74532013 * 80000).astype(int))
    assert host.is_gapless()


def test_lockstep_waits_no_earlier_than_needed():
    host = Host("lockstep")
    began = host.rig.chip.n
    host.wait(29900)
    assert not host.crystal.is_held and host.rig.chip.n - began == 14 * 16
    host.wait(100000)
    assert host.crystal.is_held and host.rig.chip.n - began == 15 * 16  # page 15 must wait
    host.serve()
    host.wait(100)
    assert host.rig.chip.n - began == 16 * 16  # and is there at once
    host.wait(1800)
    assert host.rig.chip.n - began == 16 * 16  # then time is normal
    host.wait(300)
    assert host.rig.chip.n - began == 17 * 16


def test_lockstep_by_quarters_leaves_a_late_host_its_slack():
    """Acknowledged and unread, the buffer may fill up to the page before the oldest unread one;
    read in order, nothing is missing."""
    host = Host("lockstep", WFB_PG_IRQEN=0x8888)
    began = host.rig.chip.n
    for _ in range(4):
        host.wait(7900)
        host.rig.write("STATUS0", 1 << 17)
    host.wait(50000)
    assert host.crystal.is_held and host.rig.chip.n - began == 15 * 16
    assert host.rig.read("WFB_TRG_STAT") >> 12 == 14
    for quarter in range(40):
        data = host.rig.burst(0x800 + 512 * (quarter % 4), 1792)
        host.wait(3000)  # between a burst and the look that tells whether it was in time
        last = host.rig.read("WFB_TRG_STAT") >> 12
        if quarter == 0:
            assert last == 14  # the writer has not come into what was just read
        words = np.frombuffer(data, ">i4").reshape(-1, 7)[:, 0]
        host.samples.append(np.rint(words / 74532013 * 80000).astype(int))
        while (host.rig.chip.n - began) // 64 < quarter + 2:
            host.rig.write("STATUS0", 1 << 17)
            host.wait(1000)
    assert host.is_gapless()
    assert host.rig.chip.buffer.overwrites == 0
    assert host.crystal.losses == 0


def test_lockstep_by_quarters_waits_for_the_acknowledge():
    host = Host("lockstep", WFB_PG_IRQEN=0x8888)
    began = host.rig.chip.n
    host.wait(50000)
    assert host.crystal.is_held and host.rig.chip.n - began == 7 * 16


@pytest.mark.parametrize("case", ["no host", "capture off", "not enabled", "not masked in"])
def test_lockstep_does_not_wait_without_a_streaming_host(case):
    host = Host("lockstep")
    rig = host.rig
    if case == "no host":
        host.is_there = False
    elif case == "capture off":
        rig.write("WFB_CFG", 0x13E0)
    elif case == "not enabled":
        rig.write("WFB_PG_IRQEN", 0)
    else:
        rig.write("MASK0", 0)
    began = rig.chip.n
    host.wait(300000)
    assert rig.chip.n - began == pytest.approx(2400, abs=16)
    assert host.crystal.holds == 0


def test_lockstep_goes_on_when_the_host_goes_away():
    host = Host("lockstep")
    host.wait(200000)
    assert host.crystal.is_held
    held = host.rig.chip.n
    host.is_there = False
    host.wait(100000)
    assert host.rig.chip.n - held == pytest.approx(800, abs=32)  # no rush to catch up


def test_lockstep_gives_up_after_five_seconds_and_rearms():
    host = Host("lockstep")
    host.wait(LONGEST_HOLD_US - 1000)
    assert host.crystal.is_held and host.crystal.losses == 0
    host.wait(200000)
    assert host.crystal.losses == 1 and not host.crystal.is_held
    assert host.rig.chip.buffer.overwrites > 0
    host.serve()  # reads again: armed again
    host.wait(200000)
    assert host.crystal.is_held


def test_real_pace_overwrites_and_counts():
    host = Host("real")
    began = host.rig.chip.n
    for _ in range(10):
        host.wait(48000)
        host.serve()
    assert host.rig.chip.n - began == pytest.approx(480 * 8, abs=16)  # never waits
    assert host.crystal.holds == 0
    assert host.rig.chip.buffer.overwrites > 50
    assert not host.is_gapless()


def test_real_pace_in_time_loses_nothing():
    host = Host("real")
    for _ in range(100):
        host.wait(2000)
        host.serve(between_us=300)
    assert len(host.samples) >= 12 and host.is_gapless()
    assert host.rig.chip.buffer.overwrites == 0


@pytest.mark.parametrize("pages_before", [0, 1])
def test_the_page_that_raises_the_interrupt_comes_in_time(pages_before):
    host = Host("real", WFB_CFG=0)
    host.rig.write("WFB_CFG", 0x13F0)
    due = host.crystal.due_us(host.rig.chip.n + 128)
    host.wait(2000 * pages_before)  # something wakes the loop in between
    left = host.pacer.run(host.now_us, True)
    while host.rig.chip.pins.levels[0]:
        host.now_us += left  # sleeps as long as it is told
        left = host.pacer.run(host.now_us, True)
    assert host.now_us == pytest.approx(due)


def test_edges_are_stamped_with_their_due_time_even_when_late():
    host = Host("real")
    host.rig.chip.pins.take()
    began = host.rig.chip.n
    host.now_us += 21300  # the server slept
    for _ in range(4):
        host.pacer.run(host.now_us, True)
    at, pin, level = host.rig.chip.pins.take()[0]
    assert (at, pin, level) == (began + 128.0, 0, 0)
    assert host.crystal.due_us(at) == pytest.approx(1000000 + 16000)


@pytest.mark.parametrize("ppm", [0.0, 200.0, -500.0])
def test_crystal_error(ppm):
    crystal = Crystal(0, ppm)
    assert crystal.due_us(8000) == pytest.approx(1e6 / (1 + ppm * 1e-6))
    assert crystal.position(crystal.due_us(12345.0)) == pytest.approx(12345.0)


def test_hold_leaves_no_trace_in_signal_time():
    crystal = Crystal(0, 0.0, "lockstep")
    crystal.hold(160, 25000)
    assert crystal.position(20000) == 160 and crystal.position(90000) == 160
    crystal.release(100000)
    assert crystal.due_us(160) == 100000
    assert crystal.due_us(168) == 101000
