"""The words of control that the door and the drivers share."""

CLOSE, OPEN = "close", "open"
ACTIONS = (CLOSE, OPEN)

# What came of an operation
DONE = "done"  # the position confirms it
FAILED = "failed"  # the output was moved, or should have been, and the position does not follow
UNKNOWN = "unknown"  # it was cut off, or nobody can tell
REFUSED = "refused"  # nothing was moved
