"""The backplane of the expansion bay, as a process: `python -m tools.emulator.backplane --i2c P
--pins P --control P --uart P [--peer TYPE=TTY] [--options TYPE=JSON] [--plug SLOT=MODULE]`.

A plugged module is a 24C02 at 0x50 plus its slot, a presence pin, and a UART, whose terminal
device appears at the path P1..P6. Without power none of its chips acknowledges. Control: JSON
lines {"do": "plug", "slot": 3, "module": "hplc"}, "unplug", "set", "status", "supply"; see the
README.
"""

import argparse
import json
import selectors
import signal
import struct
import sys
import time

from tools.emulator import modules, records
from tools.emulator.eeprom import Eeprom
from tools.emulator.module_port import Port
from tools.emulator.peers import Listener, Peer
from tools.emulator.plugged import Module, Slot
from tools.emulator.serial_lines import Bus, Line
from tools.emulator.timers import Timers
from tools.station.control import ControlSocket

SLOTS = range(1, 7)
EEPROM = 0x50  # plus the slot
PRESENCE, POWER, RESET, INTERRUPT = 0, 8, 16, 24  # pins of slot 1; the others' follow
SUPPLY = 6  # high while the terminal's supply is good

_I2C_RECORD = struct.Struct(">BBHH")
_PIN_RECORD = struct.Struct(">BB6xQ")
_ACK, _NO_ACK = b"\0", b"\1"
_IDLE_S = 0.2  # how soon a stop is seen


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
    def __init__(self, paths, uart, peers, options):
        """paths: (i2c, pins, control); `uart`: what the paths of the UARTs begin with; peers:
        {module type: terminal device behind its UART}; options: {module type: dict}."""
        self.loop = selectors.DefaultSelector()
        self.timers = Timers()
        self.slots = {number: Slot() for number in SLOTS}
        self.transfers = 0
        self.refusals = 0  # transfers that nobody acknowledged
        self._uart = uart
        self._peers = peers
        self._options = options
        self._buses = {}  # path: Bus
        self._supply = 1
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
            for key, mask in self.loop.select(self.timers.wait_s(_IDLE_S)):
                if self.loop.get_map().get(key.fd) is not None:
                    key.data(mask)
            self.timers.run()

    def stop(self):
        self._is_stopping = True

    def close(self):
        for slot in self.slots.values():
            if slot.module:
                slot.module.close()
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
        for number, slot in self.slots.items():
            if not slot.module or not slot.is_powered:
                continue
            chip = slot.module.model.chips.get(address)
            if address == EEPROM + number:
                chip = slot.module.eeprom
            if chip and chip.is_answering():
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
        slot.refresh()

    def _new_board(self, connection):
        if self._board:
            self._board.close()
        self._board = PinsPeer(self, connection)
        for number in SLOTS:
            self._show(number)
        self._tell(SUPPLY, self._supply)

    def board_gone(self, peer):
        """Its pins float: pulled down to no power, and up to no reset."""
        if peer is self._board:
            self._board = None
            for slot in self.slots.values():
                slot.is_powered = slot.is_held = False
                slot.refresh()

    def _show(self, number):
        slot = self.slots[number]
        self._tell(PRESENCE + number - 1, 0 if slot.module else 1)
        self._tell(INTERRUPT + number - 1, slot.interrupt)

    def _tell(self, pin, level):
        if self._board:
            self._board.send(_PIN_RECORD.pack(pin, level, time.monotonic_ns() // 1000))

    def _interrupt(self, number, level):
        slot = self.slots[number]
        level = 1 if level else 0
        if slot.interrupt != level:
            slot.interrupt = level
            self._tell(INTERRUPT + number - 1, level)

    # a person's side

    def command(self, request):
        """ValueError explains a wrong one."""
        do = request.pop("do", None)
        handlers = {"plug": self.plug, "unplug": self.unplug, "set": self.set}
        handlers["status"] = self.status
        handlers["module"] = self.module
        handlers["supply"] = self.supply
        handler = handlers.get(do)
        if handler is None:
            raise ValueError(f"'do' is one of {', '.join(handlers)}")
        try:
            return handler(**request)
        except TypeError:
            raise ValueError(f"'{do}' does not take these fields") from None

    def plug(
        self,
        slot,
        module,
        serial=None,
        vendor="OpenTTU",
        revision=1,
        eeprom=None,
        peer=None,
        options=None,
    ):
        """`eeprom`: its contents in hexadecimal, instead of an identity; `peer`: a terminal
        device behind the UART and `options`, instead of those of the module's type."""
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
        bus = self._bus(peer or self._peers.get(module))
        line = Line(
            self.loop,
            f"{self._uart}{slot}",
            place.is_on,
            bus,
            lambda data: port.carry(data, model.feed),
        )
        port = Port(
            self.loop,
            self.timers,
            line.baud,
            line.hear,
            lambda level: self._interrupt(slot, level),
        )
        try:
            model = modules.of(module, port, slot, options or self._options.get(module, {}))
        except (TypeError, ValueError) as error:
            line.close()
            raise ValueError(f"a module {module} cannot be made: {error}") from None
        found = None if data is None else Eeprom(data)
        place.put(Module(module, model, serial, line, port, found))
        self._show(slot)
        return {"slot": slot, "module": module, "serial": serial}

    def unplug(self, slot):
        place = self._slot(slot)
        module, place.module = place.module, None
        if module is None:
            raise ValueError(f"slot {slot} is empty")
        module.close()
        place.interrupt = 1
        self._show(slot)
        return {"slot": slot, "module": module.kind}

    def set(self, slot, **values):
        """What a module shall measure, or a fault of it, by name."""
        self._module(slot).model.set(**values)
        return {"slot": slot}

    def module(self, slot):
        """How the module in a slot is."""
        return {"slot": slot, "status": self._module(slot).model.status()}

    def supply(self, good):
        """The supply's line: 0 while it has failed and the board runs on what is stored."""
        if good not in (0, 1):
            raise ValueError("'good' is 0 or 1")
        level = int(good)
        if level != self._supply:
            self._supply = level
            self._tell(SUPPLY, level)
        return {"good": level}

    def status(self):
        slots = {str(number): slot.status() for number, slot in self.slots.items()}
        return {"slots": slots, "transfers": self.transfers, "refusals": self.refusals}

    def _module(self, number):
        module = self._slot(number).module
        if module is None:
            raise ValueError(f"slot {number} is empty")
        return module

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
    parser.add_argument("--options", action="append", default=[], metavar="TYPE=JSON")
    parser.add_argument("--plug", action="append", default=[], metavar="SLOT=MODULE")
    return parser.parse_args()


def main():
    arguments = _arguments()
    paths = (arguments.i2c, arguments.pins, arguments.control)
    try:
        options = {kind: json.loads(text) for kind, text in _pairs(arguments.options).items()}
        backplane = Backplane(paths, arguments.uart, _pairs(arguments.peer), options)
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
