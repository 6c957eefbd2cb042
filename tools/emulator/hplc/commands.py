"""The commands of the module by AFN and Fn, but for those that concern a node's meter or the
route. What the notes leave open is decided here and said in a comment."""

from tools.emulator.hplc.network import COORDINATOR

_REBOOT_S = 0.3  # until a reset that was confirmed is carried out
_THINK_S = (0.02, 0.08)  # for a command that needs no node
_UNIT, _LENGTH, _ITEM, _DOUBLE, _UNKNOWN, _UNSUPPORTED = 1, 2, 4, 6, 7, 10  # denials
_MAX_FRAME, _MAX_FILE, _MAX_NODES = 1024, 512, 1000
_VERSION = b"UT" + b"LP" + bytes((0x01, 0x06, 0x26)) + bytes((0x21, 0x01))
_MOST_LISTED = 32
_COORDINATOR_TYPE = 5
_FILE_ERROR = b"\xff\xff\xff\xff"
_KNOWN = {
    0x01: (1, 2, 3), 0x03: (1, 4, 7, 10, 11), 0x05: (1, 2, 3, 101),
    0x10: (1, 2, 3, 4, 9, 21, 112), 0x11: (1, 2), 0x12: (1, 2, 3), 0x13: (1,), 0x15: (1,),
    0xF1: (1,),
}  # fmt: skip


class Commands:
    def __init__(self, module):
        self._module = module

    def serve(self, request):
        self._module.later(
            self._module.network.rng.uniform(*_THINK_S), lambda: self._obey(request)
        )

    def _obey(self, request):
        afn, fn = request.afn, request.fn
        if fn not in _KNOWN.get(afn, ()) or (
            afn == 0xF1 and not self._module.forwarding.is_concurrent
        ):
            self._module.deny(request, _UNSUPPORTED)
        elif afn == 0x01:
            self._initialise(request)
        elif afn == 0x03:
            self._query(request)
        elif afn == 0x05:
            self._control(request)
        elif afn == 0x10:
            self._list(request)
        elif afn == 0x11:
            self._file(request)
        elif afn == 0x12:
            self._module.routing.control(request)
        elif afn == 0x15:
            self._take_file(request)
        else:
            self._module.forwarding.serve(request)

    def _initialise(self, request):
        self._module.link.confirm(request)
        if request.fn == 1:
            self._module.later(_REBOOT_S, self._module.reboot)
        elif request.fn == 2:
            self._module.archive.clear()
            self._module.routing.forget()
        else:
            self._module.routing.forget()

    def _query(self, request):
        fn = request.fn
        unit = {1: _VERSION, 4: self._module.link.main, 7: bytes([90])}.get(fn)
        if fn == 10:
            unit = self.run_mode()
        elif fn == 11:
            if len(request.unit) != 1:
                self._module.deny(request, _LENGTH)
                return
            bits = sum(1 << known - 1 for known in _KNOWN.get(request.unit[0], ()))
            unit = request.unit + bits.to_bytes(32, "little")
        self._module.link.answer(request, 0x03, fn, unit)

    def run_mode(self):
        head = bytes((0x83, 0, 1, 1, 0, 0)) + bytes([90]) + _u16(100) + _u16(_MAX_FRAME)
        head += _u16(_MAX_FILE) + bytes([10]) + self._module.link.main + _u16(_MAX_NODES)
        head += (
            _u16(len(self._module.archive)) + bytes((0x19, 0x12, 0x30)) + bytes((0x26, 0x01, 0x15))
        )
        return head + _VERSION + _u16(0)

    def _control(self, request):
        fn, unit = request.fn, request.unit
        if fn == 1 and len(unit) == 6:
            self._module.link.main = unit
        elif fn == 2 and len(unit) == 1:
            self._module.is_reporting = unit[0] == 1
        elif fn == 3 and len(unit) > 2 and len(unit) == 2 + unit[1]:
            self._module.broadcasts = self._module.broadcasts[-3:] + [unit]
            for node in self._module.network.nodes:
                if node.is_in and node.is_fed and self._module.network.crosses(node):
                    node.device.hear(unit[2:])
        elif fn == 101 and len(unit) == 6:
            self._module.clock = unit
        else:
            self._module.deny(request, _LENGTH)
            return
        self._module.link.confirm(request)

    def _list(self, request):
        fn, unit = request.fn, request.unit
        filed = list(self._module.archive)
        if fn == 1:
            reply = _u16(len(filed)) + _u16(_MAX_NODES)
        elif fn == 9:
            reply = _u16(sum(node.is_in for node in self._module.network.nodes) + 1)
        elif fn == 4:
            reply = self._module.routing.state()
        elif fn == 3:
            if len(unit) != 6:
                self._module.deny(request, _LENGTH)
                return
            if unit not in self._module.archive:
                self._module.deny(request, _UNKNOWN)
                return
            reply = b"\x01" + self._routed(unit)
        else:
            if len(unit) != 3:
                self._module.deny(request, _LENGTH)
                return
            start, count = int.from_bytes(unit[:2], "little"), min(unit[2], _MOST_LISTED)
            if start < 1:
                self._module.deny(request, _UNIT)
                return
            if fn == 2:
                page = [self._routed(one) for one in filed[start - 1 : start - 1 + count]]
                reply = _u16(len(filed)) + bytes([len(page)]) + b"".join(page)
            else:
                # the coordinator comes first: the notes do not say whether it is listed
                rows = self._placed() if fn == 21 else self._kinds()
                page = rows[start - 1 : start - 1 + count]
                reply = _u16(len(rows)) + _u16(start) + bytes([len(page)]) + b"".join(page)
        self._module.link.answer(request, 0x10, fn, reply)

    def _routed(self, address):
        node = self._module.network.by_address.get(address)
        info = self._module.archive[address] << 12
        if node and node.is_in:
            info |= node.level | node.quality << 4 | 1 << 8 + node.phase - 1
        return address + _u16(info)

    def _placed(self):
        rows = [self._module.link.main + _u16(1) + _u16(0) + bytes([COORDINATOR << 4])]
        for node in self._module.network.nodes:
            if node.is_in:
                info = node.level | self._module.network.role(node) << 4
                proxy = self._module.network.proxy_tei(node)
                rows.append(node.address + _u16(node.tei) + _u16(proxy) + bytes([info]))
        return rows

    def _kinds(self):
        tail = bytes(24) + bytes((0x21, 0x01))
        rows = [self._module.link.main + bytes([_COORDINATOR_TYPE]) + tail]
        for node in self._module.network.nodes:
            if node.is_in:
                rows.append(node.address + bytes([node.kind]) + tail)
        return rows

    def _file(self, request):
        fn, unit = request.fn, request.unit
        size = 7 if fn == 1 else 6
        if not unit or len(unit) != 1 + size * unit[0]:
            self._module.deny(request, _LENGTH)
            return
        rows = [unit[at : at + size] for at in range(1, len(unit), size)]
        for row in rows:
            if fn == 1 and row[:6] in self._module.archive:
                self._module.deny(request, _DOUBLE)
                return
            if fn == 2 and row not in self._module.archive:
                self._module.deny(request, _UNKNOWN)
                return
        for row in rows:
            if fn == 1:
                self._module.archive[row[:6]] = row[6]
            else:
                del self._module.archive[row]
                self._module.routing.leave(row)
        self._module.routing.filed()
        self._module.link.confirm(request)

    def _take_file(self, request):
        unit = request.unit
        if len(unit) < 11:
            self._module.deny(request, _LENGTH)
            return
        total, segment = int.from_bytes(unit[3:5], "little"), int.from_bytes(unit[5:9], "little")
        data = unit[11:]
        if unit[0] == 0:
            self._module.file = {}
        elif int.from_bytes(unit[9:11], "little") != len(data) or segment > len(self._module.file):
            self._module.link.answer(request, 0x15, 1, _FILE_ERROR)
            return
        else:
            self._module.segments += 1
            self._module.file[segment] = data
            if segment == total - 1 and len(self._module.file) == total:
                self._module.files += 1
                self._module.last_file = b"".join(self._module.file[k] for k in range(total))
        self._module.link.answer(request, 0x15, 1, unit[5:9])


def _u16(value):
    return value.to_bytes(2, "little")
