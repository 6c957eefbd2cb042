"""Breakers and other outputs behind RS-485, operated for the front door of control: the state is
read, the orders of the profile are sent, each once, and the state is read until it follows."""

import asyncio

from micropython import const

from firmware.core.errors import CodecError, SlotError
from firmware.core.operation import ACTIONS, CLOSE, DONE, FAILED, REFUSED, UNKNOWN

_STEP_MS = const(50)  # between two looks at the state
_WORDS = ("open", "closed")
_MOST = const(4)  # outputs of a device, as a profile may have them


class Switches:
    def __init__(self, names, profiles, exchange, clock):
        """Names and profiles of all devices. exchange(device, ask, is_order): the dialect with
        the answer, None without one."""
        self._names = names
        self._profiles = profiles
        self._exchange = exchange
        self._clock = clock
        # _MOST * device + number of the output: 1 closed, 0 open, as it was read last
        self._seen = {}

    def names(self):
        """((name, actions), ..) of all outputs."""
        return tuple(
            [
                ("%s.%s" % (name, output.name), ACTIONS)
                for name, profile in zip(self._names, self._profiles)
                for output in profile.outputs
            ]
        )

    def position(self, name):
        state = self._seen_of(*self._find(name))
        return "unknown" if state is None else _WORDS[state]

    def objection(self, name, action):
        """What speaks against it as it was read last."""
        state = self._seen_of(*self._find(name))
        if state is None:
            return "the position of %s is not known" % name
        return _against(name, action, state)

    def watched(self, device, out):
        """The sink of a poll, which sees the states of this device go by."""

        def see(point, value, bits):
            self._note(device, point, value, bits)
            out(point, value, bits)

        return see

    async def operate(self, redeem, key, name, action, is_remote):
        """(outcome, sentence)."""
        device, number = self._find(name)
        output = self._profiles[device].outputs[number]
        if action not in ACTIONS:
            raise SlotError("%s neither closes nor opens" % name)
        state = await self._state(device, number)
        if state is None:
            return REFUSED, "%s does not answer" % self._names[device]
        text = _against(name, action, state)
        if text:
            return REFUSED, text
        if redeem is None or not redeem(key, name, action):
            raise SlotError("outputs are operated by the front door only")
        orders = output.orders[ACTIONS.index(action)]
        for i, order in enumerate(orders):
            is_last = i + 1 == len(orders)
            dialect = await self._exchange(device, order, True)
            if dialect and dialect.refused():
                return FAILED if is_last else REFUSED, "%s refuses it" % self._names[device]
            if dialect is None and not is_last:
                return REFUSED, "%s does not answer" % self._names[device]
        # silence after the last one says nothing: it is never sent again, its state tells
        return await self._follow(device, number, int(action == CLOSE))

    async def _follow(self, device, number, target):
        name, travel_ms = self._names[device], self._profiles[device].travel_ms
        began = self._clock.ms()
        while True:
            state = await self._state(device, number)
            took_ms = self._clock.ms() - began
            if state == target:
                return DONE, "%s is %s after %d ms" % (name, _WORDS[state], took_ms)
            if took_ms >= travel_ms:
                break
            await asyncio.sleep_ms(min(_STEP_MS, travel_ms - took_ms))
        if state is None:
            return UNKNOWN, "%s does not answer any more" % name
        return FAILED, "%s is still %s after %d ms" % (name, _WORDS[state], took_ms)

    async def _state(self, device, number):
        """1 closed, 0 open, None when it cannot be read."""
        ask, points = self._profiles[device].outputs[number].read
        self._seen.pop(_MOST * device + number, None)
        dialect = await self._exchange(device, ask, False)
        if dialect is None or dialect.refused():
            return None
        try:
            dialect.values(points, lambda *what: self._note(device, *what))
        except CodecError:
            return None
        return self._seen_of(device, number)

    def _seen_of(self, device, number):
        """1 closed, 0 open, None: not known."""
        return self._seen.get(_MOST * device + number)

    def _note(self, device, point, value, bits):
        for number, output in enumerate(self._profiles[device].outputs):
            if output.point == point:
                key = _MOST * device + number
                if bits:
                    self._seen.pop(key, None)
                else:
                    self._seen[key] = value >> output.bit & 1

    def _find(self, name):
        """(device, number of the output)."""
        at = name.rfind(".")
        if at > 0 and name[:at] in self._names:
            device = self._names.index(name[:at])
            for number, output in enumerate(self._profiles[device].outputs):
                if output.name == name[at + 1 :]:
                    return device, number
        raise SlotError("there is no output %s on this bus" % name)


def _against(name, action, state):
    return "%s is %s already" % (name, _WORDS[state]) if state == int(action == CLOSE) else ""
