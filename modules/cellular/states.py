"""States of the modem, as people see them, and what puts it out of them."""

from firmware.core.errors import SlotError

OFF = "off"
BOOTING = "booting"
SIM = "SIM"
PIN = "PIN"
REGISTERING = "registering"
REGISTERED = "registered"
UP = "context up"
DEAD = "dead"

SAFE_BAUD = 115200  # its speed after it began anew; then the wanted one is agreed on


class Dead(SlotError):
    """Only taking its power away helps."""


class Again(SlotError):
    """It answers, but has to be brought up anew."""
