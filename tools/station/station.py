"""The desk-top station around a virtual board: metrology IC, meters, broker, a listener.

Each part is a process of its own; what this starts it stops, and nothing else. The board gets
a flash image with the compiled tree and its settings on it.
"""

import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.deploy import build, tree
from tools.emulator import recording
from tools.emulator.hplc import fleet as carrier
from tools.station import control
from tools.station.broker import Broker
from tools.station.devices.fleet import fleet
from tools.station.listener import Listener
from tools.station.meters import addresses
from tools.vboard import bay, image
from tools.vboard.board import VirtualBoard
from tools.vboard.setup import end_with_parent

_READY_S = 30  # numpy and a recording to resample, on a busy machine
_STOP_S = 3
_JOIN_S = 4  # until the last node is in the carrier network

# Machine pin of the virtual board: pin of the emulated IC (see board/unix/board.py).
_PINS = {"4": 0, "5": 1, "6": 2, "7": 3, "15": 4, "16": 5, "17": 8}
_SELECT = 10
_MODULES = {
    "emulator": "tools.emulator",
    "meters": "tools.station.meters",
    "backplane": bay.MODULE,
}

_PROVISION = """
from firmware.config import archive, store
settings = store.on_flash()
settings.load()
for path, value in {values!r}:
    settings.set(path, value)
settings.commit()
archive.on_flash().add_all([archive.parse(line) for line in {devices!r}])
"""


def wiring(spi, pins, **more):
    """The wiring file of a virtual board whose metrology IC is behind two sockets."""
    return {
        "spi": {"1": {"path": spi, "cs": _SELECT}},
        "pins": {"path": pins, "map": _PINS},
        **more,
    }


# what a whole terminal has in its bay, SLOT=TYPE
FIVE = ("1=rs485", "2=hplc", "3=cellular", "4=control", "5=telemetry")


class StationError(Exception):
    """One sentence: which part of the station, and what it said."""


class Plan:
    """What the station shall be; `for_recording` sets full scale and nominals to a recording."""

    def __init__(
        self,
        meters=8,
        pace="real",
        heap="3M",
        seed=1,
        broker="auto",
        waveform=None,
        chip="ade9000",
        devices=None,
    ):
        self.meters = meters
        self.pace = pace
        self.heap = heap
        self.seed = seed
        self.broker = broker
        self.waveform = waveform
        self.chip = chip  # the metrology IC
        self.full_scale_v = 500.0  # peak, at the ADC's full scale
        self.full_scale_a = 400.0
        self.nominal_v = 230
        self.nominal_hz = 50
        self.pulse_constant = 1000  # imp/kWh: 28 pulses a second at full scale of one phase
        self.devices = devices  # a mixed fleet of so many instead of the meters
        self.poll_s = 60 if devices else 10  # key alarms fill the bus
        self.period_s = 1
        self.settings = ()  # (path, value) in addition
        self.rows = ()  # lines of the archive in addition
        self.modules: tuple[str, ...] = ("1=rs485",)  # what is plugged at the start, SLOT=TYPE
        self.nodes = 0  # meters behind each carrier module
        self.via = "network"  # what the uplink goes over: that, or cellular
        self.script = ""  # device source, run on the flash image after its settings are there
        self.air = {}  # options of the cellular module: rate in bit/s, latency_ms

    def archive(self):
        """What the terminal is told of its devices: lines of config/archive.py."""
        if not self.devices:
            own = [f"1 meter-645 {address} 0 - {address}" for address in addresses(self.meters)]
        else:
            (bus,) = fleet(self.devices, 1, self.seed)
            own = [f"1 {one.kind} {one.address} {one.baud} - {one.name}" for one in bus]
        nodes = ["%d %s %s 0 - %s" % row for row in self.carriers()]
        return [*own, *nodes, *self.rows]

    def carriers(self):
        """(slot, profile, address, name) of the meters behind carrier modules."""
        slots = [int(text[0]) for text in self.modules if text.endswith("=hplc")]
        return [row for slot in slots for row in carrier.rows(slot, self.nodes, self.seed)]

    def options(self):
        """What the emulated modules are told, TYPE=JSON."""
        carrier = {"nodes": self.nodes, "seed": self.seed, "join_s": _JOIN_S}
        return [f"hplc={json.dumps(carrier)}", f"cellular={json.dumps(self.air)}"]

    def for_recording(self):
        """Read the recording and fit the station to it; text that says what was chosen."""
        samples, info = recording.load(str(self.waveform))
        volts, amps = abs(samples[1:6:2]), abs(samples[0::2])
        if not volts.max() > 0:
            raise recording.RecordingError(f"{self.waveform} holds no voltage to follow")
        self.full_scale_v = max(1.0, _next_round(1.2 * volts.max()))
        self.full_scale_a = max(0.1, _next_round(1.2 * amps.max() or self.full_scale_a))
        rms = max(math.sqrt((phase**2).mean()) for phase in volts)
        self.nominal_v = max(10, min(100000, round(rms)))
        self.nominal_hz = 60 if info["frequency_hz"] > 55 else 50
        # as many pulses a second at full scale as the built-in signal has
        full_scale_w = self.full_scale_v * self.full_scale_a / 2
        self.pulse_constant = min(1000000, max(1, round(1e8 / full_scale_w)))
        return (
            f"{Path(str(self.waveform)).name}: full scale {self.full_scale_v:g} V and "
            f"{self.full_scale_a:g} A peak, nominal {self.nominal_v} V {self.nominal_hz} Hz"
        )


def _next_round(value):
    """The next of 1, 2, 5, 10 ... at or above."""
    unit = 10 ** math.floor(math.log10(value))
    return next(unit * step for step in (1, 2, 5, 10) if unit * step >= value)


class Station:
    def __init__(self, plan, on_event=None):
        """`on_event(name, details)`: what the virtual board reports, from a thread."""
        self.plan = plan
        self.folder = ""  # of sockets, image and what the parts say; "" while stopped
        self.parts = {}  # name: process
        self.broker = Broker(plan.broker)
        self.listener = None  # a foreign client, before the board boots
        self.board = None  # once it runs
        self._on_event = on_event

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def path(self, name):
        return str(Path(self.folder, name))

    def start(self):
        """Everything up and the board booting. Raises the error of the part that did not start."""
        plan = self.plan
        # a short path: UNIX sockets take 107 bytes
        self.folder = tempfile.mkdtemp(prefix="ttu-")
        try:
            self.broker.start()
            self._spawn("emulator", *self._emulator())
            self._spawn("meters", *self._meters())
            self._spawn("backplane", *self._backplane())
            self._make_image()
            self.listener = Listener(self.broker.port)
            self.board = VirtualBoard(
                self.path("flash.img"), plan.heap, self._wiring(), on_event=self._on_event
            ).start()
        except BaseException:
            self.stop()
            raise
        return self

    def _emulator(self):
        plan = self.plan
        words = ["--chip", plan.chip, "--spi", self.path("spi"), "--pins", self.path("pins")]
        words += ["--control", self.path("emulator"), "--pace", plan.pace]
        words += ["--seed", str(plan.seed), "--full-scale-v", str(plan.full_scale_v)]
        words += ["--full-scale-a", str(plan.full_scale_a)]
        return words + (["--waveform", str(plan.waveform)] if plan.waveform else [])

    def _meters(self):
        plan = self.plan
        words = ["--meters", str(plan.meters), "--link", self.path("rs485")]
        if plan.devices:
            words += ["--devices", str(plan.devices)]
        return [*words, "--control", self.path("meters"), "--seed", str(plan.seed)]

    def _backplane(self):
        """RS-485 modules are all on the bus with the meters."""
        peers = ["rs485=" + self.path("rs485")]
        return bay.words(self.folder, self.plan.modules, peers, self.plan.options())

    def _spawn(self, name, *words):
        module = _MODULES[name]
        said = open(self.path(name + ".txt"), "w+")
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=tree.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,  # Ctrl-C is ours to hand on
            preexec_fn=end_with_parent,
        )
        self.parts[name] = process
        line = process.stdout.readline()
        if not line.startswith("ready"):
            said.seek(0)
            words = (line + said.read()).strip().splitlines() or ["it said nothing"]
            raise StationError(f"the {name} did not start: {words[-1]}")

    def _make_image(self):
        values = [
            ("link.chip", self.plan.chip),
            ("metering.u_full_scale_mv", round(self.plan.full_scale_v * 1000)),
            ("metering.i_full_scale_ma", round(self.plan.full_scale_a * 1000)),
            ("metering.nominal_v", self.plan.nominal_v),
            ("metering.nominal_hz", self.plan.nominal_hz),
            ("metering.pulse_constant", self.plan.pulse_constant),
            ("uplink.port", self.broker.port),
            ("uplink.via", self.plan.via),
            ("uplink.period_s", self.plan.period_s),
            ("uplink.backoff_max_s", 5),
            ("rs485.data_s", self.plan.poll_s),
            ("hplc.data_s", 60),
            *self.plan.settings,
        ]
        provision = _PROVISION.format(values=values, devices=self.plan.archive())
        provision += self.plan.script
        image.build(self.path("flash.img"), build.build("unix"), provision)

    def _wiring(self):
        return wiring(
            self.path("spi"),
            self.path("pins"),
            **bay.wiring(self.folder),
            unique_id="%016x" % self.plan.seed,
        )

    def ask(self, part, **request):
        """One request to the control socket of `emulator`, `meters` or `bay`; the answer."""
        return control.ask(self.path(part), **request)

    def failures(self):
        """Sentences about parts that ended by themselves, and about board crashes."""
        found = [f"the {name} ended" for name, p in self.parts.items() if p.poll() is not None]
        if not self.broker.is_running():
            found.append("the broker ended")
        if self.board and (self.board.crashes or not self.board.is_running()):
            found.append(f"the board crashed {self.board.crashes} times")
        return found

    def stop(self):
        """Everything this started, in reverse order; may be called twice."""
        if self.board:
            self.board.stop()
        for process in reversed(self.parts.values()):
            process.terminate()
        for process in self.parts.values():
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        self.parts = {}
        if self.listener:
            self.listener.stop()
        self.broker.stop()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
