"""Room in asyncio's poll set, taken before anything is in it.

The port's poll keeps its file descriptors in a table that grows by four, and when the table moves
it writes a wild pointer into every object without a descriptor, such as a ThreadSafeFlag: the next
poll is a segmentation fault (extmod/modselect.c, poll_set_add_fd: pollfd may be NULL). The table
never shrinks, so one that has grown while it was alone need not move any more.
"""

from micropython import const

_STREAMS = const(32)  # console, pins, six ports, uplink, servers and their clients: 12 and more


def reserve(poller):
    for fd in range(_STREAMS):
        poller.register(fd)
    for fd in range(_STREAMS):
        poller.unregister(fd)
