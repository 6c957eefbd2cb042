"""RS-485 module: devices of three protocols on one line, each as its profile says.

The bay gives the turns; this makes one request in each. A block is asked first and remembered
when a device refuses it: it is read point by point from then on, and tried again after some
rounds, since devices are exchanged. Every value is credited to the device whose address stood
in the answer. State is ten bytes a device; nothing grows.
"""

from array import array

from micropython import const

from firmware.bay.contract import ALARM, DATA, DONE, KEY, MORE, SILENT
from firmware.codec import framer
from firmware.core.errors import CodecError, SlotError
from firmware.core.quality import IV
from firmware.devices import dialect_dlt645, dialect_dlt698, dialect_modbus
from firmware.devices import profile as kinds
from modules.rs485.line import Line
from modules.rs485.switches import Switches

_ASK_AGAIN = const(64)  # rounds after which "refused" is forgotten
_HEARD = const(256)  # bytes that are listened to when several devices answer at once
_ZONE_MIN = const(480)  # local time ahead of UTC, unless the settings say
_DUTIES = (KEY, ALARM, DATA)
_DIALECTS = {"modbus": dialect_modbus, "dlt645": dialect_dlt645, "dlt698": dialect_dlt698}


class Driver:
    VERSION = "2.0"
    VIEWS = ()
    ORDERS = ()  # breakers are operated by the front door

    def __init__(self, wires, cfg, clock, log):
        """cfg: "devices", a function that yields rows of the archive (config/archive.py),
        "reply_ms", the least wait for an answer, and "redeem", the door's (control/door.py)."""
        self._cfg = cfg
        self._clock = clock
        self._log = log
        self._line = Line(wires, clock)
        self._dialects = {}  # protocol: Dialect
        self._names = []
        self._profiles = []  # of each device
        self._addresses = []
        self._serials = []
        self._split = array("L", [])  # bit n: read n is refused as a whole
        self._read = bytearray()  # by device and duty: the read it is at, 0: the first
        self._part = bytearray()  # ... and the part of a split one
        self._rounds = 0  # rounds of data since "refused" was forgotten, all devices
        self._switches = None  # what can be operated, if anything can
        self._problems = []
        self._refused = 0  # answers that say no
        self._unreadable = 0  # answers whose data do not have the item's layout

    async def open(self):
        """SlotError when the slot has no port. Wrong rows of the archive are left out, with a
        sentence in `problems`; silent devices are no reason."""
        for row in self._cfg["devices"]():
            try:
                self._add(row)
            except SlotError as error:
                self._problems.append("%s: %s" % (row.name, error))
        kinds.settle()
        if [profile for profile in self._profiles if profile.outputs]:
            self._switches = Switches(self._names, self._profiles, self._exchange, self._clock)
        count = len(self._names)
        self._split = array("L", [0] * count)
        self._read = bytearray(len(_DUTIES) * count)
        self._part = bytearray(len(_DUTIES) * count)
        self._line.open(self._serials[0] if count else (9600, 0))

    async def close(self):
        """Lets go of the port; may be called twice."""
        self._line.close()

    def devices(self):
        return tuple([(self._names[i], p.points, p.duties) for i, p in enumerate(self._profiles)])

    # what the front door of control asks (firmware/control/outputs.py)

    def outputs(self):
        return self._switches.names() if self._switches else ()

    def position(self, name):
        return self._switches.position(name)

    def objection(self, name, action, is_remote):
        return self._switches.objection(name, action)

    def problems(self):
        """Sentences about devices that cannot be served, and why."""
        return self._problems

    def _speaker(self, protocol):
        if protocol not in self._dialects:
            self._dialects[protocol] = _DIALECTS[protocol].Dialect()
        return self._dialects[protocol]

    def _add(self, row):
        profile = kinds.load(row.profile, self._speaker)
        address = self._speaker(profile.protocol).address(row.address)
        for i, known in enumerate(self._addresses):
            # their late answers could not be told apart
            if known == address and self._profiles[i].protocol == profile.protocol:
                raise SlotError("it has the address of %s" % self._names[i])
        baud, parity = profile.serial
        serial = kinds.serial(row.baud or baud, row.parity if row.parity != "-" else parity)
        if serial in self._serials:
            serial = self._serials[self._serials.index(serial)]  # one object for all
        self._names.append(row.name)
        self._profiles.append(profile)
        self._addresses.append(row.name if row.name == address else address)  # one text
        self._serials.append(serial)

    async def poll(self, device, duty, out):
        """One request, see the contract. SlotError when the port fails."""
        place = _DUTIES.index(duty)
        profile = self._profiles[device]
        first = profile.ends[place - 1] if place else 0
        at = len(_DUTIES) * device + place
        read = first + self._read[at]
        ask, points = profile.reads[read]
        if profile.outputs:
            out = self._switches.watched(device, out)
        is_split = self._split[device] >> read & 1
        dialect = self._dialects[profile.protocol]
        parts = 1
        if is_split:
            parts = dialect.parts(ask, points)
            ask, points = dialect.part(ask, points, self._part[at])
        if not await self._ask(device, dialect, ask):
            return SILENT
        if not is_split and dialect.refused() and self._can_split(dialect, ask, points):
            self._refused += 1
            self._split[device] |= 1 << read
            self._part[at] = 0
            return MORE
        self._credit(device, dialect, points, out)
        return self._advance(at, parts, profile.ends[place] - first)

    def _can_split(self, dialect, ask, points):
        return dialect.is_divisible() and dialect.parts(ask, points) > 1

    def _advance(self, at, parts, reads):
        part = self._part[at] + 1
        if part < parts:
            self._part[at] = part
            return MORE
        self._part[at] = 0
        read = self._read[at] + 1
        if read < reads:
            self._read[at] = read
            return MORE
        self._read[at] = 0
        if _DUTIES[at % len(_DUTIES)] == DATA:
            self._rounds += 1
            if self._rounds >= _ASK_AGAIN * len(self._names):
                self._rounds = 0
                self._split = array("L", [0] * len(self._names))
        return DONE

    async def _exchange(self, device, ask, is_order):
        """The dialect that has an answer to one request, which may say no; None without one."""
        dialect = self._dialects[self._profiles[device].protocol]
        return dialect if await self._ask(device, dialect, ask, is_order) else None

    async def _ask(self, device, dialect, ask, is_order=False):
        reply_ms = max(self._profiles[device].reply_ms, self._cfg.get("reply_ms", 0))
        try:
            # in this order: what still stands on the line must find no open question
            await self._line.prepare(dialect.master, self._serials[device])
            begin = dialect.begin_order if is_order else dialect.begin
            request = begin(self._addresses[device], ask)
            return await self._line.ask(
                dialect.master, request, reply_ms, dialect.most, dialect.GAP_MS
            )
        except CodecError as error:
            self._log.warn("rs485", "%s: %s" % (self._names[device], error))
        return False

    def _credit(self, device, dialect, points, out):
        if dialect.refused():
            self._refused += 1
        else:
            try:
                dialect.values(points, out)
                return
            except CodecError as error:
                self._unreadable += 1
                self._log.warn("rs485", "%s: %s" % (self._names[device], error))
        for i in range(0, len(points), 2):
            out(points[i], 0, IV)

    async def command(self, verb, *args):
        """`raw` (request, baud, parity word, reply_ms, gap_ms, most): bytes that came back;
        `search` (protocol, bauds, parity word, sure): a Search, see there; `probe` (a Search):
        one question of it, True while there are more; `operate` (key, output, action,
        is_remote), for the front door alone: (outcome, sentence); `read_clock` (device number):
        see clocks.read; `set_clocks`: number of frames."""
        if verb == "raw":
            if len(args) != 6:
                raise SlotError("raw takes request, baud, parity, reply_ms, gap_ms and most")
            request, baud, parity, reply_ms, gap_ms, most = args
            serial = kinds.serial(baud, parity)
            return await self._line.raw(request, serial, reply_ms, gap_ms, most)
        if verb == "search":
            from modules.rs485.search import Search  # only where somebody searches

            return Search(*args)
        if verb == "probe":
            return await self._probe(*args)
        if verb == "read_clock" or verb == "set_clocks":
            return await self._clocks(verb, *args)
        if verb == "operate" and self._switches and len(args) == 4:
            return await self._switches.operate(self._cfg.get("redeem"), *args)
        raise SlotError("the RS-485 module has no command %s" % verb)

    async def _clocks(self, verb, device=-1):
        from modules.rs485 import clocks  # once a day

        zone_min = self._cfg.get("zone_min", _ZONE_MIN)
        if verb == "read_clock":
            protocol = self._profiles[device].protocol
            return await clocks.read(self._exchange, device, protocol, self._clock, zone_min)
        spoken = {(p.protocol, s) for p, s in zip(self._profiles, self._serials)}
        lines = sorted([one for one in spoken if one[0] != "modbus"], key=str)
        await clocks.set_all(self._line, lines, self._clock, zone_min)
        return len(lines)

    async def _probe(self, search):
        reply = await self._line.raw(
            search.request(),
            kinds.serial(*search.speed),
            search.reply_ms,
            search.gap_ms,
            _HEARD,
            search.apart,
        )
        search.take(reply)
        return not search.is_over

    def stats(self):
        """Counters since open."""
        line = self._line
        counters = {
            "requests": line.requests,
            "replies": line.replies,
            "timeouts": line.timeouts,
            "refused": self._refused,
            "unreadable": self._unreadable,
            "checksum_errors": 0,
            "alien": 0,
            "late": 0,
            "stale": 0,
            "garbage": 0,
            "unasked": line.unasked,
        }
        for dialect in self._dialects.values():
            master = dialect.master
            counters["alien"] += master.alien
            counters["late"] += master.late
            counters["stale"] += master.stale
            counters["garbage"] += master.framer.garbage
            for reason in (framer.CHECKSUM, framer.HCS, framer.FCS):
                counters["checksum_errors"] += master.framer.count(reason)
        return counters
