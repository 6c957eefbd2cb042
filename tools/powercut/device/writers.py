"""All writers, in the order in which they boot."""

from tools.powercut.device.energy import Energy
from tools.powercut.device.event_writer import Events
from tools.powercut.device.freezes import Freezes
from tools.powercut.device.settings import Settings

WEIGHTS = (0, 0, 1, 1, 1, 2, 3, 3)  # which writes next: each of these as likely


def made():
    return [Energy(), Events(), Settings(), Freezes()]
