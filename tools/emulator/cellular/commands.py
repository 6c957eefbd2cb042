"""The AT interpreter: one command at a time, its answer after a moment, and the data of a send.

Commands and error numbers as the makers' public manuals have them (AT commands, TCP/IP
application note); what this modem does not have is answered with ERROR.
"""

import time

from tools.emulator.cellular.connection import CONNECTED, Connection

ANSWER_S = 0.003
_SPEED_S = 0.05  # until a new speed holds
_SPEEDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
_LINE = 512
_CME = {
    3: "operation not allowed",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    16: "incorrect password",
    30: "no network service",
    50: "incorrect parameters",
}
_TRIES = 3  # of a PIN


class Refusal(Exception):
    """ERROR, or +CME ERROR with a number."""


class Commands:
    def __init__(self, modem):
        self.count = 0
        self.cereg = 0
        self.is_unlocked = False
        self.tries = _TRIES
        self._modem = modem
        self._has_echo = True
        self._has_data_echo = True
        self._cmee = 1
        self._buf = bytearray()
        self._is_busy = False
        self._wanted = 0  # bytes of data of a send under way
        self._connection = None  # they are for

    def feed(self, data):
        self._buf += data
        self._go_on()

    def _go_on(self):
        while self._buf and not self._is_busy:
            if self._wanted:
                if not self._take_data():
                    return
                continue
            end = self._buf.find(b"\r")
            if end < 0:
                del self._buf[:-_LINE]
                return
            line = bytes(self._buf[: end + 1])
            del self._buf[: end + 1]
            if self._has_echo:
                self._modem.echo(line)
            self._obey(line.strip().decode("latin-1"))

    def _take_data(self):
        count = self._wanted
        if len(self._buf) < count:
            return False
        data = bytes(self._buf[:count])
        del self._buf[:count]
        self._wanted = 0
        if self._has_data_echo:
            self._modem.echo(data)
        self._is_busy = True
        self._modem.later(ANSWER_S, lambda: self._sent(data))
        return True

    def _sent(self, data):
        one, self._connection = self._connection, None
        if one is None or self._modem.connections.get(one.number) is not one:
            self._finish("ERROR")
        elif not one.can_send() or self._modem.port.now() < self._modem.full_until:
            self._finish("SEND FAIL")
        else:
            one.send(data)
            self._finish("SEND OK")

    def _obey(self, line):
        if not line:
            return
        self.count += 1
        if line[:2].upper() != "AT":
            return  # no modem answers to what does not begin with AT
        self._is_busy = True
        self._modem.later(ANSWER_S, lambda: self._answer(line[2:]))

    def _answer(self, text):
        try:
            result = self._run(text)
        except Refusal as refusal:
            result = self._error(refusal.args)
        if result:
            self._finish(result)

    def _error(self, numbers):
        if not numbers or not self._cmee:
            return "ERROR"
        return f"+CME ERROR: {numbers[0] if self._cmee == 1 else _CME[numbers[0]]}"

    def _finish(self, result):
        self._is_busy = False
        self._modem.line(result, True)
        self._go_on()

    def _finish_later(self, seconds, do):
        """What `do` returns is the result."""

        def due():
            try:
                result = do()
            except Refusal as refusal:
                result = self._error(refusal.args)
            self._finish(result)

        self._modem.later(seconds, due)

    def _run(self, text):
        """The result, None: it comes later. Refusal when there is none."""
        name, is_set, values = text.partition("=")
        name = name.upper()
        if is_set and values != "?":
            known = getattr(self, "_set_" + name[1:].lower(), None) if name[:1] == "+" else None
            if known is None:
                raise Refusal
            result = known(*_split(values))
            return result or "OK" if result != "later" else None
        if name in _PLAIN or name == "":
            return "OK"
        if name in ("E0", "E1"):
            self._has_echo = name == "E1"
            return "OK"
        if name[:1] == "D":
            return "NO CARRIER"  # it carries no PPP
        if name == "I":
            for line in ("Quectel", "EC20F", "Revision: EC20VIRTUALR01"):
                self._modem.line(line)
            return "OK"
        ask = getattr(self, "_ask_" + name[1:].rstrip("?").lower(), None)
        if name[:1] != "+" or ask is None:
            raise Refusal
        for line in ask():
            self._modem.line(line)
        return "OK"

    # what asks

    def _ask_cgmi(self):
        return ["Quectel"]

    def _ask_cgmm(self):
        return ["EC20F"]

    def _ask_cgmr(self):
        return ["EC20VIRTUALR01"]

    def _ask_gsn(self):
        return ["866000000000017"]

    def _ask_cimi(self):
        self._need_sim()
        return ["001010123456789"]

    def _ask_cfun(self):
        return ["+CFUN: 1"]

    def _need_sim(self):
        if not self._modem.has_sim:
            raise Refusal(10)

    def _ask_cpin(self):
        self._need_sim()
        if self._modem.pin and not self.is_unlocked:
            return ["+CPIN: " + ("SIM PIN" if self.tries else "SIM PUK")]
        return ["+CPIN: READY"]

    def _ask_cereg(self):
        state = self._modem.registration
        place = ',"24A1","05F0D20B",7' if state == 1 and self.cereg == 2 else ""
        return [f"+CEREG: {self.cereg},{state}{place}"]

    def _ask_csq(self):
        if self._modem.registration != 1:
            return ["+CSQ: 99,99"]
        return [f"+CSQ: {(self._modem.signal + 113) // 2},99"]

    def _ask_cops(self):
        if self._modem.registration != 1:
            return ["+COPS: 0"]
        return [f'+COPS: 0,0,"{self._modem.operator}",7']

    def _ask_cclk(self):
        now = time.gmtime(self._modem.now_utc() + 8 * 3600)
        return [time.strftime('+CCLK: "%y/%m/%d,%H:%M:%S+32"', now)]

    def _ask_qiact(self):
        address = self._modem.context
        return [f'+QIACT: 1,1,1,"{address}"'] if address else []

    def _ask_qnwinfo(self):
        return ['+QNWINFO: "FDD LTE","00101","LTE BAND 3",1650']

    def _ask_qistate(self):
        return [self._state(one) for _, one in sorted(self._modem.connections.items())]

    def _state(self, one):
        mode = 1 if one.is_push else 0
        return (
            f'+QISTATE: {one.number},"TCP","{one.host}",{one.port},{40000 + one.number},'
            f'{one.state},1,{one.number},{mode},"uart1"'
        )

    # what sets

    def _set_ipr(self, value):
        """The speed, once this answer is over the line."""
        speed = _number(value, 921600)
        if speed not in _SPEEDS:
            raise Refusal
        modem = self._modem
        modem.later(_SPEED_S, lambda: setattr(modem, "baud", speed))

    def _set_cmee(self, value):
        self._cmee = _number(value, 2)

    def _set_cereg(self, value):
        self.cereg = _number(value, 2)

    def _set_ctzr(self, value):
        _number(value, 2)

    def _set_qisde(self, value):
        self._has_data_echo = _number(value, 1) == 1

    def _set_cgdcont(self, *_):
        return "OK"

    def _set_cpin(self, value):
        self._need_sim()
        if not self._modem.pin or self.is_unlocked:
            raise Refusal(3)
        if not self.tries:
            raise Refusal(12)
        if value != self._modem.pin:
            self.tries -= 1
            raise Refusal(16 if self.tries else 12)
        self.is_unlocked = True
        self._modem.later(0.2, self._modem.sim_ready)

    def _set_qpinc(self, kind):
        self._need_sim()
        self._modem.line(f'+QPINC: "{kind}",{self.tries},10')

    def _set_qlts(self, value):
        kind = _number(value, 2)
        ahead = 8 * 3600 if kind == 2 else 0
        now = time.gmtime(self._modem.now_utc() + ahead)
        self._modem.line(time.strftime('+QLTS: "%Y/%m/%d,%H:%M:%S+32,0"', now))

    def _set_qicsgp(self, *values):
        if len(values) not in (1, 3, 6) or _number(values[0], 16) < 1:
            raise Refusal

    def _set_qiact(self, value):
        if _number(value, 16) != 1 or self._modem.registration != 1:
            raise Refusal
        if self._modem.context:
            raise Refusal  # it is up already

        def activate():
            if self._modem.registration != 1:
                raise Refusal
            self._modem.context = f"10.64.0.{self._modem.slot}"
            return "OK"

        self._finish_later(self._modem.attach_s + 2 * self._modem.radio.latency, activate)
        return "later"

    def _set_qideact(self, value):
        _number(value, 16)
        self._modem.lose_all()

    def _set_qiopen(self, context, number, kind, host, port, _local="0", mode="0"):
        number = _number(number, 11)
        if context != "1" or kind != "TCP" or not self._modem.context:
            raise Refusal
        mode = _number(mode, 1)  # transparent access is not modelled
        port = _number(port, 65535)
        modem = self._modem
        if number in modem.connections:
            modem.later(ANSWER_S, lambda: modem.urc(f"+QIOPEN: {number},563"))
        elif modem.refuse:
            code = modem.refuse
            wait = 2 * modem.radio.latency
            modem.later(wait, lambda: modem.urc(f"+QIOPEN: {number},{code}"))
        else:
            one = Connection(modem, number, host, port, mode == 1)
            modem.connections[number] = one

    def _one(self, number):
        one = self._modem.connections.get(_number(number, 11))
        if one is None:
            raise Refusal
        return one

    def _set_qisend(self, number, count=None):
        one = self._one(number)
        size = _number(count, 1460) if count is not None else -1
        if size == 0:
            self._modem.line(f"+QISEND: {one.sent},{one.arrived},{one.sent - one.arrived}")
            return None
        if one.state != CONNECTED or size < 0:
            raise Refusal
        self._wanted = size
        self._connection = one
        self._is_busy = False
        self._modem.prompt()
        return "later"

    def _set_qird(self, number, count="1500"):
        one = self._one(number)
        size = _number(count, 1500)
        if one.is_push:
            raise Refusal
        if size == 0:
            unread = one.total - one.handed
            self._modem.line(f"+QIRD: {one.total},{one.handed},{unread}")
            return
        data = one.take(size)
        if data:
            self._modem.frame(f"+QIRD: {len(data)}", data)
        else:
            self._modem.line("+QIRD: 0")

    def _set_qistate(self, kind, number="0"):
        if kind != "1":
            raise Refusal
        one = self._modem.connections.get(_number(number, 11))
        if one:
            self._modem.line(self._state(one))

    def _set_qiclose(self, number, _timeout="10"):
        one = self._modem.connections.pop(_number(number, 11), None)
        if one:
            one.close()


_PLAIN = ("Z", "&F", "V1", "Q0", "E")


def _number(text, most):
    if not text.isdigit() or int(text) > most:
        raise Refusal
    return int(text)


def _split(text):
    """Values between commas, those in quotation marks without them."""
    out, word, is_quoted = [], "", False
    for letter in text:
        if letter == '"':
            is_quoted = not is_quoted
        elif letter == "," and not is_quoted:
            out.append(word)
            word = ""
        else:
            word += letter
    return [*out, word]
