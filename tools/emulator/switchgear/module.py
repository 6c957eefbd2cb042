"""The control module's board (invented): an MCP23017 at 0x20 plus the slot, four relays and the
contacts of the plant. Pulled-down pins keep every relay off while the chip drives nothing.

  A0..A3 contacts of the relays "q1 close, q1 open, q2 close, q2 open"; A4 A5 q1 closed, open;
  B0 B1 q2 closed, open; B2 key switch on remote; B3 no maintenance plate; B4 supply of the coils;
  A6 A7 B6 B7 the coils of the relays
"""

from tools.emulator.mcp23017 import Mcp23017
from tools.emulator.switchgear.plant import POSITIONS, Plant

_ADDRESS = 0x20
_COILS = (6, 7, 14, 15)
_CONTACTS = (4, 8)  # closed; the next one is open
_KEY, _NO_PLATE, _SUPPLY = 10, 11, 12
_FAULTS = ("welded", "dead")


class Module:
    """Plugged into a slot. Options are values for `set`, from the start."""

    def __init__(self, port, slot, options):
        self.is_on = False
        self._port = port
        self._is_plugged = True
        self._key = True
        self._plate = False
        self.chip = Mcp23017(self._interrupt, self._driven)
        self.chips = {_ADDRESS + slot: self.chip}
        self.plant = Plant(port.now, port.later, self._show)
        self.plant.switches[0].put("closed")
        self.set(**options)
        self._show()

    def feed(self, data):
        """It has no UART."""

    def power(self, on):
        self.is_on = on
        self.chip.power(on)
        self._driven()

    def close(self):
        """Pulled out: nothing feeds a relay any more."""
        self._is_plugged = False
        self.power(False)

    def set(self, **values):
        """`q1` `q2`: open, closed, moving or faulty, by hand; `key` on remote, `plate` hangs,
        `supply` of the coils: true or false; `welded` `dead`: a relay's name, "" for none;
        `stuck`: a switch's name, "" for none; `travel_ms`; `reset`: the chip forgets all.
        ValueError with a sentence."""
        for name, value in values.items():
            self._set(name, value)
        self._show()

    def _set(self, name, value):
        plant = self.plant
        if name in ("q1", "q2"):
            if value not in POSITIONS:
                raise ValueError(f"{name} is one of {', '.join(POSITIONS)}")
            plant.switches[name == "q2"].put(value)
        elif name == "key":
            self._key = bool(value)
        elif name == "plate":
            self._plate = bool(value)
        elif name == "supply":
            plant.supply(bool(value))
        elif name in _FAULTS:
            names = [relay.name for relay in plant.relays]
            if value and value not in names:
                raise ValueError(f"the relays are {', '.join(names)}")
            for relay in plant.relays:
                if relay.name == value:
                    relay.break_down(name)
                elif relay.fault == name:
                    relay.break_down("")
        elif name == "stuck":
            for switch in plant.switches:
                switch.is_stuck = switch.name == value
        elif name == "travel_ms":
            plant.travel_s = float(value) / 1000
        elif name == "reset":
            self.chip.power(False)
            self.chip.power(self.is_on)
        else:
            raise ValueError(f"the control module has no {name}")

    def status(self):
        """For people and judges."""
        plant = self.plant
        found = {switch.name: switch.position for switch in plant.switches}
        found.update(
            {
                "key": self._key,
                "plate": self._plate,
                "supply": plant.has_supply,
                "relays": [relay.name for relay in plant.relays if relay.is_on],
                "feeding": plant.feeding,
                "pulses": list(plant.pulses),
            }
        )
        return found

    def _driven(self):
        """The chip's outputs, as far as the relays see them."""
        for number, relay in enumerate(self.plant.relays):
            relay.feed(self.is_on and self.chip.level(_COILS[number]) == 1)

    def _show(self):
        """The contacts, at the chip's pins."""
        plant, drive = self.plant, self.chip.drive
        for pin, relay in enumerate(plant.relays):
            drive(pin, int(relay.is_on))
        for number, switch in enumerate(plant.switches):
            pin = _CONTACTS[number]
            drive(pin, int(switch.position in ("closed", "faulty")))
            drive(pin + 1, int(switch.position in ("open", "faulty")))
        drive(_KEY, int(self._key))
        drive(_NO_PLATE, int(not self._plate))
        drive(_SUPPLY, int(plant.has_supply))

    def _interrupt(self, line, level):
        if line == 0 and self._is_plugged:
            self._port.interrupt(level)
