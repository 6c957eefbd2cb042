"""What becomes of a task that ends or does not report: the whole terminal's table.

A task that ends, however, is started again after a pause that doubles from the first to the
longest; a run longer than the longest starts the doubling anew. One that may give up does so
after so many ends in a row.

A task that is watched must report at least so often, the time it says that it rests not counted.
One that does not costs a reset of the terminal (RESET: metering, what is billed and kept, the
time, the bay, the way out - what a terminal is useless without) or is cancelled and started again
(RESTART: a module's driver, which must not take the others with it).

A reset comes at the deadline, the supervisor's look each 500 ms and the hardware watchdog's
`wdt.timeout_ms` later, which is 12 s at most (a name that no server resolves blocks for some
10 s): within 30 s when a deadline of RESET is 17 s at most.
"""

from collections import namedtuple

RESET = "reset"
RESTART = "restart"

# late: RESET, RESTART or "" (not watched); deadline_ms: longest silence; first_ms, most_ms:
# pauses before it is started again; tries: ends in a row after which it is given up, 0: never
Policy = namedtuple("Policy", ("late", "deadline_ms", "first_ms", "most_ms", "tries"))

OTHERS = Policy("", 0, 1000, 60000, 0)

# the longest pause between two tries to start the metrology unit is 5 s
TABLE = (
    ("link", Policy(RESET, 6000, 1000, 60000, 0)),
    ("billing", Policy(RESET, 6000, 1000, 60000, 0)),
    ("checkpoint", Policy(RESET, 15000, 1000, 60000, 0)),
    ("store", Policy(RESET, 15000, 1000, 60000, 0)),
    ("clock", Policy(RESET, 15000, 1000, 60000, 0)),
    ("freezes", Policy(RESET, 15000, 1000, 60000, 0)),
    ("bay", Policy(RESET, 15000, 1000, 60000, 0)),
    ("uplink", Policy(RESET, 15000, 1000, 60000, 0)),
    ("housekeeping", Policy(RESTART, 20000, 1000, 60000, 0)),
    ("supply", Policy(RESTART, 20000, 1000, 60000, 0)),
    ("delivery", Policy(RESTART, 20000, 1000, 60000, 0)),
    ("reporter", Policy(RESTART, 20000, 1000, 60000, 0)),
    # a turn on the bus takes up to the longest answer and its tries, a command as long again
    ("slot #", Policy(RESTART, 180000, 1000, 60000, 0)),
    # evidence and tools: what fails ten times in a row will not get better
    ("waveforms", Policy("", 0, 1000, 60000, 10)),
    ("search", Policy("", 0, 1000, 60000, 10)),
    ("send", Policy("", 0, 1000, 60000, 10)),
    ("pass-through", Policy("", 0, 1000, 300000, 0)),  # its port may be another's for a while
)


def of(name):
    """The Policy of a task by its name; # stands for a digit."""
    key = name[:-1] + "#" if name[-1:].isdigit() else name
    for pattern, policy in TABLE:
        if pattern == key:
            return policy
    return OTHERS
