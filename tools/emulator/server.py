"""The emulator's process: three sockets, one chip, one selector loop.

SPI records: op(1) length(2) payload; pins: 16-byte records both ways; control: JSON lines.
Stamps on the pins are the due times of the edges by the crystal, in us of CLOCK_MONOTONIC.
"""

import selectors
import struct
import time

from tools.emulator.control import Control
from tools.emulator.crystal import Crystal
from tools.emulator.faults import Faults
from tools.emulator.pacer import Pacer
from tools.emulator.peers import Listener, Peer
from tools.emulator.spi import SpiSlave

_SELECT, _CLOCK, _DESELECT, _FILL = 1, 2, 3, 4
_PIN_RECORD = struct.Struct(">BB6xQ")
_OUTPUTS = 6
_EVENT_PIN, _WATCH = 5, 0x81
_CRYSTAL_PIN = 15  # no pin: news of the crystal in lockstep
_RESET_PIN, _PM0, _PM1 = 8, 9, 10
_LINE_LIMIT = 65536
_LONGEST_WAIT_S = 0.1  # a held crystal must not delay stop()


def now_us():
    return time.monotonic_ns() // 1000


class SpiPeer(Peer):
    """Host side of the SPI bus."""

    def __init__(self, server, connection):
        super().__init__(server.loop, connection)
        self.server = server
        self._input = bytearray()

    def feed(self, data):
        self._input += data
        reply, at = bytearray(), 0
        while len(self._input) - at >= 3:
            op = self._input[at]
            end = at + 3 + int.from_bytes(self._input[at + 1 : at + 3], "big")
            if len(self._input) < end:
                break
            answer = self.server.spi_record(op, bytes(self._input[at + 3 : end]))
            if answer is None:
                self.close()  # not this protocol: nothing after it can be trusted
                return
            reply += answer
            at = end
        del self._input[:at]
        if reply:
            self.send(reply)

    def gone(self):
        self.server.spi_gone(self)


class PinsPeer(Peer):
    """Host side of the signal lines."""

    def __init__(self, server, connection):
        super().__init__(server.loop, connection)
        self.server = server
        self.is_watching = False  # wants the edges of pin 5
        self._input = bytearray()

    def feed(self, data):
        self._input += data
        while len(self._input) >= _PIN_RECORD.size:
            pin, level, _ = _PIN_RECORD.unpack(self._input[: _PIN_RECORD.size])
            del self._input[: _PIN_RECORD.size]
            self.server.pin_from_host(self, pin, level)

    def gone(self):
        self.server.pins_gone(self)


class ControlPeer(Peer):
    def __init__(self, server, connection):
        super().__init__(server.loop, connection)
        self.server = server
        self._input = bytearray()

    def feed(self, data):
        self._input += data
        while b"\n" in self._input:
            line, _, rest = self._input.partition(b"\n")
            self._input = rest
            self.send(self.server.control_line(bytes(line)))
        if len(self._input) > _LINE_LIMIT:
            self.close()

    def gone(self):
        self.server.tool_gone(self)


class Server:
    def __init__(self, chip, paths, pace="real", ppm=0.0, seed=1, slave=None):
        """paths: (spi, pins, control); `slave` is the class of the chip's SPI side."""
        self.loop = selectors.SelectSelector()  # its time-outs are finer than a millisecond
        self.chip = chip
        self.crystal = Crystal(now_us(), ppm, pace)
        self.pacer = Pacer(chip, self.crystal)
        self.faults = Faults(seed)
        self.spi = (slave or SpiSlave)(chip)
        self.control = Control(chip, self.crystal, self.faults, self._refresh_pins)
        self._host = None  # SpiPeer
        self._pins = None  # PinsPeer
        self._told = None  # what it knows of a crystal in lockstep
        self._is_stopping = False
        self._listeners = []
        self._tools = set()  # ControlPeers
        try:
            self._listen(paths)
        except OSError:
            self.close()
            raise

    def _listen(self, paths):
        for path, make in zip(paths, (self._new_host, self._new_pins, self._new_tool)):
            self._listeners.append(Listener(self.loop, path, make))

    # the loop

    def run(self):
        """Until stop()."""
        while not self._is_stopping:
            wait_us = self._keep_time()
            for key, mask in self.loop.select(min(max(0.0, wait_us * 1e-6), _LONGEST_WAIT_S)):
                if self.loop.get_map().get(key.fd) is not None:
                    key.data(mask)
            self._send_edges()

    def _keep_time(self):
        """Step what is due and tell the board; us until there is more to do."""
        wait_us = self.pacer.run(now_us(), self._is_host_there())
        self._tell_time()
        self._send_edges()
        return wait_us

    def _is_host_there(self):
        return self._host is not None and not self.faults.is_spi_pulled

    def stop(self):
        """May be called from a signal handler; the loop ends within a page."""
        self._is_stopping = True

    def close(self):
        for peer in [self._host, self._pins] + list(self._tools):
            if peer is not None:
                peer.close()
        for listener in self._listeners:
            listener.close()

    def _touch(self):
        """What the host does now happens at this position of the chip's time."""
        position = self.crystal.position(now_us())
        self.chip.status.position = max(float(self.chip.n), position)

    # SPI

    def _new_host(self, connection):
        if self._host is not None:
            self._host.close()
        self._host = SpiPeer(self, connection)

    def spi_gone(self, peer):
        if peer is self._host:
            self._host = None
            self.spi.deselect()

    def spi_record(self, op, payload):
        """Bytes to answer; None when the record makes no sense."""
        is_pulled = self.faults.is_spi_pulled
        if op == _FILL and len(payload) == 3:
            payload = payload[2:] * int.from_bytes(payload[:2], "big")
        elif op not in (_SELECT, _CLOCK, _DESELECT) or op != _CLOCK and payload:
            return None
        if op in (_CLOCK, _FILL):
            if is_pulled:
                return self.faults.miso(payload)
            # a process that was late itself must not answer with the chip of then
            while self._keep_time() <= 0:
                pass
            self._touch()
            return self.faults.miso(self.spi.clock(payload))
        if op == _SELECT and not is_pulled:
            self.spi.select()
        elif op == _DESELECT:
            self.spi.deselect()
        return b""

    # pins

    def _new_pins(self, connection):
        if self._pins is not None:
            self._pins.close()
        self._pins = PinsPeer(self, connection)
        self._told = None
        self._tell_time()
        self.chip.is_watching_dready = False
        self.chip.pins.take()  # edges of the past are not for the new host
        self._refresh_pins()

    def pins_gone(self, peer):
        if peer is self._pins:
            self._pins = None
            self.chip.is_watching_dready = False

    def pin_from_host(self, peer, pin, level):
        if self.faults.hides_inputs:
            return
        self._touch()
        if pin == _EVENT_PIN and level == _WATCH:
            peer.is_watching = self.chip.is_watching_dready = True
        elif pin == _RESET_PIN:
            self.chip.set_reset_pin(level)
        elif pin in (_PM0, _PM1):
            self.chip.set_power_mode(pin - _PM0, level)

    def _refresh_pins(self):
        """Tell the host every level as it sees them: on connect, pull and plug."""
        self._send_edges()
        if self._pins is None:
            return
        levels = [
            1 if self.faults.hides(pin) else self.chip.pins.levels[pin] for pin in range(_OUTPUTS)
        ]
        stamp = now_us()
        self._pins.send(
            b"".join(_PIN_RECORD.pack(pin, level, stamp) for pin, level in enumerate(levels))
        )

    def _tell_time(self):
        """In lockstep: how long the crystal stood so far, and up to when it is sure to run.
        A board whose clock follows sees time stand with the signal, even when this process is
        the late one."""
        if self.crystal.pace != "lockstep" or self._pins is None:
            return
        state = (self.crystal.stood_us, self.pacer.limit_us(self._is_host_there()) or 0)
        if state != self._told:
            self._told = state
            self._pins.send(
                b"".join(
                    _PIN_RECORD.pack(_CRYSTAL_PIN, level, int(us))
                    for level, us in enumerate(state)
                )
            )

    def _send_edges(self):
        edges = self.chip.pins.take()
        if not edges or self._pins is None:
            return
        due = self.crystal.due_us
        records = [
            _PIN_RECORD.pack(pin, level, int(due(position)))
            for position, pin, level in edges
            if not self.faults.hides(pin) and (pin != _EVENT_PIN or self._pins.is_watching)
        ]
        if records:
            self._pins.send(b"".join(records))

    # control

    def _new_tool(self, connection):
        self._tools.add(ControlPeer(self, connection))

    def tool_gone(self, peer):
        self._tools.discard(peer)

    def control_line(self, line):
        self._touch()
        return self.control.line(line)
