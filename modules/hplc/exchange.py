"""One frame to a meter and its answer, for who asks from outside: waits until the route is
paused and nobody else asks the node, within the bound it was given."""

import asyncio

from micropython import const

from firmware.codec import gdw1376_2 as gdw
from firmware.codec import gdw1376_2_down as down
from firmware.core.errors import CodecError, SlotError
from modules.hplc import desk as desks
from modules.hplc import nodes as nodes_
from modules.hplc.startup import values_of

_STEP_MS = const(20)
_MOST_MS = const(90000)
_SLACK_MS = const(3000)  # for the request to leave
_PROTOCOLS = {"transparent": 0, "dlt645": 2, "dlt698": 3, 0: 0, 1: 1, 2: 2, 3: 3}
_MOST = const(255)


class Exchange:
    def __init__(self, nodes, desk, reading, address, protocol, data):
        """SlotError when it cannot be."""
        if protocol not in _PROTOCOLS:
            raise SlotError("a protocol is transparent, dlt645 or dlt698, not %s" % protocol)
        if not isinstance(data, (bytes, bytearray)) or not 1 <= len(data) <= _MOST:
            raise SlotError("a frame to a meter has 1 to %d bytes" % _MOST)
        self._node = nodes.find(address)
        if self._node < 0:
            raise SlotError("there is no node %s behind this module" % address)
        self._nodes = nodes
        self._desk = desk
        self._reading = reading
        self._values = {"protocol": _PROTOCOLS[protocol], "data": bytes(data)}
        self._over = asyncio.Event()
        self._frame = None

    async def run(self, wait_ms, is_paused, send, clock):
        """The meter's answer; SlotError when there is none in `wait_ms`. send(now): what waits
        may go out."""
        if not isinstance(wait_ms, int) or not 1 <= wait_ms <= _MOST_MS:
            raise SlotError("a wait is 1 to %d ms, not %s" % (_MOST_MS, wait_ms))
        until_ms = clock.ms() + wait_ms
        nodes, node = self._nodes, self._node
        while not is_paused() or nodes.has(node, nodes_.BUSY) or not self._has_lane():
            if clock.ms() >= until_ms:
                raise SlotError("the carrier network was busy for %d ms" % wait_ms)
            await asyncio.sleep_ms(_STEP_MS)
        nodes.set(node, nodes_.BUSY)
        ask = None
        try:
            ask = self._ask(until_ms - clock.ms())
            if ask is None:
                raise SlotError("the module has too many requests waiting")
            send(clock.ms())
            left_ms = until_ms - clock.ms()
            # the desk gives the request up before, unless it has gone with its session
            await asyncio.wait_for_ms(self._over.wait(), max(0, left_ms) + _SLACK_MS)
        except asyncio.TimeoutError:
            raise SlotError("the carrier module was not served any more")
        finally:
            nodes.drop(node, nodes_.BUSY)
            if ask is not None:
                self._desk.cancel(ask)
        return self._answer()

    def _has_lane(self):
        return self._nodes.count(nodes_.BUSY) < self._reading.lanes

    def _ask(self, wait_ms):
        values = self._values
        if self._reading.is_single:
            afn = gdw.ROUTE_FORWARD
            values["delay"], values["attached"] = 0, []
        else:
            afn = gdw.CONCURRENT
            values["reserved"] = 0
        try:
            unit = down.encode(afn, 1, values)
        except CodecError as error:
            raise SlotError(str(error))
        address = self._nodes.addresses[self._node]
        return self._desk.ask(afn, 1, unit, address, max(1, wait_ms), 1, self._take)

    def _take(self, frame):
        self._frame = frame
        self._over.set()

    def _answer(self):
        error = desks.error(self._frame)
        if error == desks.NO_ANSWER:
            raise SlotError("the module did not answer in time")
        if error != desks.ACCEPTED:
            raise SlotError("the module refuses it, error %d" % error)
        values = values_of(self._frame)
        if not values or not values["data"]:
            raise SlotError("the meter did not answer")
        return values["data"]
