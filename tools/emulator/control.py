"""Commands of the control socket: one JSON object in, one out.  For tests and tools only.

Every mistake of the sender comes back as {"ok": false, "error": "one sentence"}.
"""

import json
import math

from tools.emulator.faults import FaultError
from tools.emulator.registers import CHANNELS, PHASES
from tools.emulator.waveform import SignalError

_LEAKING = ("IA", "IB", "IC")  # voltages leak into them


class CommandError(Exception):
    """One sentence for the sender."""


def _number(args, name, default, lowest, highest):
    value = args.pop(name, default)
    if value is None:
        raise CommandError("%s is missing" % name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise CommandError("%s must be a number" % name)
    if not lowest <= value <= highest:
        raise CommandError("%s must be from %g to %g" % (name, lowest, highest))
    return value


def _choice(args, name, choices):
    value = args.pop(name, None)
    if value not in choices:
        raise CommandError("%s must be one of %s" % (name, ", ".join(choices)))
    return value


class Control:
    def __init__(self, chip, crystal, faults, pins_changed):
        self.chip = chip
        self.crystal = crystal
        self.faults = faults
        self.pins_changed = pins_changed  # called after a pull or plug

    def _address(self, args):
        reg = args.pop("reg", None)
        try:
            return self.chip.access.find(None if isinstance(reg, bool) else reg)
        except ValueError:
            raise CommandError(
                "reg must be a register name or a hexadecimal address on the chip"
            ) from None

    def line(self, text):
        """Bytes of a request line -> bytes of the reply line."""
        try:
            reply = {"ok": True}
            reply.update(self._run(text))
        except (CommandError, FaultError, SignalError) as error:
            reply = {"ok": False, "error": str(error)}
        return json.dumps(reply).encode() + b"\n"

    def _run(self, text):
        try:
            args = json.loads(text)
        except ValueError:
            raise CommandError("the request is not JSON") from None
        if not isinstance(args, dict):
            raise CommandError("the request must be a JSON object")
        name = args.pop("cmd", None)
        if not isinstance(name, str) or name not in _COMMANDS:
            raise CommandError("cmd must be one of %s" % ", ".join(sorted(_COMMANDS)))
        handler, known = _COMMANDS[name]
        strange = sorted(set(args).difference(known))
        if strange:  # before anything is done
            raise CommandError("%s does not know %s" % (name, ", ".join(strange)))
        return handler(self, args) or {}

    def truth(self, args):
        plant, buffer = self.chip.plant, self.chip.buffer
        result = plant.truth.report(plant.source.frequency)
        result.update(
            {
                "pace": self.crystal.pace,
                "overwrites": buffer.overwrites,
                "lockstep_waits": self.crystal.holds,
                "lockstep_losses": self.crystal.losses,
                "full_scale_v": plant.adc.full_scale_v,
                "full_scale_a": plant.adc.full_scale_a,
                "cf_pulses": [pulses.count for pulses in self.chip.pulses],
                **self.chip.access.truth(),
            }
        )
        return result

    def signal(self, args):
        adc = self.chip.plant.adc
        noise = _number(args, "noise", adc.noise, 0.0, 0.1)
        self.chip.plant.source.change(**args)
        adc.noise = noise
        adc.update()

    def error(self, args):
        adc = self.chip.plant.adc
        channel = _choice(args, "channel", CHANNELS)
        row = CHANNELS.index(channel)
        gain = _number(args, "gain", float(adc.gain_error[row]), -0.5, 0.5)
        lead = _number(args, "phase_deg", float(adc.lead_deg[row]), -30.0, 30.0)
        offset = _number(args, "offset", float(adc.offset[row]), -1e6, 1e6)
        if "leak" in args:
            if channel not in _LEAKING:
                raise CommandError("only %s have a leak" % ", ".join(_LEAKING))
            adc.leak[_LEAKING.index(channel)] = _number(args, "leak", None, -0.1, 0.1)
        adc.gain_error[row], adc.lead_deg[row], adc.offset[row] = gain, lead, offset
        adc.update()

    def stick(self, args):
        row = CHANNELS.index(_choice(args, "channel", CHANNELS))
        is_on = args.pop("on", True)
        if not isinstance(is_on, bool):
            raise CommandError("on must be true or false")
        self.chip.plant.adc.stuck[row] = is_on

    def pull(self, args):
        self.faults.pull(args.pop("what", None))
        self.pins_changed()

    def plug(self, args):
        self.faults.plug(args.pop("what", None))
        self.pins_changed()

    def flip(self, args):
        self.faults.flip(args.pop("bits", None), args.pop("after_bytes", 0))

    def cut(self, args):
        self.faults.cut(args.pop("bursts", None), args.pop("after_bytes", 0))

    def list_faults(self, args):
        return self.faults.listing()

    def reset(self, args):
        self.chip.reset()

    def peek(self, args):
        address = self._address(args)
        return {"reg": "0x%03X" % address, "value": self.chip.access.peek(address)}

    def poke(self, args):
        address = self._address(args)
        if self.chip.access.is_computed(address):
            raise CommandError("reg 0x%03X is computed, it cannot be poked" % address)
        value = _number(args, "value", None, 0, 0xFFFFFFFF)
        if not isinstance(value, int):
            raise CommandError("value must be a whole number")
        self.chip.access.poke(address, value)

    def dip(self, args):
        phase = PHASES.index(_choice(args, "phase", PHASES))
        depth = _number(args, "depth", None, -1.0, 1.0)
        cycles = _number(args, "cycles", None, 0.5, 1e5)
        self.chip.plant.dip(phase, depth, cycles)


_COMMANDS = {  # name: (handler, fields it knows)
    "truth": (Control.truth, ()),
    "signal": (
        Control.signal,
        ("freq", "u", "i", "phi_deg", "lag_deg", "u_harm", "i_harm", "noise", "dc"),
    ),
    "error": (Control.error, ("channel", "gain", "phase_deg", "offset", "leak")),
    "stick": (Control.stick, ("channel", "on")),
    "pull": (Control.pull, ("what",)),
    "plug": (Control.plug, ("what",)),
    "flip": (Control.flip, ("bits", "after_bytes")),
    "cut": (Control.cut, ("bursts", "after_bytes")),
    "faults": (Control.list_faults, ()),
    "reset": (Control.reset, ()),
    "peek": (Control.peek, ("reg",)),
    "poke": (Control.poke, ("reg", "value")),
    "dip": (Control.dip, ("phase", "depth", "cycles")),
}
