"""Which class an event belongs to: a ring of its own on flash, so that what is noisy in one class
does not push out another. The first row that has a code counts; what has no row is of SYSTEM.
"""

SUPPLY = "supply"  # supply and energy
CONTROL = "control"
CONFIG = "config"  # settings, calibration, access
QUALITY = "quality"
TIME = "time"
SYSTEM = "system"
UPLINK = "uplink"
DEVICE = "device"
MODULE = "module"

# The least important first: of them flash takes its room when it is full.
CLASSES = (MODULE, DEVICE, UPLINK, SYSTEM, TIME, QUALITY, CONFIG, CONTROL, SUPPLY)

# first code, last code, class
TABLE = (
    (1, 1, SYSTEM),
    (2, 9, TIME),
    (10, 19, SYSTEM),
    (20, 24, CONFIG),
    (25, 39, SYSTEM),
    (40, 49, SUPPLY),
    (50, 50, MODULE),
    (51, 52, DEVICE),
    (53, 55, MODULE),
    (56, 56, DEVICE),
    (57, 58, CONFIG),
    (60, 69, UPLINK),
    (70, 79, QUALITY),
    (80, 81, SUPPLY),
    (82, 84, DEVICE),
    (85, 85, UPLINK),
    (90, 94, CONFIG),
    (95, 99, SUPPLY),
    (100, 109, CONTROL),
    (110, 119, DEVICE),
)

# What the audit log keeps besides: who changed what the terminal measures, does or says.
AUDITED = (
    (2, 3),  # steps of the clock ...
    (6, 6),  # and who set it
    (12, 13),  # safe mode
    (20, 23),  # settings
    (47, 47),  # energy registers that were lost
    (57, 58),  # vendors' tools
    (90, 94),  # calibration
    (100, 106),  # control operations
)


def of(code):
    """The class of an event code."""
    for first, last, name in TABLE:
        if first <= code <= last:
            return name
    return SYSTEM


def is_audited(code):
    return any([first <= code <= last for first, last in AUDITED])
