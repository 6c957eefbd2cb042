"""An ATM90E36A at its SPI pins, as far as the firmware's driver of it goes, in the terminal's own
process: five readings a second for days would be too much for a pipe. It shares no line with the
driver (firmware/link/atm90e3x); tools/emulator/atm90 is the one that measures waveforms.

The load is three phases of constant power. The edges of the pulse wires come each 150 ms, as many
as were due. `is_away`: the SPI wire is off, the pulse wires are not, and the IC counts on.
"""

from micropython import const

_LAST = const(0x0F)  # the echo
_STATUS = const(0x01)
_ENERGY = const(0x80)  # APenergy T A B C, then AN, RP, RN
_RESET_KEY = const(0x789A)
_CALIBRATE = const(0x5678)
_POWER_UP = const(0x6886)
_BLOCKS = {0x30: (0x31, 0x3A), 0x40: (0x41, 0x4C), 0x50: (0x51, 0x56), 0x60: (0x61, 0x6E)}
_SUMS = {0x3B: (0x31, 0x3A), 0x4D: (0x41, 0x4C), 0x57: (0x51, 0x56), 0x6F: (0x61, 0x6E)}
_RESET = ((0x07, 1), (0x31, 0x0861), (0x32, 0xC468), (0x33, 0x0087))
_COUNT_MW_MS = const(360000000)  # mW ms of a count, 0.1 Wh at 1000 pulses a kWh
_PULSE_COUNTS = const(10)
_VOLTS = const(23000)  # Urms, 0.01 V
_WATTS = (1000, 840, 1220)  # Pmean of a phase: an hour without the wire does not fill a register
_AMPS = (4800, 4000, 5800)
_FULL = const(0xFFFF)
_RING_MS = const(150)  # below link.timeout_ms: longer is silence


class Silicon:
    def __init__(self, time, timer, power_mw):
        """timer(ms, callback): a hardware timer; `power_mw(raw, u_gain, i_gain)`: what a count of
        Pmean is worth."""
        self.is_away = False
        self.count = 0  # energy pulses
        self.pulses = None  # a link.pulse.PulseChannel, once it is attached
        self._time = time
        self._timer = timer
        self._power_mw = power_mw
        self._words = [0] * 0x100
        self._us = 0
        self._rests = [0, 0, 0]  # mW ms below a count
        self._pulse_rest = 0  # counts below a pulse
        self._rung = 0  # pulses that were on the wire
        self._address = -1
        self._begin()

    # what board/wires.py gives of it

    def init(self, **_):
        """Whatever the speed."""

    def select(self, level):
        if not level and self._time.us != self._us:
            self._go_on()

    def reset(self, level):
        if not level:
            self._begin()

    def stamp_us(self):
        return self._time.ticks_us()

    def attach(self, pulses):
        self.pulses = pulses
        self._timer(_RING_MS, self._ring)

    @property
    def spi(self):
        return self

    # the bus

    def write(self, data):
        address = (data[0] << 8 | data[1]) & 0x3FF
        if len(data) == 4:
            if not self.is_away:
                self._write(address, data[2] << 8 | data[3])
        else:
            self._address = address

    def readinto(self, buf):
        if self.is_away:
            buf[0] = buf[1] = 0xFF
            return
        address = self._address
        words = self._words
        value = words[address] if address not in _SUMS else self._sum(*_SUMS[address])
        buf[0] = value >> 8
        buf[1] = value & 0xFF
        if address != _LAST:
            words[_LAST] = value
            if address == _STATUS or _ENERGY <= address < _ENERGY + 16:
                words[address] = 0

    def _write(self, address, value):
        words = self._words
        words[_LAST] = value
        if address == 0 and value == _RESET_KEY:
            self._begin()
        elif 0 < address < 0x70 and address not in _SUMS and address != _STATUS:
            words[address] = value
            if address in _BLOCKS and value == _CALIBRATE:
                first, last = _BLOCKS[address]
                for register in range(first, last + 1):
                    words[register] = 0

    def _sum(self, first, last):
        total = mixed = 0
        for register in range(first, last + 1):
            value = self._words[register]
            total += (value >> 8) + (value & 0xFF)
            mixed ^= value >> 8 ^ value & 0xFF
        return mixed << 8 | total & 0xFF

    # time

    def _begin(self):
        words = self._words
        for address in range(len(words)):
            words[address] = 0
        for address, value in _RESET:
            words[address] = value
        for address in _BLOCKS:
            words[address] = _POWER_UP
        for phase in range(3):
            words[0xB1 + phase] = _WATTS[phase]
            words[0xD9 + phase] = _VOLTS
            words[0xDD + phase] = _AMPS[phase]
        words[0xF8] = 5000

    def _go_on(self):
        """Count what came since."""
        passed_ms = (self._time.us - self._us) // 1000
        self._us += passed_ms * 1000
        words = self._words
        if not words[0x61]:
            return  # not set up
        made = self._pulse_rest
        for phase in range(3):
            power = self._power_mw(_WATTS[phase], words[0x61], words[0x62])
            rest = self._rests[phase] + power * passed_ms
            fresh, self._rests[phase] = rest // _COUNT_MW_MS, rest % _COUNT_MW_MS
            register = _ENERGY + 1 + phase
            words[register] = min(_FULL, words[register] + fresh)
            made += fresh
        self.count += made // _PULSE_COUNTS
        self._pulse_rest = made % _PULSE_COUNTS

    def _ring(self, _timer):
        """Edges of the zero crossings, one for all, and of the energy pulses."""
        self._go_on()
        self.pulses.zx.hit(None)
        for _ in range(self.count - self._rung):
            self.pulses.cf1.hit(None)
        self._rung = self.count
        self._timer(_RING_MS, self._ring)
