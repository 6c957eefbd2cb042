"""What resets do to the billing register, from end to end: of the metrology unit, of the terminal
before and after a checkpoint. It neither jumps nor goes back, and the event says what happened.
(Lost bursts: test_bad_input; flipped bits and missed pulses: tests/device/test_ways.)
"""

import time

import pytest
from metering_rig import metering_rig

LATE_S = 0.3  # a window that was asked about at once is no older than that, with its length
RESET_S = 1.5  # start-up of the unit, the first crossing, and what its registers cannot tell


class Balance:
    """The billing register against the truth, in seconds of the power, which is steady."""

    def __init__(self, rig):
        self.rig = rig
        self.last = 0  # mWh
        self.windows = []

    def window(self, fits=lambda window: True):
        """The next one for which that is true; none of those before it goes back."""
        self.rig.windows.clear()
        window = self.rig.window(fits)
        for seen in self.rig.windows:
            assert seen["mwh"] >= self.last, (seen, self.last)
            self.last = seen["mwh"]
        return window

    def lead_s(self):
        """Truth is asked for a little after the window ended: the least late of five counts."""
        leads = []
        for _ in range(5):
            window = self.window(lambda w: w["is_settled"])
            truth = self.rig.ask(cmd="truth")
            lag = truth["energy_wh"]["total"] * 1000 - window["mwh"]
            leads.append(-lag * 3.6 / sum(truth["p"].values()))
        return max(leads)


@pytest.fixture
def balance():
    with metering_rig() as rig:
        balance = Balance(rig)
        for _ in range(8):
            balance.window()
        yield balance


def test_a_reset_of_the_metrology_unit(balance):
    """Its registers begin at zero; what it did not meter is missing, and nothing else."""
    rig = balance.rig
    before = balance.lead_s()
    rig.ask(cmd="reset")
    rig.until("event", "REGISTERS_RESET", "meter")
    balance.window(lambda w: w["mode"] == "both" and not w["flags"])
    time.sleep(1)
    after = balance.lead_s()
    assert before - RESET_S <= after <= before + LATE_S, (before, after)


def test_a_reset_of_the_terminal(balance):
    """What the unit metered from the last record to the new start comes from its registers; what
    was told is never taken back, and nothing is told before that is there."""
    rig = balance.rig
    before = balance.lead_s()
    told = balance.window()["told"]
    rig.kill()
    kept = balance.last
    balance.last = 0  # of the new boot: it begins with what the last record had
    time.sleep(1)
    rig.boot()
    rig.until("event", "ENERGY_RESTORED", "meter")
    window = balance.window(lambda w: w["told"] is not None)
    assert all(w["told"] is None for w in rig.windows[:-1])
    assert window["told"] > kept >= told
    assert window["marked"] > 0
    after = balance.lead_s()
    assert abs(after - before) <= LATE_S, (before, after)


def test_a_terminal_that_is_reset_again_and_again(balance):
    """No energy is credited twice."""
    rig = balance.rig
    before = balance.lead_s()
    for _ in range(3):
        rig.kill()
        rig.boot()
        balance.last = 0
        balance.window()
    rig.until("event", "ENERGY_SUBSTITUTED", "meter")
    after = balance.lead_s()
    assert abs(after - before) <= LATE_S, (before, after)


@pytest.mark.parametrize("ppm", [-100, 100])
def test_a_crystal_that_is_off_does_not_move_the_frequency(ppm):
    """By 5 mHz, before its rate is known; after ten seconds there is a third of that at most."""
    with metering_rig("--ppm", str(ppm)) as rig:
        raw = rig.window()["values"]["f"]
        assert raw == pytest.approx(500000 - 50 * ppm / 100, abs=10)
        window = rig.window(lambda w: w["windows"] == 55)
        assert window["values"]["f"] == pytest.approx(500000, abs=17)
