"""One RS-485 bus: takes requests off the paced wire, lets every device hear them, puts their
answers back after the reply delay, and spoils them as faults demand.

A request at another speed than a device's is noise to it. On a wire of a fixed speed nobody's
speed is judged: all devices are set to it.

One selector loop, one thread; commands come from the control socket or, through `command`, from
another thread.
"""

import heapq
import random
import selectors
import threading
import time

from tools.station import faults
from tools.station.control import ControlSocket
from tools.station.devices import framing
from tools.station.devices.dispatch import Bus as Dispatcher

_GAP_S = 0.5  # half a request is dropped after this silence (DL/T 645-2007, Tb)
_IDLE_S = 0.2  # longest sleep: how soon a stop is seen
_BURST = 16  # bytes of babble in one transmission


class Bus:
    def __init__(self, wire, meters, reply_ms: float | None = 30, seed=0, control_path=None):
        """`meters`: devices of tools.station.devices. `reply_ms`: from the last byte of a
        request to the first of its answer (Td, 20 to 500 ms), None: each device's own.
        `control_path`: socket for commands, None for none."""
        self.wire = wire
        self.meters = meters
        self._dispatcher = Dispatcher(meters)
        self._speeds = {meter.baud for meter in meters}
        if reply_ms is not None:
            for meter in meters:
                meter.delay_s = reply_ms / 1000
        self.faults = []
        self.rng = random.Random(f"{seed}/faults")
        self.held = False  # True: registers stand still
        self._heard = []  # heap of (time the bytes have crossed, order, bytes)
        self._said = []  # heap of (time a meter begins to speak, order, bytes)
        self._order = 0
        self._buffer = b""
        self._buffer_s = 0.0
        self._started_s = time.monotonic()
        self._steps = 0  # seconds the meters have lived
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(wire, selectors.EVENT_READ, self._hear)
        self._control = None
        if control_path:
            self._control = ControlSocket(control_path, self.command, self._selector)

    def start(self):
        """Run in a thread of its own until close()."""
        self._thread = threading.Thread(target=self.run, name="rs485-bus", daemon=True)
        self._thread.start()

    def run(self):
        while not self._stop.is_set():
            for key, _ in self._selector.select(self._pause()):
                key.data()
            with self._lock:
                self._work(time.monotonic())

    def stop(self):
        self._stop.set()

    def close(self):
        self.stop()
        if self._thread:
            self._thread.join(5)
        if self._control:
            self._control.close()
        self._selector.close()
        self.wire.close()

    def command(self, request):
        """One command as a dict, its answer as a dict. ValueError explains a wrong one."""
        with self._lock:
            return self._obey(request)

    def _obey(self, request):
        do = request.get("do")
        if do == "truth":
            return {"meters": {meter.address: self._truth(meter) for meter in self.meters}}
        if do == "bus":
            return self._bus_truth()
        if do == "fault":
            return self._add_fault(request)
        if do == "clear":
            self.faults.clear()
            return {}
        if do == "alarm":
            self._find(request.get("meter")).raise_alarm(bool(request.get("on", True)))
            return {}
        if do == "hold":
            self._hold(bool(request.get("on", True)))
            return {}
        raise ValueError("'do' is one of truth, bus, fault, clear, alarm, hold")

    def _truth(self, meter):
        return {
            "name": meter.name,
            "kind": meter.kind,
            "protocol": meter.protocol,
            "baud": meter.baud,
            "values": meter.truth(),
            "registers": meter.registers(),
            "served": dict(meter.served),
            "requests": meter.requests,
        }

    def _bus_truth(self):
        wire = self.wire
        return {
            "path": wire.path,
            "bytes_up": wire.bytes_up,
            "bytes_down": wire.bytes_down,
            "busy_s": wire.busy_s,
            "collisions": wire.collisions,
            "lost": wire.lost,
            "queued": len(self._said) + (wire.next_due() is not None),
            "faults_left": sum(1 for fault in self.faults if fault.count),
        }

    def _add_fault(self, request):
        known = {"do", "name", "meter", "count", "ms"}
        if set(request) - known:
            raise ValueError(f"a fault has {', '.join(sorted(known))}")
        meter = request.get("meter")
        if meter is not None:
            self._find(meter)
        fault = faults.Fault(
            request.get("name"), meter, request.get("count", 1), request.get("ms", 0)
        )
        if fault.name == "babble":
            for _ in range(int(fault.ms / 1000 / self.wire.char_s) // _BURST):
                self.wire.send(faults.noise(self.rng, _BURST), time.monotonic())
        else:
            self.faults.append(fault)
        return {}

    def _find(self, address):
        for meter in self.meters:
            if meter.address == address:
                return meter
        raise ValueError(f"there is no meter {address}")

    def _hold(self, on):
        if self.held and not on:
            self._started_s = time.monotonic() - self._steps  # the pause is not caught up
        self.held = on

    def _pause(self):
        dues = [queue[0][0] for queue in (self._heard, self._said) if queue]
        due = self.wire.next_due()
        if due is not None:
            dues.append(due)
        now = time.monotonic()
        return max(0.0, min([due - now for due in dues] + [_IDLE_S]))

    def _queue(self, queue, due, data):
        self._order += 1
        heapq.heappush(queue, (due, self._order, data))

    def _hear(self):
        data, due = self.wire.receive(time.monotonic())
        if data:
            self._queue(self._heard, due, data)

    def _work(self, now):
        self._live(now)
        while self._heard and self._heard[0][0] <= now:
            due, _, data = heapq.heappop(self._heard)
            self._parse(data, due)
        while self._said and self._said[0][0] <= now:
            due, _, data = heapq.heappop(self._said)
            self.wire.send(data, due)
        self.wire.deliver(now)

    def _live(self, now):
        while not self.held and now - self._started_s >= self._steps + 1:
            self._steps += 1
            for meter in self.meters:
                meter.step()

    def _parse(self, data, due):
        if due - self._buffer_s > _GAP_S:
            self._buffer = b""
        self._buffer += data
        self._buffer_s = due
        requests, self._buffer = framing.split(self._buffer)
        for request in requests:
            self._dispatch(request, due)

    def _dispatch(self, request, due):
        answers = []
        for baud in self._heard_by():
            answers += self._dispatcher.hear(request, baud)
        if len(answers) > 1:  # they all speak at once, and nobody is understood
            self.wire.collisions += 1
            mixture = faults.noise(self.rng, max(len(reply) for _, reply in answers))
            self._queue(self._said, due + min(meter.delay_s for meter, _ in answers), mixture)
        elif answers:
            meter, reply = answers[0]
            self._reply(meter, reply, due + meter.delay_s)

    def _heard_by(self):
        """Speeds whose devices understand what is on the wire."""
        return self._speeds if self.wire.is_fixed else (self.wire.baud,)

    def _reply(self, meter, reply, at):
        pieces = [(0.0, reply)]
        for fault in self.faults:
            if fault.takes(meter.address):
                pieces = faults.spoil(fault, reply, self.rng, self._alias(meter), meter.protocol)
                break
        for delay_s, data in pieces:
            self._queue(self._said, at + delay_s, data)

    def _alias(self, meter):
        """The address of the next of its protocol: the worst wrong one, because somebody waits
        for it."""
        alike = [one for one in self.meters if one.protocol == meter.protocol]
        return alike[(alike.index(meter) + 1) % len(alike)].wire_address
