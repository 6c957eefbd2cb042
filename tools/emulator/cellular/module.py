"""The module on the backplane: power, boot, the UART's two directions, and faults by name."""

import random
import time

from tools.emulator.cellular import far
from tools.emulator.cellular.commands import Commands
from tools.emulator.cellular.radio import Radio

BOOT_S = 2.0
REGISTER_S = 1.5
ANSWER_S = 0.003  # to most commands
_ATTACH_S = 0.3  # of AT+QIACT, beside the way to the network and back
_BAUD = 115200  # after power-on; AT+IPR holds until then
_EPOCH_S = 1795903200  # UTC of a virtual clock's zero

# what `set` takes: a fault or a measured value, how it is judged, and what it means
SETTINGS = {
    "signal": (int, "dBm, -113 to -51"),
    "operator": (str, "its name"),
    "rate": (float, "bit/s of the link, each way"),
    "latency_ms": (float, "one way"),
    "register_s": (float, "from a SIM that is ready to registration, the next time"),
    "registered": (bool, "False: the network is away, until True"),
    "denied": (bool, "the network denies registration"),
    "drop": (float, "share of what it says unasked that is lost, data in push mode excepted"),
    "garbage": (int, "bytes that slip into the next frame of data"),
    "lose": (int, "bytes that the next frame of data loses on the line"),
    "noise": (int, "bytes that slip in before the next line"),
    "no_carrier": (bool, "NO CARRIER in the middle of the next frame of data, and all is lost"),
    "mute": (int, "so many of the next final results are lost"),
    "dead": (bool, "it answers nothing until its power was away"),
    "stubborn": (int, "so many power cycles do not help a dead one"),
    "crash": (bool, "it begins anew now"),
    "sim": (bool, "False: no SIM"),
    "full": (float, "it has no room for data, for so many seconds"),
    "refuse": (int, "the next connections fail with this error of AT+QIOPEN; 0: no more"),
    "context": (bool, "False: the network takes the context away now"),
    "vanish": (bool, "its connections are gone and it says nothing"),
}


class Module:
    def __init__(self, port, slot, options=None):
        """See tools/emulator/backplane.py. options: rate (1000000 bit/s), latency_ms (50, one
        way), boot_s, register_s, pin, operator, signal, seed, network (instead of the process's
        own TCP: see far.py)."""
        options = dict(options or {})
        self.port = port
        self.slot = slot
        self.chips = {}
        self.rng = random.Random(options.get("seed", slot))
        self.radio = Radio(
            port, float(options.get("rate", 1e6)), float(options.get("latency_ms", 50)) / 1000
        )
        self.network = options.get("network")
        if self.network is None and port.loop is not None:
            self.network = far.Tcp(port.loop)
        self.boot_s = float(options.get("boot_s", BOOT_S))
        self.register_s = float(options.get("register_s", REGISTER_S))
        self.attach_s = _ATTACH_S
        self.pin = str(options.get("pin", ""))
        self.operator = options.get("operator", "Virtual Mobile")
        self.signal = int(options.get("signal", -71))
        self.drop = 0.0
        self.refuse = 0
        self.full_until = 0.0
        self.has_sim = True
        self.is_denied = False
        self.is_away = False
        self.is_dead = False
        self.stubborn = 0
        self.boots = 0
        self.dropped = 0
        self.rx_bytes = 0
        self.garbled = 0  # bytes that came at another speed than ours
        self.tx_bytes = 0
        self._garbage = 0
        self._lose = 0
        self._noise = 0
        self._mute = 0
        self._is_cut = False
        self._is_on = False
        self._turn = 0  # of the power: what was planned before it went is void
        self._sent_until = 0.0
        self._forget()

    def _forget(self):
        self.connections = {}
        self.baud = _BAUD
        self.is_ready = False  # it takes commands
        self.registration = 0
        self.context = ""  # its address
        self.commands = Commands(self)

    # the backplane

    def power(self, on):
        """Power and reset line together."""
        if on == self._is_on:
            return
        self._is_on = on
        self._stop()
        if on:
            if self.is_dead and self.stubborn > 0:
                self.stubborn -= 1
            else:
                self.is_dead = False
            self._start()

    def _stop(self):
        self._turn += 1
        for connection in list(self.connections.values()):
            connection.drop()
        self._forget()

    def _start(self):
        self.boots += 1
        self.later(self.boot_s, self._ready)

    def later(self, seconds, call):
        """As the port's, void once the power was away."""
        turn = self._turn

        def due():
            if turn == self._turn:
                call()

        self.port.later(seconds, due)

    def feed(self, data):
        self.rx_bytes += len(data)
        if self.port.baud() != self.baud:
            self.garbled += len(data)
        elif self._is_on and self.is_ready and not self.is_dead:
            self.commands.feed(data)

    def close(self):
        self._is_on = False
        self._stop()

    def now_utc(self):
        """UTC in s, as the network knows it."""
        return time.time() if self.port.loop is not None else _EPOCH_S + self.port.now()

    # the modem

    def _ready(self):
        self.is_ready = True
        self.urc("RDY")
        self.later(0.2, self._look_for_sim)

    def _look_for_sim(self):
        self.urc("+CFUN: 1")
        if not self.has_sim:
            self.urc("+CPIN: NOT INSERTED")
        elif self.pin and not self.commands.is_unlocked:
            self.urc("+CPIN: SIM PIN")
        else:
            self.sim_ready()

    def sim_ready(self):
        self.urc("+CPIN: READY")
        self.later(self.register_s, self._register)
        self.register_s = min(self.register_s, REGISTER_S)

    def _register(self):
        if self.is_denied:
            self._set_registration(3)
        elif self.has_sim and not self.is_away:
            self._set_registration(1)
            self.later(0.3, lambda: self.urc("+QIND: PB DONE"))

    def _set_registration(self, state):
        if state != self.registration:
            self.registration = state
            if self.commands.cereg:
                place = ',"24A1","05F0D20B",7' if state == 1 and self.commands.cereg == 2 else ""
                self.urc(f"+CEREG: {state}{place}")

    def lose_all(self):
        """The context and all connections, without a word."""
        for connection in list(self.connections.values()):
            connection.drop()
        self.connections = {}
        self.context = ""

    # to the board

    def _send(self, data):
        if not self._is_on or self.is_dead:
            return
        now = self.port.now()
        self._sent_until = max(now, self._sent_until) + len(data) * 10 / self.baud
        self.tx_bytes += len(data)
        theirs = self.port.baud()
        if theirs != self.baud:  # the board samples it wrongly
            data = self.rng.randbytes(max(1, len(data) * theirs // self.baud))
        self.port.send(data)

    def behind(self):
        """Bytes that the UART has not carried yet."""
        return max(0.0, self._sent_until - self.port.now()) * self.baud / 10

    def line(self, text, is_final=False):
        """A line of an answer."""
        if is_final and self._mute > 0:
            self._mute -= 1
            return
        self._send(self._slip() + f"\r\n{text}\r\n".encode())

    def echo(self, data):
        self._send(data)

    def prompt(self):
        self._send(b"\r\n> ")

    def urc(self, text):
        """Said unasked: it may be lost."""
        if self.rng.random() < self.drop:
            self.dropped += 1
            return
        self.line(text)

    def frame(self, header, data):
        """Data behind a header that says how many, with CR LF behind them."""
        head = self._slip() + f"\r\n{header}\r\n".encode()
        if self._is_cut:
            self._is_cut = False
            self._send(head + data[: self.rng.randrange(len(data))] + b"\r\nNO CARRIER\r\n")
            self.lose_all()
            return
        body = data + b"\r\n"
        if self._garbage:
            at = self.rng.randrange(len(data) + 1)
            body = body[:at] + self.rng.randbytes(self._garbage) + body[at:]
            self._garbage = 0
        if self._lose:
            at = self.rng.randrange(len(body))
            body = body[:at] + body[at + self._lose :]
            self._lose = 0
        self._send(head + body)

    def _slip(self):
        count, self._noise = self._noise, 0
        return self.rng.randbytes(count)

    # people and judges

    def set(self, **values):
        for name, value in values.items():
            if name not in SETTINGS:
                raise ValueError(f"a cellular module has no {name}, but {', '.join(SETTINGS)}")
            kind, what = SETTINGS[name]
            is_bool = isinstance(value, bool)
            if isinstance(value, str) != (kind is str) or is_bool != (kind is bool):
                raise ValueError(f"{name} is {what}, not {value!r}")
            self._set(name, kind(value), what)

    def _set(self, name, value, what):
        if (name == "rate" and value <= 0) or (name == "drop" and not 0 <= value <= 1):
            raise ValueError(f"{name} is {what}, not {value}")
        if name == "latency_ms":
            self.radio.latency = value / 1000
        elif name == "rate":
            self.radio.rate = value
        elif name == "signal":
            if not -113 <= value <= -51:
                raise ValueError(f"signal is {what}, not {value}")
            self.signal = value
        elif name in ("operator", "register_s", "drop", "refuse", "stubborn"):
            setattr(self, name, value)
        elif name in ("garbage", "lose", "noise", "mute"):
            setattr(self, "_" + name, value)
        elif name == "full":
            self.full_until = self.port.now() + value
        else:
            getattr(self, "_set_" + name)(value)

    def _set_registered(self, value):
        self.is_away = not value
        if not value:
            self._set_registration(2)
        elif self.is_ready:
            self.later(self.register_s, self._register)

    def _set_denied(self, value):
        self.is_denied = value
        if self.is_ready:
            self._set_registration(3) if value else self._register()

    def _set_no_carrier(self, value):
        self._is_cut = value

    def _set_dead(self, value):
        self.is_dead = value

    def _set_crash(self, value):
        if value and self._is_on:
            self._stop()
            self._start()

    def _set_sim(self, value):
        self.has_sim = value
        if not value and self.is_ready:
            self.lose_all()
            self.urc("+CPIN: NOT INSERTED")
            self._set_registration(0)
        elif value and self.is_ready:
            self._look_for_sim()

    def _set_context(self, value):
        if not value and self.context:
            self.lose_all()
            self.urc('+QIURC: "pdpdeact",1')

    def _set_vanish(self, value):
        if value:
            for connection in list(self.connections.values()):
                connection.drop()
            self.connections = {}

    def status(self):
        return {
            "is_ready": self.is_ready,
            "is_dead": self.is_dead,
            "registration": self.registration,
            "address": self.context,
            "connections": {
                number: {
                    "to": f"{one.host}:{one.port}",
                    "state": one.state,
                    "sent": one.sent,
                    "received": one.total,
                }
                for number, one in self.connections.items()
            },
            "boots": self.boots,
            "commands": self.commands.count,
            "dropped": self.dropped,
            "rx_bytes": self.rx_bytes,
            "tx_bytes": self.tx_bytes,
        }
