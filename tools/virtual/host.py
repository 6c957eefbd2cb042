"""The host's half of a virtual bench: emulated modules in the slots of a terminal that runs under
MicroPython (tools/virtual/device.py) on virtual time.

    host = Host("tools/x/terminal.py", plan, on_line)
    module = host.plug(2, "hplc", Module, options)
    report = host.run()

A Module is what the backplane takes (tools/emulator/modules.py).
"""

import json
import subprocess
from typing import Any

from tools.deploy import tree
from tools.emulator import records
from tools.emulator.eeprom import Eeprom
from tools.emulator.module_port import Port
from tools.vboard import setup
from tools.virtual.time import Time

UTC_MS = 1790000100000 // 900000 * 900000  # a quarter of an hour begins
_EEPROM = 0x50
_UMQTT = tree.ROOT / ".venv" / "share" / "umqtt"


class BenchError(Exception):
    """The terminal's half did not do its work; one sentence."""


def _never():
    return False


class Slot:
    def __init__(self):
        self.module: Any = None  # a Module, see tools/emulator/modules.py
        self.port: Port | None = None  # of the module
        self.eeprom: Eeprom | None = None
        self.baud = 9600
        self.bits = 10
        self.is_open = False  # has the board the UART?
        self.is_fed = False
        self.is_held = False  # in reset
        self.is_on = False  # what the module was told last
        self.interrupt = 1

    def refresh(self):
        on = self.is_fed and not self.is_held
        if self.module and on != self.is_on:
            self.is_on = on
            self.module.power(on)


class Host:
    def __init__(self, script, plan, on_line=None, heap="4M", piece_s=None):
        """`script`: of the terminal's half, below the repository; `plan`: a dict for it;
        on_line(text): what it tells the judge; piece_s: bytes of a module that come within are
        handed on together."""
        self.time = Time()
        self.slots = {number: Slot() for number in range(1, 7)}
        self.news = []  # for the board, of this very moment
        self.transfers = 0  # on the I2C bus
        self.before_transfer = None  # called with (address, bytes) before each, if set
        self.network: Any = None  # a tools.virtual.net Network, if there is one
        self._script = script
        self._plan = {"utc_ms": UTC_MS, **plan}
        self._on_line = on_line or (lambda text: None)
        self._heap = heap
        self._piece_s = piece_s
        self._process = None

    def plug(self, slot, kind, make, options=None):
        """A module of class `make` into a slot; the Module."""
        place = self.slots[slot]
        place.port = Port(
            None,
            self.time,
            lambda: place.baud,
            lambda piece: self._hand(slot, piece),
            lambda level: self._interrupt(slot, level),
            lambda: place.bits,
            self._piece_s,
        )
        place.module = make(place.port, slot, options or {})
        place.eeprom = Eeprom(records.identity(kind, "OpenTTU", f"SIM{slot:05d}", 1))
        place.is_on = False
        place.refresh()
        self._show(slot)
        return place.module

    def unplug(self, slot):
        place = self.slots[slot]
        place.port.close()
        place.module.close()
        place.module = place.port = place.eeprom = None
        self._show(slot)
        self._interrupt(slot, 1)

    def run(self):
        """The report of the terminal's half; BenchError."""
        self._process = subprocess.Popen(
            [setup.interpreter(), "-X", f"heapsize={self._heap}", self._script],
            cwd=tree.ROOT,
            env=setup.board_env(MICROPYPATH=f"{tree.ROOT}:.frozen:{_UMQTT}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            self._write(json.dumps(self._plan) + "\n")
            return self._serve()
        finally:
            self._process.kill()
            self._process.wait()

    def _show(self, slot):
        """The board's presence pin; before the start it has not looked yet."""
        if self._process:
            self.news.append(f"x {slot} {0 if self.slots[slot].module else 1}")

    def _answer(self, text):
        self._write(f"{len(text):05d}{text}")

    def _write(self, text):
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def _serve(self):
        said = []
        for line in self._process.stdout or ():
            mark, _, rest = line.rstrip("\n").partition(" ")
            if mark == "t" and rest.lstrip("-").isdigit():
                self._advance(int(rest))
            elif mark == "a" and rest.isdigit():
                self.time.run(int(rest), _never)
            elif mark == "=":
                self._on_line(rest)
            elif line.startswith('{"'):
                return json.loads(line)
            elif not self._act(mark, rest.split()):
                said.append(line)
        raise BenchError("the terminal's half ended: " + "".join(said[-12:]).strip())

    def _advance(self, until_us):
        alive = self.news or self.time.run(until_us, lambda: self.news)
        if not alive:
            raise BenchError("nothing will ever happen again")
        self._answer(" ".join([str(self.time.us), str(self.time.next_us()), *self.news]))
        self.news.clear()

    def _act(self, mark, words):
        if mark == "i" and len(words) == 3:
            out = b"" if words[1] == "-" else bytes.fromhex(words[1])
            self._answer(self._transfer(int(words[0]), out, int(words[2])))
            return True
        if mark in ("k", "s", "e") and self.network:
            self.network.act(mark, words)
            return True
        if mark not in ("o", "w", "c", "p", "r", "x") or not words or not words[0].isdigit():
            return False
        place = self.slots[int(words[0])]
        if mark == "o":
            place.is_open = True
            place.baud = int(words[1])
            place.bits = 10 if words[2] == "N" else 11
        elif mark == "w":
            self._written(place, bytes.fromhex(words[1]))
        elif mark == "c":
            place.is_open = False
        elif mark == "x":
            self._answer("1" if place.module else "0")
        elif mark == "p":
            place.is_fed = words[1] == "1"
            place.refresh()
        else:
            place.is_held = words[1] == "0"
            place.refresh()
        return True

    def _hand(self, slot, piece):
        if self.slots[slot].is_open:
            self.news.append(f"u {slot} {piece.hex()}")

    def _interrupt(self, slot, level):
        place = self.slots[slot]
        level = 1 if level else 0
        if place.interrupt != level:
            place.interrupt = level
            self.news.append(f"n {slot} {level}")

    def _written(self, place, data):
        """The module has it when the last byte is over the line."""
        module = place.module
        if module:
            place.port.carry(data, lambda data: place.is_on and module.feed(data))

    def _transfer(self, address, out, count):
        self.transfers += 1
        if self.before_transfer:
            self.before_transfer(address, out)
        for number, place in self.slots.items():
            if not place.module or not place.is_on:
                continue
            chips = {**place.module.chips, _EEPROM + number: place.eeprom}
            chip = chips.get(address)
            if chip and chip.is_answering():
                chip.write(out)
                found = chip.read(count)
                if found is not None:
                    return "+" + found.hex()
        return "!"
