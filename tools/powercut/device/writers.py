"""All writers, in the order in which they boot."""

from tools.powercut.device.energy import Energy
from tools.powercut.device.event_writer import Events
from tools.powercut.device.settings import Settings

# which writes next: each of these as likely
WEIGHTS = (1, 1, 1, 0, 0, 2)


def made():
    return [Energy(), Events(), Settings()]
