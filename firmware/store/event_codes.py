"""What an event can be: one constant, one name and one text each. Codes are never renumbered."""

from micropython import const

BOOT = const(1)
CLOCK_STEP = const(2)
CLOCK_REFUSED = const(3)
CLOCK_SOURCE = const(4)
CLOCK_STATE = const(5)
CLOCK_SET = const(6)
METER_CLOCK = const(7)
METERS_SET = const(8)
FREEZE_MISSED = const(9)
TASK_CRASHED = const(10)
TASK_LATE = const(11)
SAFE_MODE = const(12)
SAFE_LEFT = const(13)
TASK_GIVEN_UP = const(14)
TASK_STUCK = const(15)
BOOT_FAILED = const(16)
CONFIG_DEFAULTED = const(20)
CONFIG_COMMITTED = const(21)
CONFIG_ROLLED_BACK = const(22)
ARCHIVE_DAMAGED = const(23)
AUDIT_HEAD = const(24)
STORE_FAILED = const(25)
STORE_FULL = const(26)
STORE_NEARLY_FULL = const(27)
EVENTS_OVERTAKEN = const(28)
RECORDS_DAMAGED = const(29)
LINK_MODE = const(30)
LINK_OVERRUN = const(31)
METROLOGY_CONFIG = const(33)
AUDIT_BROKEN = const(34)
ENERGY_MISMATCH = const(40)
ENERGY_RESTORED = const(41)
ENERGY_BRIDGED = const(42)
ENERGY_SUBSTITUTED = const(43)
ENERGY_UNKNOWN = const(44)
REGISTER_IMPLAUSIBLE = const(45)
PULSES_MISSED = const(46)
REGISTERS_RESET = const(47)
ENERGY_LOST = const(48)
JOURNAL_ABSENT = const(49)
SLOT_ERROR = const(50)
DEVICE_LOST = const(51)
DEVICE_BACK = const(52)
MODULE_IN = const(53)
MODULE_OUT = const(54)
MODULE_REFUSED = const(55)
STATE = const(56)
CLIENT_IN = const(57)
CLIENT_OUT = const(58)
UPLINK_UP = const(60)
UPLINK_DOWN = const(61)
UPLINK_SWITCHED = const(62)
DELIVERY_LOST = const(63)
DIP = const(70)
SWELL = const(71)
INTERRUPTION = const(72)
OVERCURRENT = const(73)
VOLTAGE_LOSS = const(74)
PHASE_LOSS = const(75)
SEQUENCE = const(76)
IMBALANCE = const(77)
WAVEFORM = const(78)
OUTAGE = const(80)
POWER_BACK = const(81)
METER_EVENT = const(82)
NODE_REJECTED = const(83)
ROUTE = const(84)
MODEM = const(85)
CALIBRATION_STEP = const(90)
CALIBRATION_KEPT = const(91)
CALIBRATION_UNDONE = const(92)
CALIBRATION_REFUSED = const(93)
CALIBRATION_LOST = const(94)
SUPPLY_FAILED = const(95)
SUPPLY_BACK = const(96)
STATION_OFF = const(97)
STATION_ON = const(98)
SUPPLY_UNSTEADY = const(99)
CONTROL_SELECTED = const(100)
CONTROL_CANCELLED = const(101)
CONTROL_REFUSED = const(102)
CONTROL_OPERATED = const(103)
CONTROL_FAILED = const(104)
CONTROL_UNKNOWN = const(105)
CONTROL_MISMATCH = const(106)
INPUT_CHATTER = const(111)
INPUTS_MISSED = const(112)
ANALOG = const(113)

# code, name, text
TABLE = (
    (BOOT, "BOOT", "the terminal started"),
    (CLOCK_STEP, "CLOCK_STEP", "the clock was set"),
    (CLOCK_REFUSED, "CLOCK_REFUSED", "a source wants the clock farther away than it may move it"),
    (CLOCK_SOURCE, "CLOCK_SOURCE", "the clock follows another source"),
    (CLOCK_STATE, "CLOCK_STATE", "the clock is known better or worse"),
    (CLOCK_SET, "CLOCK_SET", "somebody set the clock"),
    (METER_CLOCK, "METER_CLOCK", "the clock of a meter is farther off than a broadcast may set"),
    (METERS_SET, "METERS_SET", "the clocks of the meters were set by broadcast"),
    (FREEZE_MISSED, "FREEZE_MISSED", "freezes were missed and are marked"),
    (TASK_CRASHED, "TASK_CRASHED", "a task ended and is started again"),
    (TASK_LATE, "TASK_LATE", "a critical task does not report, the watchdog is not fed"),
    (SAFE_MODE, "SAFE_MODE", "metering and uplink only, see safe()"),
    (SAFE_LEFT, "SAFE_LEFT", "safe mode ends, the terminal starts again"),
    (TASK_GIVEN_UP, "TASK_GIVEN_UP", "a task failed too often and is not started again"),
    (TASK_STUCK, "TASK_STUCK", "a task does not report and is started again"),
    (BOOT_FAILED, "BOOT_FAILED", "the terminal could not be built as it should be"),
    (CONFIG_DEFAULTED, "CONFIG_DEFAULTED", "a setting, or all, fell back to the default"),
    (CONFIG_COMMITTED, "CONFIG_COMMITTED", "settings were changed"),
    (CONFIG_ROLLED_BACK, "CONFIG_ROLLED_BACK", "the settings before these were put back"),
    (ARCHIVE_DAMAGED, "ARCHIVE_DAMAGED", "a line or a copy of the archive cannot be used"),
    (AUDIT_HEAD, "AUDIT_HEAD", "the newest entry of the audit log vouches for all before it"),
    (STORE_FAILED, "STORE_FAILED", "flash did not keep what was written"),
    (STORE_FULL, "STORE_FULL", "flash is full, the oldest of a kind went to make room"),
    (STORE_NEARLY_FULL, "STORE_NEARLY_FULL", "a kind of data is near the end of its room"),
    (EVENTS_OVERTAKEN, "EVENTS_OVERTAKEN", "events went before they were delivered"),
    (RECORDS_DAMAGED, "RECORDS_DAMAGED", "records on flash cannot be read and are left out"),
    (LINK_MODE, "LINK_MODE", "the link to the metrology unit changed its mode"),
    (LINK_OVERRUN, "LINK_OVERRUN", "waveform pages were overwritten before they were read"),
    (METROLOGY_CONFIG, "METROLOGY_CONFIG", "the metrology unit was not set as told"),
    (AUDIT_BROKEN, "AUDIT_BROKEN", "the audit log is not as it was written"),
    (ENERGY_MISMATCH, "ENERGY_MISMATCH", "the ways energy is known disagree beyond the bound"),
    (ENERGY_RESTORED, "ENERGY_RESTORED", "the energy registers were taken from flash"),
    (ENERGY_BRIDGED, "ENERGY_BRIDGED", "energy of a time without samples"),
    (ENERGY_SUBSTITUTED, "ENERGY_SUBSTITUTED", "registers or pulses stood in for samples"),
    (ENERGY_UNKNOWN, "ENERGY_UNKNOWN", "energy that nothing can tell"),
    (REGISTER_IMPLAUSIBLE, "REGISTER_IMPLAUSIBLE", "an energy register read what cannot be"),
    (PULSES_MISSED, "PULSES_MISSED", "the energy pulses do not count what the others do"),
    (REGISTERS_RESET, "REGISTERS_RESET", "the energy registers of the metrology unit were lost"),
    (ENERGY_LOST, "ENERGY_LOST", "flash holds no energies that can be used, none are told"),
    (
        JOURNAL_ABSENT,
        "JOURNAL_ABSENT",
        "this flash has no journal: energies are kept by the minute",
    ),
    (SLOT_ERROR, "SLOT_ERROR", "an expansion module does not answer as it should"),
    (MODULE_IN, "MODULE_IN", "a module was plugged and is in service"),
    (MODULE_OUT, "MODULE_OUT", "a module was taken out"),
    (MODULE_REFUSED, "MODULE_REFUSED", "a module cannot be used, its slot stays dark"),
    (DEVICE_LOST, "DEVICE_LOST", "a device stopped answering"),
    (DEVICE_BACK, "DEVICE_BACK", "a device answers again"),
    (STATE, "STATE", "an alarm or another state of a device changed"),
    (CLIENT_IN, "CLIENT_IN", "a vendor's tool was connected to a bus"),
    (CLIENT_OUT, "CLIENT_OUT", "a vendor's tool is gone from a bus"),
    (UPLINK_UP, "UPLINK_UP", "the uplink is connected"),
    (UPLINK_DOWN, "UPLINK_DOWN", "the uplink is lost"),
    (UPLINK_SWITCHED, "UPLINK_SWITCHED", "the uplink goes over the other link"),
    (DELIVERY_LOST, "DELIVERY_LOST", "events or curves went before they were delivered"),
    (DIP, "DIP", "a voltage dip"),
    (SWELL, "SWELL", "a voltage swell"),
    (INTERRUPTION, "INTERRUPTION", "all voltages were interrupted"),
    (OVERCURRENT, "OVERCURRENT", "a current above its limit"),
    (VOLTAGE_LOSS, "VOLTAGE_LOSS", "a voltage is lost"),
    (PHASE_LOSS, "PHASE_LOSS", "a loaded phase lost its voltage"),
    (SEQUENCE, "SEQUENCE", "the phase sequence is reversed"),
    (IMBALANCE, "IMBALANCE", "the currents are out of balance"),
    (WAVEFORM, "WAVEFORM", "the waveforms around an event are on flash"),
    (OUTAGE, "OUTAGE", "nodes of a carrier network lost their power"),
    (POWER_BACK, "POWER_BACK", "nodes of a carrier network have power again"),
    (METER_EVENT, "METER_EVENT", "a meter reports an event of its own"),
    (NODE_REJECTED, "NODE_REJECTED", "nodes that are not in the archive want to join"),
    (ROUTE, "ROUTE", "the carrier network changed its state"),
    (MODEM, "MODEM", "the cellular modem changed its state"),
    (CALIBRATION_STEP, "CALIBRATION_STEP", "a calibration step was written and measured again"),
    (CALIBRATION_KEPT, "CALIBRATION_KEPT", "the calibration on trial was kept"),
    (CALIBRATION_UNDONE, "CALIBRATION_UNDONE", "the calibration before was put back"),
    (CALIBRATION_REFUSED, "CALIBRATION_REFUSED", "a calibration step was refused"),
    (CALIBRATION_LOST, "CALIBRATION_LOST", "flash holds no calibration that can be used"),
    (SUPPLY_FAILED, "SUPPLY_FAILED", "the supply failed, the terminal runs on what is stored"),
    (SUPPLY_BACK, "SUPPLY_BACK", "the supply is good again, the terminal never went off"),
    (STATION_OFF, "STATION_OFF", "the terminal itself was without power from then on"),
    (STATION_ON, "STATION_ON", "the terminal has power again"),
    (SUPPLY_UNSTEADY, "SUPPLY_UNSTEADY", "the supply fails again and again"),
    (CONTROL_SELECTED, "CONTROL_SELECTED", "an output was selected, nothing moves yet"),
    (CONTROL_CANCELLED, "CONTROL_CANCELLED", "a selection was given up or ran out"),
    (CONTROL_REFUSED, "CONTROL_REFUSED", "a control request was refused"),
    (CONTROL_OPERATED, "CONTROL_OPERATED", "an output was operated and its position confirms it"),
    (CONTROL_FAILED, "CONTROL_FAILED", "an output was operated and its position does not follow"),
    (CONTROL_UNKNOWN, "CONTROL_UNKNOWN", "an operation was cut off, what came of it is not known"),
    (CONTROL_MISMATCH, "CONTROL_MISMATCH", "an output or its position is not as it was left"),
    (INPUT_CHATTER, "INPUT_CHATTER", "a digital input chatters, or has calmed down"),
    (INPUTS_MISSED, "INPUTS_MISSED", "changes of digital inputs were lost"),
    (ANALOG, "ANALOG", "an analog input is beyond a limit, open, or well again"),
)


def _row(code):
    for row in TABLE:
        if row[0] == code:
            return row
    return (code, "EVENT_%d" % code, "no text for this code")


def code(name):
    """The number of a constant's name; KeyError when there is none."""
    for row in TABLE:
        if row[1] == name:
            return row[0]
    raise KeyError(name)


def name(code):
    """The constant's name, for messages and the console."""
    return _row(code)[1]


def text(code):
    """One plain sentence without the full stop."""
    return _row(code)[2]
