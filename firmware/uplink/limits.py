"""Every bound of an uplink session in one table, with its reason. No logic, no I/O."""

from firmware.core.errors import ConfigError


class Limits:
    """Give others by keyword. Times are ms and hold for one wait each."""

    connect_ms = 10_000  # three SYNs (1 + 2 + 4 s) over a 4G bearer that has to wake up
    connack_ms = 10_000  # the broker may ask a database who we are
    write_ms = 20_000  # one packet of 16 KB over a bearer of 1 KB/s
    packet_ms = 10_000  # a packet the broker began must become whole
    ack_ms = 10_000  # answer to the oldest PUBLISH or SUBSCRIBE in flight, and PINGRESP
    window = 8  # publishes in flight: hides the round trip, and bounds what is sent twice
    live_window = 5  # ... of them with live values: an event does not wait for their answers
    rx_bytes = 8192  # longest packet taken from the broker; longer ones are never allocated
    replies = 32  # PUBACKs we owe; a broker that sends on without taking them is cut off
    resolve_again = 20  # failed attempts on the kept address before the name is looked up anew
    backoff_min_ms = 1000
    backoff_max_ms = 300_000
    stable_ms = 60_000  # a shorter session does not reset the back-off (accepted, then kicked)

    def __init__(self, **changes):
        """ConfigError when a name is not one of the above."""
        for name, value in changes.items():
            if not hasattr(Limits, name):
                raise ConfigError("the uplink has no limit called " + name)
            setattr(self, name, value)

    def bounds(self, keepalive_ms):
        """((name, longest wait in ms), ...) of everything the far side can keep us waiting for."""
        return (
            ("connect", self.connect_ms),
            ("CONNACK", self.connack_ms),
            ("write", self.write_ms),
            ("packet", self.packet_ms),
            ("ack", self.ack_ms),
            # asked after half a keepalive of silence: a dead link is seen within 1.5 of them
            ("PINGRESP", min(self.ack_ms, keepalive_ms)),
        )
