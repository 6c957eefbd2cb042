"""SNTP, the client's packets (RFC 4330; RFC 5905, 7.3): sans-I/O, one question at a time.

The transmit time of a question is 64 random bits: the server's own clock needs none of it, and who
cannot read the question cannot answer it. An answer is believed when it comes from the address
asked, repeats those bits, is of a server that is synchronised (stratum 1 to 15, leap indicator not
3) whose figures make sense, and is the first one. Seconds count from 1900 in 32 bits: the era is
the one that makes them fall within 136 years behind `floor_s`, so 2036 is no end.
"""

import struct

from micropython import const

SIZE = const(48)
_HEAD = const(0x23)  # leap indicator 0, version 4, mode 3: client
_SERVER = const(4)
_FROM_1900 = 2208988800  # s to 1970
_ERA = 1 << 32
_UNIT_US = 1000000
_ROOT_US = const(16000000)  # a server this far from its reference is none
_DELAY_US = const(4000000)  # an answer this late says little
_PRECISION_US = const(1000)  # of what we and the server can stamp


class Kiss(Exception):
    """A server that says why it does not want to be asked: the message has four letters."""


class Question:
    def __init__(self, nonce):
        """`nonce`: eight random bytes, another for each question."""
        self._nonce = nonce
        packet = bytearray(SIZE)
        packet[0] = _HEAD
        packet[40:48] = nonce
        self.packet = bytes(packet)

    def judge(self, data, passed_us, floor_s):
        """(UTC in us when `data` came, what it may be off in us); None for what is no answer to
        this question. `passed_us`: since it was sent; `floor_s`: the time is later than that.
        ValueError, one sentence, for an answer that cannot be used; Kiss."""
        if len(data) < SIZE or data[24:32] != self._nonce or data[0] & 7 != _SERVER:
            return None
        version, stratum = data[0] >> 3 & 7, data[1]
        if not 3 <= version <= 4:
            return None
        if stratum == 0:
            raise Kiss("".join([chr(c) if 32 < c < 127 else "?" for c in data[12:16]]))
        if stratum > 15 or data[0] >> 6 == 3:
            raise ValueError("the server is not synchronised itself")
        root_us = _short_us(data, 4) // 2 + _short_us(data, 8)
        received, sent = _stamp(data, 32), _stamp(data, 40)
        if not received or not sent or root_us >= _ROOT_US:
            raise ValueError("the server does not know the time well enough")
        held_us = (sent - received) * _UNIT_US >> 32
        if not 0 <= held_us <= passed_us + _PRECISION_US:
            raise ValueError("the server answered before it was asked")
        delay_us = max(0, passed_us - held_us)
        if delay_us > _DELAY_US:
            raise ValueError("the answer took %d ms" % (delay_us // 1000))
        utc_us = _utc_us(sent, floor_s) + delay_us // 2
        return utc_us, delay_us // 2 + root_us + _PRECISION_US


def _short_us(data, at):
    """Seconds in 16 and 16 bits; beyond sense when negative."""
    return (struct.unpack_from(">I", data, at)[0] * _UNIT_US) >> 16


def _stamp(data, at):
    """Seconds since 1900 in units of 2**-32."""
    high, low = struct.unpack_from(">II", data, at)
    return high << 32 | low


def _utc_us(stamp, floor_s):
    seconds = (stamp >> 32) - _FROM_1900
    seconds += (floor_s - seconds + _ERA - 1) // _ERA * _ERA  # the first that is not before
    return seconds * _UNIT_US + ((stamp & 0xFFFFFFFF) * _UNIT_US >> 32)
