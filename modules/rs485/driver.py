"""RS-485 module: DL/T 645-2007 meters on one line, read in turn.

A block identifier is tried first and remembered when a meter does not serve it. A meter that
stays silent for some rounds goes to the slow lane, so that it cannot starve the others. Every
value is credited to the meter whose address stood in the reply; what a failed meter owes is
reported as NT IV, what it has no value for as IV. State is a few bytes a meter; nothing grows.
"""

from array import array

from micropython import const

from firmware.codec import dlt645, dlt645_values
from firmware.core.errors import CodecError, SlotError
from firmware.core.quality import GOOD, IV, NT
from modules.rs485.master import Master

_SLOW_AFTER = const(3)  # failed rounds in a row before a meter goes to the slow lane
_SLOW_EVERY = const(8)  # rounds between two attempts there
_ASK_AGAIN = const(64)  # rounds after which "not served" is forgotten: meters are exchanged

# (block identifier or "", single identifiers, first point): one request when the block is
# served, one a point when it is not. Of the powers only the total is wanted: no block.
_PLAN = (
    ("0001FF00", ("00010000", "00010100", "00010200", "00010300", "00010400"), 0),
    ("0201FF00", ("02010100", "02010200", "02010300"), 5),
    ("0202FF00", ("02020100", "02020200", "02020300"), 8),
    ("", ("02030000",), 11),
)


class Driver:
    VERSION = "0.2"
    PARITY = 0  # even (DL/T 645-2007, byte layer)

    POINTS = (
        ("ep", "kWh", -2),  # forward active energy, total
        ("ep1", "kWh", -2),  # ... tariff 1 to 4
        ("ep2", "kWh", -2),
        ("ep3", "kWh", -2),
        ("ep4", "kWh", -2),
        ("ua", "V", -1),
        ("ub", "V", -1),
        ("uc", "V", -1),
        ("ia", "A", -3),
        ("ib", "A", -3),
        ("ic", "A", -3),
        ("p", "kW", -4),
    )

    def __init__(self, port, cfg, clock, log):
        """cfg: "meters" (12-digit addresses), and optionally "baud" 9600, "reply_ms" 500,
        "gap_ms" 500, "retries" 1. SlotError for an address no meter can have."""
        self.cfg = cfg
        self.port = port
        self.clock = clock
        self.log = log
        self.meters = tuple(cfg.get("meters", ()))
        for addr in self.meters:
            _judge_address(addr)
        count = len(self.meters)
        self._retries = cfg.get("retries", 1)
        self._master = None  # made by open
        self._round = 0
        self._failures = bytearray(count)  # failed rounds in a row, stops at 255
        self._no_block = bytearray(count)  # bit n: block n of the plan is not served
        self._no_point = array("H", [0] * count)  # bit n: point n is not served
        self._owed = 0  # requests of this meter's turn whose answer may still come
        self._retried = 0
        self._refused = 0  # abnormal replies
        self._unreadable = 0  # answers whose data do not have the item's layout

    def devices(self):
        return self.meters

    async def open(self):
        """SlotError when the module has no working port. Silent meters are no reason: they are
        reported by poll."""
        if self.port is None:
            raise SlotError("the RS-485 module has no port")
        self._master = Master(
            self.port,
            self.clock,
            self.cfg.get("baud", 9600),
            self.cfg.get("reply_ms", 500),
            self.cfg.get("gap_ms", 500),
        )

    async def close(self):
        """Nothing is held but the port, which belongs to the bay."""
        self._master = None

    async def poll(self, out):
        """One round over all meters; out(meter, point, value, quality) for every point.

        SlotError when the port fails; a silent meter is not an error."""
        for index in range(len(self.meters)):
            if (self._round + index) % _ASK_AGAIN == 0:
                self._forget(index)
            if self._is_resting(index):
                self._give_up(index, 0, out)
            else:
                await self._read_meter(index, out)
        self._round += 1

    def stats(self):
        """Counters since open; meters_ok and meters_failed tell how it stands now."""
        failed = sum([1 for failures in self._failures if failures])
        counters = self._master.counters() if self._master else {}
        counters["retries"] = self._retried
        counters["refused"] = self._refused
        counters["unreadable"] = self._unreadable
        counters["meters_ok"] = len(self.meters) - failed if self._round else 0
        counters["meters_failed"] = failed
        counters["meters_slow"] = sum([1 for n in self._failures if n >= _SLOW_AFTER])
        return counters

    def _is_resting(self, index):
        slow = self._failures[index] >= _SLOW_AFTER
        return slow and (self._round + index) % _SLOW_EVERY != 0

    def _forget(self, index):
        self._no_block[index] = 0
        self._no_point[index] = 0

    async def _read_meter(self, index, out):
        self._owed = 0
        for step in range(len(_PLAN)):
            if not await self._read_step(index, step, out):
                # one silence is enough for this round: the others wait for the line
                self._fail(index)
                self._give_up(index, _PLAN[step][2], out)
                return
        if self._failures[index]:
            self.log.info("rs485", "meter %s answers again" % self.meters[index])
            self._forget(index)  # it may be another meter with the same address
        self._failures[index] = 0

    def _fail(self, index):
        failures = min(self._failures[index] + 1, 255)
        self._failures[index] = failures
        if failures == 1 or failures == _SLOW_AFTER:
            lane = ", asked rarely from now on" if failures == _SLOW_AFTER else ""
            self.log.warn("rs485", "meter %s is silent%s" % (self.meters[index], lane))

    def _give_up(self, index, first, out):
        for point in range(first, len(self.POINTS)):
            out(index, point, 0, NT | IV)

    async def _read_step(self, index, step, out):
        """False when the meter did not answer."""
        block, singles, first = _PLAN[step]
        if block and not self._no_block[index] >> step & 1:
            reply = await self._ask(index, block)
            if reply is None:
                return False
            if reply.error < 0:
                self._credit(index, first, len(singles), reply, out)
                return True
            self._no_block[index] |= 1 << step
        for offset in range(len(singles)):
            if not await self._read_single(index, singles[offset], first + offset, out):
                return False
        return True

    async def _read_single(self, index, di, point, out):
        if self._no_point[index] >> point & 1:
            out(index, point, 0, IV)
            return True
        reply = await self._ask(index, di)
        if reply is None:
            return False
        if reply.error < 0:
            self._credit(index, point, 1, reply, out)
        else:
            self._no_point[index] |= 1 << point
            out(index, point, 0, IV)
        return True

    async def _ask(self, index, di):
        """The reply of this meter to a read, or None. In the slow lane nothing is repeated."""
        addr = self.meters[index]
        request = dlt645.read(addr, di)
        tries = 1 if self._failures[index] >= _SLOW_AFTER else 1 + self._retries
        for attempt in range(tries):
            self._retried += attempt > 0
            reply = await self._exchange(addr, request)
            # A refusal names no item, so it may be the late answer to an earlier request:
            # it counts when it came more often than such answers can be under way.
            for _ in range(self._owed):
                if reply is None or reply.error < 0:
                    break
                reply = await self._exchange(addr, request)
            if reply is not None:
                self._refused += reply.error >= 0
                return reply
            self._owed += 1
        return None

    async def _exchange(self, addr, request):
        master = self._master
        if master is None:  # closed between two requests
            raise SlotError("the RS-485 module is not open")
        try:
            return await master.request(addr, request)
        except CodecError as error:
            self.log.warn("rs485", str(error))
        return None

    def _credit(self, index, first, count, reply, out):
        """Values of one reply to `count` points; what a block lacks or marks FF is invalid."""
        try:
            values = dlt645_values.numbers(reply.di, reply.data)
        except CodecError as error:
            self._unreadable += 1
            self.log.warn("rs485", "meter %s: %s" % (self.meters[index], error))
            values = ()
        for i in range(count):
            value = values[i] if i < len(values) else None
            if value is None:
                out(index, first + i, 0, IV)
            else:
                out(index, first + i, value, GOOD)


def _judge_address(addr):
    try:
        dlt645.address_bytes(addr)
    except CodecError as error:
        raise SlotError(str(error))
    if "A" in addr or addr == dlt645.BROADCAST:
        raise SlotError("%s is not the address of one meter" % addr)
