"""Reading through the module: 13H F1, one at a time, and F1H F1, several nodes at once."""

from tools.emulator.hplc import wire

_MOST_NODES, _MOST_FRAMES = 5, 13
_SILENT_S = 3.0  # until the module gives a node up
_LENGTH, _BUSY, _OUTSIDE, _TOO_MANY, _FRAMES, _READING = 2, 9, 12, 109, 110, 111  # denials


class Forwarding:
    def __init__(self, module, is_concurrent):
        self._module = module
        self.is_concurrent = is_concurrent
        self.exchanges = 0
        self.most = 0  # nodes at once
        self.reset()

    def reset(self):
        self._open = 0  # of F1H
        self._is_busy = False  # with 13H
        for node in self._module.network.nodes:
            node.is_busy = False

    def serve(self, request):
        error = self._objection(request)
        if error:
            self._module.deny(request, error)
            return
        node = self._module.network.by_address[request.addresses[-1]]
        is_single = request.afn == 0x13
        payload = _single(request.unit) if is_single else _several(request.unit)
        if payload is None:
            self._module.deny(request, _LENGTH)
            return
        if len(wire.meter_frames(payload) or ()) > (1 if is_single else _MOST_FRAMES):
            self._module.deny(request, _FRAMES)
            return
        self._begin(request, node, payload, is_single)

    def _objection(self, request):
        """The error to deny with, 0 for none."""
        network = self._module.network
        # a running route keeps the channel for itself: pause it first
        if not self._module.routing.is_paused or not any(self._module.link.main):
            return _BUSY
        node = network.by_address.get(request.addresses[-1]) if request.addresses else None
        if node is None or not node.is_in or node.address not in self._module.archive:
            return _OUTSIDE
        if node.is_busy:
            return _READING
        if request.afn == 0x13:
            return _BUSY if self._is_busy or self._open else 0
        return _TOO_MANY if self._open >= _MOST_NODES else 0

    def _begin(self, request, node, payload, is_single):
        self.exchanges += 1
        node.is_busy = True
        if is_single:
            self._is_busy = True
        else:
            self._open += 1
            self.most = max(self.most, self._open)
        seconds, said = self._module.network.exchange(node, payload, self._module.now())
        wait = seconds if said else _SILENT_S
        self._module.later(wait, lambda: self._end(request, node, seconds, said))

    def _end(self, request, node, seconds, said):
        node.is_busy = False
        protocol = request.unit[:1]
        if request.afn == 0x13:
            self._is_busy = False
            said = said[:255]
            unit = round(seconds).to_bytes(2, "little") + protocol + bytes([len(said)]) + said
        else:
            self._open -= 1
            unit = protocol + len(said).to_bytes(2, "little") + said
        self._module.link.answer(request, request.afn, request.fn, unit, node)


def _single(unit):
    """Protocol, delay, attached count, attached addresses, length, payload."""
    if len(unit) < 4:
        return None
    at = 3 + 6 * unit[2]
    if len(unit) <= at or len(unit) != at + 1 + unit[at] or not unit[at]:
        return None
    return unit[at + 1 :]


def _several(unit):
    """Protocol, reserved, length of two bytes, payload."""
    if len(unit) < 5 or len(unit) != 4 + int.from_bytes(unit[2:4], "little"):
        return None
    return unit[4:]
