"""The telemetry module as modules/telemetry/README.md wires it: an MCP23017 with twelve inputs
behind opto-couplers, an ADS1115 with four front ends behind a bus switch.
"""

import random

from tools.emulator.ads1115 import Ads1115
from tools.emulator.mcp23017 import Mcp23017
from tools.emulator.telemetry import front_ends

_EXPANDER = 0x20  # plus the slot
_CONVERTER = 0x48
_INPUTS = {f"di{n}": n - 1 + (n > 7) for n in range(1, 13)}  # pin: A0..A6, B0..B4
_ANALOGS = {f"ai{n}": n - 1 for n in range(1, 5)}
_SWITCH = 15  # B7
_ENDS = ("mA", "mA", "V", "degC")
_LOG_MAX = 100000


class Module:
    def __init__(self, port, slot, options):
        """Options: "ends", the front end of each analog input: mA, V or degC; "bounce_us",
        between two edges of a contact that bounces; "log": keep the times of all edges;
        "lead_ohm": of the Pt100s' wires; "noise_v": standard deviation at the converter, "pace":
        of its clock, "seed"."""
        rng = random.Random(f"{options.get('seed', 1)}/telemetry/{slot}")
        noise_v = options.get("noise_v", 0)
        ends = options.get("ends", _ENDS)
        self.edges = []  # (s, name, level), where they are kept
        self._port = port
        self._keeps = options.get("log", False)
        self._bounce_s = options.get("bounce_us", 1000) / 1e6
        self._is_cut = False  # the interrupt line ...
        self._is_stuck = False  # ... is low, whatever the chip says
        self._levels = dict.fromkeys(_INPUTS, 0)
        self._coming = {name: [] for name in _INPUTS}  # handles of edges that are due
        lead_ohm = options.get("lead_ohm", 0.0)
        self._ends = [front_ends.FrontEnd(end, lead_ohm) for end in ends]
        self._expander = Mcp23017(self._asks, self._switched)
        self._converter = Ads1115(
            port.now,
            lambda n: self._ends[n].volts(),
            pace=options.get("pace", 1.0),
            noise=(lambda: rng.gauss(0, noise_v)) if noise_v else None,
        )
        self._converter.is_connected = False
        self.chips = {_EXPANDER + slot: self._expander, _CONVERTER: self._converter}
        for pin in _INPUTS.values():
            self._expander.drive(pin, 1)  # no current: pulled up

    def power(self, on):
        """Supply and reset together."""
        self._expander.power(on)
        self._converter.power(on)

    def feed(self, data):
        """It has no UART."""

    def close(self):
        """Pulled: what was to come does not."""
        for handles in self._coming.values():
            _cancel(handles)

    def set(
        self,
        bounce=1,
        pulses=None,
        reset=None,
        interrupt=None,
        stuck=None,
        converter=None,
        **values,
    ):
        """di1=1 or 0: current or none, with `bounce` edges (odd) instead of one. ai1=12.5: what
        its front end measures, or "open", "short". pulses=["di3", 200, 5], or "di3:200:5": so
        many edges, so many ms apart. reset=1: the expander forgets its settings; interrupt=0
        cuts the line, 1 mends it; stuck=1 holds it low, 0 no more; converter=0: it does not
        answer, 1: it does, after a reset."""
        if type(bounce) is not int or not 0 < bounce < 1000 or not bounce % 2:
            raise ValueError("bounce is an odd number of edges, 1 to 999")
        for name, value in values.items():
            self._check(name, value)
        train = None if pulses is None else _train(pulses)
        for name, value in values.items():
            if name in _INPUTS:
                if value != self._levels[name] or bounce > 1:
                    self._move(name, int(value), bounce, self._bounce_s)
            else:
                self._converter.settle()
                self._ends[_ANALOGS[name]].set(value)
        if train:
            name, count, seconds = train
            self._move(name, self._levels[name] ^ count & 1, count, seconds)
        if reset:
            self._expander.power(self._expander.is_on)
        if interrupt is not None:
            self._is_cut = not interrupt
        if stuck is not None:
            self._is_stuck = bool(stuck)
        if not (interrupt is None and stuck is None):
            self._asks(0, self._expander.line(0))
        if converter is not None:
            self._converter.power(converter and self._expander.is_on)

    def status(self):
        """For people and judges; `edges` are (s of the port's clock, name, level)."""
        found = {
            "inputs": {name: self._levels[name] for name in _INPUTS},
            "analogs": {name: self._ends[n].text() for name, n in _ANALOGS.items()},
            "interrupt": self._expander.line(0),
            "is_powered": self._expander.is_on,
            "conversions": self._converter.conversions,
        }
        if self._keeps:
            found["edges"] = self.edges
        return found

    def _check(self, name, value):
        if name in _INPUTS:
            if value not in (0, 1):
                raise ValueError(f"{name} is 0 or 1")
        elif name in _ANALOGS:
            self._ends[_ANALOGS[name]].check(name, value)
        else:
            raise ValueError(f"there is no {name}: inputs are di1 to di12 and ai1 to ai4")

    def _move(self, name, level, count, seconds):
        """`count` edges of an input, the last one to `level`; the first one is now."""
        handles = self._coming[name]
        _cancel(handles)
        for i in range(count):
            target = level ^ (count - 1 - i) & 1
            if i == 0:
                self._edge(name, target)
            else:
                handles.append(
                    self._port.later(i * seconds, lambda to=target: self._edge(name, to))
                )

    def _edge(self, name, level):
        self._levels[name] = level
        if self._keeps and len(self.edges) < _LOG_MAX:
            self.edges.append((self._port.now(), name, level))
        self._expander.drive(_INPUTS[name], 1 - level)  # the opto-coupler pulls it down

    def _asks(self, line, level):
        """INTA and INTB are one wire, open drain."""
        if line == 0:
            level = 1 if self._is_cut else level
            self._port.interrupt(0 if self._is_stuck else level)

    def _switched(self):
        """The bus switch is closed by a high level and pulled down."""
        self._converter.is_connected = self._expander.level(_SWITCH) == 1


def _cancel(handles):
    for handle in handles:
        handle.cancel()
    handles.clear()


def _train(pulses):
    """(name, edges, s between them)."""
    if isinstance(pulses, str):
        pulses = [int(word) if word.isdigit() else word for word in pulses.split(":")]
    name, count, ms = pulses if isinstance(pulses, (list, tuple)) and len(pulses) == 3 else "???"
    if name not in _INPUTS or type(count) is not int or not 1 <= count <= 10000:
        raise ValueError('pulses are like ["di3", 200, 5]: input, edges, ms between them')
    if not isinstance(ms, (int, float)) or not 0 < ms <= 60000:
        raise ValueError("pulses are up to 60000 ms apart")
    return name, count, ms / 1000
