"""What an event can be: one constant, one name and one text each. Codes are never renumbered."""

from micropython import const

BOOT = const(1)
CLOCK_STEP = const(2)
TASK_CRASHED = const(10)
TASK_LATE = const(11)
CONFIG_DEFAULTED = const(20)
CONFIG_COMMITTED = const(21)
CONFIG_ROLLED_BACK = const(22)
STORE_FAILED = const(25)
LINK_MODE = const(30)
LINK_OVERRUN = const(31)
ENERGY_MISMATCH = const(40)
ENERGY_RESTORED = const(41)
ENERGY_BRIDGED = const(42)
SLOT_ERROR = const(50)
METER_LOST = const(51)
METER_BACK = const(52)
UPLINK_UP = const(60)
UPLINK_DOWN = const(61)

# code, name, text
TABLE = (
    (BOOT, "BOOT", "the terminal started"),
    (CLOCK_STEP, "CLOCK_STEP", "the clock was set"),
    (TASK_CRASHED, "TASK_CRASHED", "a task ended and is started again"),
    (TASK_LATE, "TASK_LATE", "a critical task does not report, the watchdog is not fed"),
    (CONFIG_DEFAULTED, "CONFIG_DEFAULTED", "a setting, or all, fell back to the default"),
    (CONFIG_COMMITTED, "CONFIG_COMMITTED", "settings were changed"),
    (CONFIG_ROLLED_BACK, "CONFIG_ROLLED_BACK", "the settings before these were put back"),
    (STORE_FAILED, "STORE_FAILED", "flash did not keep what was written"),
    (LINK_MODE, "LINK_MODE", "the link to the metrology unit changed its mode"),
    (LINK_OVERRUN, "LINK_OVERRUN", "waveform pages were overwritten before they were read"),
    (ENERGY_MISMATCH, "ENERGY_MISMATCH", "the ways energy is known disagree beyond the bound"),
    (ENERGY_RESTORED, "ENERGY_RESTORED", "the energy registers were taken from flash"),
    (ENERGY_BRIDGED, "ENERGY_BRIDGED", "energy of a time without samples"),
    (SLOT_ERROR, "SLOT_ERROR", "an expansion module does not answer as it should"),
    (METER_LOST, "METER_LOST", "a meter stopped answering"),
    (METER_BACK, "METER_BACK", "a meter answers again"),
    (UPLINK_UP, "UPLINK_UP", "the uplink is connected"),
    (UPLINK_DOWN, "UPLINK_DOWN", "the uplink is lost"),
)


def _row(code):
    for row in TABLE:
        if row[0] == code:
            return row
    return (code, "EVENT_%d" % code, "no text for this code")


def name(code):
    """The constant's name, for messages and the console."""
    return _row(code)[1]


def text(code):
    """One plain sentence without the full stop."""
    return _row(code)[2]
