"""The backplane of the expansion bay, as a process: `python -m tools.emulator.backplane --i2c P
--pins P --control P --uart P [--peer TYPE=TTY ..] [--plug SLOT=MODULE ..]`.

A plugged module is a 24C02 at 0x50 plus its slot, a presence pin, and a UART, whose terminal
device appears at the path P1..P6. Without power none of its chips acknowledges. Control: JSON
lines {"do": "plug", "slot": 3, "module": "hplc"}, "unplug", "set", "status"; see the README.
"""

import argparse
import selectors
import signal
import struct
import sys
import time

from tools.emulator import chips, records
from tools.emulator.eeprom import Eeprom
from tools.emulator.peers import Listener, Peer
from tools.emulator.serial_lines import Bus, Line
from tools.station.control import ControlSocket

SLOTS = range(1, 7)
EEPROM = 0x50  # plus the slot
PRESENCE, POWER, RESET = 0, 8, 16  # pins of slot 1; those of the others follow

_I2C_RECORD = struct.Struct(">BBHH")
_PIN_RECORD = struct.Struct(">BB6xQ")
_ACK, _NO_ACK = b"\0", b"\1"
_IDLE_S = 0.2  # how soon a stop is seen


class Module:
    """What is plugged: its chips by I2C address (write, read, is_answering) and its line."""

    def __init__(self, kind, chips, serial, line):
        self.kind = kind
        self.chips = chips
        self.serial = serial
        self.line = line


class Slot:
    """One place of the backplane. Power and reset are the board's, and stay when a module goes."""

    def __init__(self):
        self.module: Module | None = None
        self.is_powered = False
        self.is_held = False  # in reset
        self.resets = 0  # of modules with power

    def is_on(self):
        return self.is_powered and not self.is_held

    def status(self):
        module = self.module
        return {
            "module": module.kind if module else None,
            "serial": module.serial if module else None,
            "is_powered": self.is_powered,
            "resets": self.resets,
            "bytes_up": module.line.bytes_up if module else 0,
            "bytes_down": module.line.bytes_down if module else 0,
        }


class I2cPeer(Peer):
    """The controller of the I2C bus."""

    def __init__(self, backplane, connection):
        super().__init__(backplane.loop, connection)
        self._backplane = backplane
        self._input = bytearray()

    def feed(self, data):
        self._input += data
        while len(self._input) >= _I2C_RECORD.size:
            address, _, out, into = _I2C_RECORD.unpack_from(self._input)
            end = _I2C_RECORD.size + out
            if len(self._input) < end:
                return
            payload = bytes(self._input[_I2C_RECORD.size : end])
            del self._input[:end]
            self.send(self._backplane.transfer(address, payload, into))


class PinsPeer(Peer):
    """The board's end of presence, power and reset pins."""

    def __init__(self, backplane, connection):
        super().__init__(backplane.loop, connection)
        self._backplane = backplane
        self._input = bytearray()

    def feed(self, data):
        self._input += data
        while len(self._input) >= _PIN_RECORD.size:
            pin, level, _ = _PIN_RECORD.unpack_from(self._input)
            del self._input[: _PIN_RECORD.size]
            self._backplane.driven(pin, level)

    def gone(self):
        self._backplane.board_gone(self)


class Backplane:
    def __init__(self, paths, uart, peers):
        """paths: (i2c, pins, control); `uart`: what the paths of the UARTs begin with; peers:
        {module type: terminal device behind its UART}."""
        self.loop = selectors.DefaultSelector()
        self.slots = {number: Slot() for number in SLOTS}
        self.transfers = 0
        self.refusals = 0  # transfers that nobody acknowledged
        self._uart = uart
        self._peers = peers
        self._buses = {}  # path: Bus
        self._plugged = 0  # so far, for serial numbers
        self._board = None  # PinsPeer
        self._is_stopping = False
        i2c, pins, control = paths
        self._listeners = [
            Listener(self.loop, i2c, lambda connection: I2cPeer(self, connection)),
            Listener(self.loop, pins, self._new_board),
        ]
        self._control = ControlSocket(control, self.command, self.loop)

    def run(self):
        """Until stop()."""
        while not self._is_stopping:
            for key, mask in self.loop.select(_IDLE_S):
                if self.loop.get_map().get(key.fd) is not None:
                    key.data(mask)

    def stop(self):
        self._is_stopping = True

    def close(self):
        for slot in self.slots.values():
            if slot.module:
                slot.module.line.close()
        for bus in self._buses.values():
            bus.close()
        for listener in self._listeners:
            listener.close()
        self._control.close()

    # the board's side

    def transfer(self, address, out, count):
        """One I2C transaction: `out` is written, then `count` bytes are read."""
        self.transfers += 1
        chip = self._chip(address)
        if chip is None:
            self.refusals += 1
            return _NO_ACK
        chip.write(out)
        found = chip.read(count)
        if found is None:  # it takes commands, but has nothing to tell yet
            self.refusals += 1
            return _NO_ACK
        return _ACK + found

    def _chip(self, address):
        for slot in self.slots.values():
            chip = slot.module.chips.get(address) if slot.module else None
            if chip and slot.is_powered and chip.is_answering():
                return chip
        return None

    def driven(self, pin, level):
        """The board drives a pin."""
        kind, number = pin & ~7, (pin & 7) + 1
        slot = self.slots.get(number)
        if slot is None:
            return
        if kind == POWER:
            slot.is_powered = bool(level)
        elif kind == RESET:
            slot.resets += slot.is_powered and not slot.is_held and not level
            slot.is_held = not level

    def _new_board(self, connection):
        if self._board:
            self._board.close()
        self._board = PinsPeer(self, connection)
        for number in SLOTS:
            self._show(number)

    def board_gone(self, peer):
        """Its pins float: pulled down to no power, and up to no reset."""
        if peer is self._board:
            self._board = None
            for slot in self.slots.values():
                slot.is_powered = slot.is_held = False

    def _show(self, number):
        if self._board:
            level = 0 if self.slots[number].module else 1
            stamp = time.monotonic_ns() // 1000
            self._board.send(_PIN_RECORD.pack(PRESENCE + number - 1, level, stamp))

    # a person's side

    def command(self, request):
        """ValueError explains a wrong one."""
        do = request.pop("do", None)
        handlers = {"plug": self.plug, "unplug": self.unplug, "set": self.set}
        handlers["status"] = self.status
        handler = handlers.get(do)
        if handler is None:
            raise ValueError(f"'do' is one of {', '.join(handlers)}")
        try:
            return handler(**request)
        except TypeError:
            raise ValueError(f"'{do}' does not take these fields") from None

    def plug(
        self, slot, module, serial=None, vendor="OpenTTU", revision=1, eeprom=None, peer=None
    ):
        """`eeprom`: its contents in hexadecimal, instead of an identity; `peer`: a terminal
        device behind the UART, instead of that of the module's type."""
        place = self._slot(slot)
        if place.module:
            raise ValueError(f"slot {slot} holds {place.module.kind}: unplug it first")
        self._plugged += 1
        serial = serial or f"SIM{self._plugged:05d}"
        if eeprom is not None:
            data = bytes.fromhex(eeprom)
        elif module in records.WRONG:
            data = records.wrong(module, serial)
        else:
            data = records.identity(str(module), vendor, serial, revision)
        own: dict = chips.of(module, slot)
        if data is not None:
            own[EEPROM + slot] = Eeprom(data)
        bus = self._bus(peer or self._peers.get(module))
        line = Line(self.loop, f"{self._uart}{slot}", place.is_on, bus)
        place.module = Module(module, own, serial, line)
        self._show(slot)
        return {"slot": slot, "module": module, "serial": serial}

    def unplug(self, slot):
        place = self._slot(slot)
        module, place.module = place.module, None
        if module is None:
            raise ValueError(f"slot {slot} is empty")
        module.line.close()
        self._show(slot)
        return {"slot": slot, "module": module.kind}

    def set(self, slot, **values):
        """What the chips of a module shall measure, by name."""
        module = self._slot(slot).module
        found = [chip for chip in module.chips.values() if hasattr(chip, "set")] if module else []
        if not found:
            raise ValueError(f"slot {slot} holds nothing that can be set")
        for chip in found:
            chip.set(**values)
        return {"slot": slot}

    def status(self):
        slots = {str(number): slot.status() for number, slot in self.slots.items()}
        return {"slots": slots, "transfers": self.transfers, "refusals": self.refusals}

    def _slot(self, number):
        if type(number) is not int or number not in self.slots:
            raise ValueError(f"there is no slot {number}: they are 1 to {len(self.slots)}")
        return self.slots[number]

    def _bus(self, path):
        if path is None:
            return None
        if path not in self._buses:
            self._buses[path] = Bus(self.loop, path)
        return self._buses[path]


def _pairs(texts):
    """{left: right} of LEFT=RIGHT texts."""
    return dict(text.split("=", 1) for text in texts)


def _arguments():
    parser = argparse.ArgumentParser(prog="tools.emulator.backplane", description=__doc__)
    for name in ("i2c", "pins", "control"):
        parser.add_argument(f"--{name}", required=True, help=f"path of the {name} socket")
    parser.add_argument("--uart", required=True, help="what the paths of the UARTs begin with")
    parser.add_argument("--peer", action="append", default=[], metavar="TYPE=TTY")
    parser.add_argument("--plug", action="append", default=[], metavar="SLOT=MODULE")
    return parser.parse_args()


def main():
    arguments = _arguments()
    paths = (arguments.i2c, arguments.pins, arguments.control)
    try:
        backplane = Backplane(paths, arguments.uart, _pairs(arguments.peer))
        for number, module in _pairs(arguments.plug).items():
            backplane.plug(int(number), module)
    except (OSError, ValueError) as error:
        sys.exit(f"backplane: {error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: backplane.stop())
    print("ready", flush=True)
    try:
        backplane.run()
    finally:
        backplane.close()


if __name__ == "__main__":
    main()
