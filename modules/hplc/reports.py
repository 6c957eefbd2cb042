"""What the module says of its own accord: 03H F10 after its start, 06H F1 to F5, and the
questions of a running route, 14H. Outages and their ends are gathered to one event each."""

from micropython import const

from firmware.bay.contract import News
from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_events as events
from firmware.codec.dlt645 import address_text
from firmware.codec.dlt698 import read_address
from firmware.core.errors import CodecError
from firmware.core.quality import NT
from modules.hplc import meters as meters_
from modules.hplc import nodes as nodes_
from modules.hplc.gather import Gather
from modules.hplc.startup import values_of

_TEXT = const(64)  # bytes of a meter's own event that are told
_PHASES = ("reading is finished", "search is finished", "area identification is finished")
_UNSUPPORTED = const(10)
_DARK = const(16)
_NOTHING, _READ_THIS = const(1), const(2)


class Reports:
    def __init__(self, nodes, reading, routed, desk, startup, clock, quiet_ms, local_time):
        """local_time(): twelve digits YYMMDDhhmmss for the module."""
        self.news = News()
        self.has_listener = False  # until then what is reported must come again
        self.outages = Gather(quiet_ms)
        self.returns = Gather(quiet_ms)
        self.has_restarted = False  # the module says so; whoever looks takes it back
        self.unknown = 0  # reports nobody understands
        self._dark = []  # addresses not in our archive that were told to be without power
        self._nodes = nodes
        self._reading = reading
        self._routed = routed
        self._desk = desk
        self._startup = startup
        self._clock = clock
        self._local_time = local_time

    def take(self, frame):
        """True when a report was dealt with and is to be confirmed."""
        if frame.afn == gdw.QUERY and frame.fn == 10:
            self._startup.take_mode(frame)
            self.has_restarted = True
            return True
        if frame.afn == gdw.ROUTE_READ:
            self._answer_route(frame)
            return False
        if frame.afn != gdw.REPORT:
            self.unknown += 1
            self._desk.deny(frame, _UNSUPPORTED)
            return False
        if not self.has_listener:
            return False
        values = values_of(frame)
        if values is None:
            self.unknown += 1  # confirmed, or it would come again for ever
        elif frame.fn in (1, 4):
            for row in values["nodes"]:
                node = self._nodes.find(row[0])
                if node >= 0:
                    self._startup.joined(node)
                    if frame.fn == 4:
                        self._nodes.kinds[node] = row[3]
        elif frame.fn == 2:
            self._take_data(frame, values)
        elif frame.fn == 3:
            self._tell_route(values["finished"])
        elif frame.fn == 5:
            self._take_event(frame, values)
        return True

    def is_gathering(self):
        return self.outages.is_open

    def wait_ms(self, now):
        """Until something that is gathered must be told."""
        is_receiving = self._desk.is_receiving()
        wait = 1000
        for gather in (self.outages, self.returns):
            due = gather.due_ms(now, is_receiving)
            if due is not None:
                wait = min(wait, due)
        return wait

    def step(self, now):
        is_receiving = self._desk.is_receiving()
        if self.outages.due_ms(now, is_receiving) == 0:
            self._tell_outage()
        if self.returns.due_ms(now, is_receiving) == 0:
            self._tell(self.returns, "POWER_BACK", "has power again", "have power again")

    def answered(self, node):
        """It was read: whoever said that it has no power is out of date."""
        if self._nodes.has(node, nodes_.OUT):
            self._back(node, self._clock.ms())

    # 14H

    def _answer_route(self, frame):
        values = values_of(frame)
        if values is None:
            self._desk.deny(frame, _UNSUPPORTED)
        elif frame.fn == 1:
            node = self._nodes.find(values["addr"])
            payload = self._routed.question(node) if node >= 0 else b""
            flag = _READ_THIS if payload else _NOTHING
            values = {"flag": flag, "delay": 0, "data": payload, "attached": []}
            self._desk.reply(frame, gdw.ROUTE_READ, 1, values)
        elif frame.fn == 2:
            self._desk.reply(frame, gdw.ROUTE_READ, 2, {"time": self._local_time()})
        elif frame.fn == 3:
            # nothing of ours depends on the delay: it goes as it is
            self._desk.reply(frame, gdw.ROUTE_READ, 3, {"data": values["data"]})
        else:
            self._desk.deny(frame, _UNSUPPORTED)

    # 06H

    def _take_data(self, frame, values):
        node = self._nodes.find(gdw.node(frame))
        if node < 0:
            node = self._nodes.find(_address(values["data"]))
        if node >= 0:
            self._routed.take(node, values["data"])

    def _tell_route(self, what):
        if what == 1:
            return  # each round ends so
        text = _PHASES[what - 1] if 1 <= what <= len(_PHASES) else "state %d" % what
        self.news.event("ROUTE", text)

    def _take_event(self, frame, values):
        now = self._clock.ms()
        try:
            event = events.read(values["device"], values["protocol"], values["content"])
        except CodecError:
            self.unknown += 1
            return
        if event.kind == events.OUTAGE:
            self._take_power(event.nodes, True, now)
        elif event.kind == events.RESTORED:
            self._take_power(event.nodes, False, now)
        elif event.kind == events.COLLECTED:
            for is_out in (True, False):
                found = [address for address, state in event.nodes if (state == 0) == is_out]
                if found:
                    self._take_power(found, is_out, now)
        elif event.kind == events.REJECTED:
            names = [address for address, _ in event.nodes]
            self.news.event("NODE_REJECTED", "%d are not on file" % len(names), members=names)
        elif event.kind == events.FRAME:
            self._tell_meter(event.frame)
        else:
            self.unknown += 1

    def _tell_meter(self, raw):
        address = _address(raw)
        node = self._nodes.find(address)
        text = "".join(["%02X" % byte for byte in raw[:_TEXT]])
        if node < 0:
            text = "%s: %s" % (address or "a meter that is not on file", text)
        self.news.event("METER_EVENT", text, node)

    # power

    def _take_power(self, addresses, is_out, now):
        for address in addresses:
            node = self._nodes.find(address)
            if node < 0:
                self._take_stranger(address, is_out, now)
            elif is_out:
                self._out(node, now)
            elif self._nodes.has(node, nodes_.OUT):
                self._back(node, now)

    def _take_stranger(self, address, is_out, now):
        """One that is not in our archive: it is told with the others, but not again and again."""
        known = self._dark
        if is_out == (address in known):
            return
        if is_out:
            known.append(address)
            del known[:-_DARK]
            self.outages.add_stranger(address, now)
        else:
            known.remove(address)
            self.returns.add_stranger(address, now)

    def _out(self, node, now):
        if self._nodes.has(node, nodes_.OUT):
            return  # told already
        self._nodes.set(node, nodes_.OUT)
        self._reading.is_out(node, now // 1000)
        self.outages.add(node, now)

    def _back(self, node, now):
        self._nodes.drop(node, nodes_.OUT)
        self._reading.due.hurry(node, now // 1000)
        self.returns.add(node, now)

    def _tell_outage(self):
        members = list(self.outages.members)
        self._tell(self.outages, "OUTAGE", "has lost its power", "have lost their power")
        for node in members:  # what is known of them is not topical
            if self._nodes.has(node, nodes_.OUT):
                for point in range(len(self._nodes.profiles[node].points)):
                    self.news.put(node, point, 0, NT)

    def _tell(self, gather, name, one, many):
        members, strangers = gather.take()
        names = [self._nodes.names[node] for node in members] + strangers
        text = "1 node %s" % one if len(names) == 1 else "%d nodes %s" % (len(names), many)
        if strangers:
            text += ", %d of them not on file" % len(strangers)
        self.news.event(name, text, members=names)


def _address(raw):
    """Of the meter that sent a frame, "" when it is none."""
    frames = meters_.split(raw)
    if not frames:
        return ""
    frame = frames[0]
    if frame[7] == 0x68:
        return address_text(frame, 1)
    address = read_address(frame, 0)[0]
    return address.digits
