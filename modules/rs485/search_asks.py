"""How each protocol is asked who is there, and what an answer gives away. Sans-I/O.

DL/T 645: reading an address (13H) is defined for the all-AA address only. With some digits known
and AA for the others the standard's shortened addressing is defined for reading, so a meter that
ignores 13H then still answers 11H: the total energy 00010000, which every meter has. Any reply
counts, a refusal too: the whole address of who sent it stands in it.
DL/T 698.45: GET of the communication address, 4001 0200, from a wildcard address (45 AA ..).
Modbus: one holding register; an exception is an answer.
"""

from micropython import const

from firmware.codec import dlt645, dlt698, dlt698_requests, modbus
from firmware.codec.dlt698_address import WILDCARD, Address, meter
from firmware.codec.framer import Framer
from modules.rs485.line import AFTER

SILENT = const(0)  # nobody
CLEAN = const(1)  # one device, as far as one can hear
NOISE = const(2)  # several at once, or a disturbance

_BUFFER = const(544)
_GLITCH = const(2)  # bytes of a turn-around beside an answer
_LEAST = const(4)  # bytes of the shortest answer
_DIGITS = "0123456789"


class Asks:
    """Of one protocol. A subclass has PROTOCOL, SERIALS, REPLY_MS, GAP_MS, APART, FIRST."""

    def __init__(self, framer):
        self._framer = framer

    def _judge(self, raw, asked):
        """The address of who sent a whole frame, "" when it cannot be known; None for ours."""
        raise NotImplementedError

    def hear(self, reply, asked):
        """(SILENT, CLEAN or NOISE, addresses of who answered for sure) of a line's words."""
        if len(reply) < _LEAST:
            return SILENT, ()
        framer = self._framer
        before = framer.garbage
        framer.feed(reply)
        framer.expire()
        found = []
        count = 0
        while True:
            raw = framer.next()
            if raw is None:
                break
            address = self._judge(raw, asked)
            if address is None:
                continue  # our own words
            count += 1
            if address and address not in found:
                found.append(address)
        if not count and framer.garbage == before:
            return SILENT, ()
        is_clean = count == len(found) == 1 and framer.garbage - before <= _GLITCH
        return CLEAN if is_clean else NOISE, tuple(found)


class Asks645(Asks):
    PROTOCOL = "dlt645"
    SERIALS = ((2400, "even"), (9600, "even"))
    REPLY_MS = 500  # Td
    GAP_MS = 500  # a second meter may begin when the first has ended
    APART = 0  # a late answer is what it says: the address and the identifier stand in it
    FIRST = 2  # ways to ask everybody

    def __init__(self):
        super().__init__(Framer(dlt645.measure, _BUFFER))

    def request(self, known, way):
        """Who ends in `known` digits? `way`: 13H first, then 11H, where nothing is known."""
        asked = "A" * (12 - len(known)) + known
        if known or way:
            return dlt645.PREAMBLE + dlt645.read(asked, "00010000")
        return dlt645.PREAMBLE + dlt645.read_address()

    def _judge(self, raw, asked):
        frame = dlt645.parse(raw)
        if not frame.control & dlt645.FROM_METER:
            return None
        address = frame.addr
        if not _is_decimal(address) and frame.control == 0x93 and len(frame.data) == 6:
            address = dlt645.address_text(frame.data)  # it echoes the wildcard
        if not _is_decimal(address):
            address = asked
        return address if _is_decimal(address) and len(address) == 12 else ""


class Asks698(Asks):
    PROTOCOL = "dlt698"
    SERIALS = ((9600, "even"), (2400, "even"))
    REPLY_MS = 500
    GAP_MS = 500
    APART = 0  # as above
    FIRST = 1

    def __init__(self):
        super().__init__(Framer(dlt698.measure, _BUFFER))

    def request(self, known, way):
        if len(known) == 12:
            whom = meter(known)
        else:
            whom = Address(WILDCARD, 0, "A" * (12 - len(known)) + known)
        apdu = dlt698_requests.get(0, "40010200")
        return dlt698.PREAMBLE + dlt698.build(dlt698.REQUEST, whom, 0, apdu)

    def _judge(self, raw, asked):
        frame = dlt698.parse(raw)
        if not frame.control & dlt698.FROM_SERVER:
            return None
        digits = frame.address.digits
        while digits[-1:] == "F":
            digits = digits[:-1]  # the filling of an odd number of digits
        return digits if digits and _is_decimal(digits) else ""


class AsksModbus(Asks):
    PROTOCOL = "modbus"
    SERIALS = ((9600, "none"),)
    REPLY_MS = 200
    GAP_MS = 50
    APART = AFTER  # a register's number does not stand in the answer
    FIRST = 1

    def __init__(self):
        super().__init__(Framer(modbus.measure, _BUFFER, -1))

    def request(self, unit, way):
        return modbus.read_holding(int(unit), 0, 1)

    def _judge(self, raw, asked):
        return str(modbus.parse(raw).unit)


ASKS = (Asks645, Asks698, AsksModbus)


def _is_decimal(text):
    return all([digit in _DIGITS for digit in text])
