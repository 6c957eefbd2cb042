"""Four-quadrant energy as integers, without rounding loss (IEC 62053-23 quadrants).

`add` takes the exact product sums of a window and allocates nothing; `settle`, once a second,
moves whole milliwatt-hours (or mvarh) to the registers and leaves the rest for the next time.
Totals follow the algebraic sum of the phases. Each mWh of a total goes to one tariff as well, so
the tariffs add up to the total. Quadrants: I P>0 Q>0, II P<0 Q>0, III P<0 Q<0, IV P>0 Q<0.
"""

from array import array

from micropython import const

from firmware.metering import energy_kernels as k

FORWARD, REVERSE, Q1, Q2, Q3, Q4 = range(6)
NAMES = ("ep", "er", "q1", "q2", "q3", "q4")
ROWS = ("a", "b", "c", "")  # phases, then the total
TOTAL = const(3)
CELLS = const(24)
TARIFFS = const(8)  # T1..T8; 0 is what came while no tariff was known
QUANTUM = const(1 << 28)  # product units: what `ring` counts in, 2e-7 of a second at full scale
_REST_BITS = const(30)  # of the part of a mWh that `rests` tells
_FRACTION_BITS = const(44)  # k.LIMB * k.FRACTION
_LIMB_MASK = const(0x3FFFFF)
_COUNT_MASK = const(0x3FFFFFFF)


def _split(value, limbs, at, words):
    """`value` >= 0 to `words` limbs from limbs[at]."""
    for i in range(at, at + words):
        limbs[i] = value & _LIMB_MASK
        value >>= 22


def _joined(limbs, at, words):
    value = 0
    for i in range(at + words - 1, at - 1, -1):
        value = (value << 22) + limbs[i]
    return value


def _register(p, q):
    """Register of reactive energy by the signs of both."""
    if q >= 0:
        return Q1 if p >= 0 else Q2
    return Q4 if p >= 0 else Q3


class EnergyRegisters:
    def __init__(self, num, den):
        """One product unit of a sum of samples is worth num/den mWh (taken to 2**-44 units)."""
        self.num = num
        self.den = den
        self.cells = array("q", bytes(8 * CELLS))  # mWh, row * 6 + register; never decreases
        # mWh of the total, tariff * 6 + register; all tariffs together are the row TOTAL
        self.tariffs = array("q", bytes(8 * 6 * (TARIFFS + 1)))
        self.steps = array("i", bytes(4 * CELLS))  # mWh that the last `settle` added
        self._unit = ((den << (_FRACTION_BITS + 1)) // num + 1) >> 1  # one mWh, rounded
        self._units = array("i", bytes(4 * k.REST_WORDS * len(k.MULTIPLES)))
        for i, bits in enumerate(k.MULTIPLES):
            _split(self._unit << bits, self._units, k.REST_WORDS * i, k.REST_WORDS)
        self._rests = array("i", bytes(4 * CELLS * k.REST_WORDS))
        self._rings = array("i", bytes(72))  # six signed sums of samples: P, Q of each phase
        self._rows = array("i", bytes(96))
        self._work = array("i", bytes(72))
        self._zero = array("i", bytes(48))
        self.windows = 0  # added, modulo 2**30
        self.active = self.reactive = 0  # mWh of all phases, any direction, since forget()
        self._marked = [0] * CELLS  # product units that did not come from samples
        # what others may be told: the registers, until hold() parts the two
        self.told, self.told_tariffs = self.cells, self.tariffs
        self.told_ms = 0  # UTC of `told`; 0: now
        self.is_told = True  # False from hold() until tell()

    def add(self, sums):
        """Sums of one window: 12 words, P high and low, Q high and low of each phase; a value is
        high * 2**22 + low product units, below 2**52. Allocates nothing."""
        k.split(sums, self._rows, self._rings)
        k.credit(self._rows, self._rests)
        self.windows = self.windows + 1 & _COUNT_MASK

    def settle(self, tariff=0):
        """Whole mWh (at most 2**30 - 1 a register) to the registers and to `tariff`; `steps` holds
        what was moved. Allocates nothing."""
        k.wholes(self._rests, self._work, self._units, self.steps, CELLS)
        k.carry(self.cells, 0, self.steps, 0, CELLS)
        k.carry(self.tariffs, tariff * 6, self.steps, TOTAL * 6, 6)
        steps = self.steps
        for cell in range(TOTAL * 6):
            step = steps[cell]
            if step and cell % 6 < 2:
                self.active += min(step, _COUNT_MASK - self.active)
            elif step:
                self.reactive += min(step, _COUNT_MASK - self.reactive)

    def forget(self):
        """Count `active` and `reactive` anew."""
        self.active = self.reactive = 0

    def ring(self, sums, out):
        """Samples' energy since boot with the open window's `sums` (None: without) in QUANTUM,
        modulo 2**30: P, Q of the phases A, B, C to the six words of `out`."""
        for i in range(18):
            self._work[i] = 0  # rings nobody reads
        k.split(self._zero if sums is None else sums, self._rows, self._work)
        k.quanta(self._rows, self._rings, out)

    def substitute(self, p, q):
        """Energy of a time without samples, marked: three phases in product units each, signed."""
        for row in range(3):
            self._substitute_row(row, p[row], q[row])
        self._substitute_row(TOTAL, sum(p), sum(q))

    def substitute_total(self, p):
        """The same when only the total is known, and only active energy."""
        self._substitute_row(TOTAL, p, 0)

    def _substitute_row(self, row, p, q):
        self._credit(row * 6 + (FORWARD if p >= 0 else REVERSE), abs(p))
        self._credit(row * 6 + _register(p, q), abs(q))

    def _credit(self, cell, units):
        if units:
            self._marked[cell] += units
            self._add_rest(cell, units << _FRACTION_BITS)

    def _add_rest(self, cell, amount):
        at = cell * k.REST_WORDS
        _split(_joined(self._rests, at, k.REST_WORDS) + amount, self._rests, at, k.REST_WORDS)

    def substituted(self):
        """mWh a register that did not come from samples, a new list in the order of `cells`."""
        return [self.mwh(units) for units in self._marked]

    def mwh(self, units):
        """Product units as mWh, rounded down."""
        return units * self.num // self.den

    def hold(self):
        """From now on `told` and `told_tariffs` change with tell() only: who calls that when
        the registers are on flash never has to take back what was told."""
        self.told, self.told_tariffs = array("q", self.cells), array("q", self.tariffs)
        self.is_told = False

    def tell(self, utc_ms):
        if self.told is not self.cells:
            self.told[:] = self.cells
            self.told_tariffs[:] = self.tariffs
            self.told_ms = utc_ms
            self.is_told = True

    def rests(self):
        """24 bytes: what is below one mWh, in 1/256."""
        rests = bytearray(CELLS)
        for cell in range(CELLS):
            rest = _joined(self._rests, cell * k.REST_WORDS, k.REST_WORDS)
            rests[cell] = min((rest << 8) // self._unit, 255)
        return rests

    def record(self):
        """What a checkpoint keeps: {"mwh", "rest", "tariffs", "marked"}. Settle first."""
        rests = []
        for at in range(0, CELLS * k.REST_WORDS, k.REST_WORDS):
            rest = (_joined(self._rests, at, k.REST_WORDS) << _REST_BITS) // self._unit
            rests.append(min(rest, (1 << _REST_BITS) - 1))
        tariffs = list(self.tariffs)
        while len(tariffs) > 6 and not any(tariffs[-6:]):
            del tariffs[-6:]
        return {
            "mwh": list(self.cells),
            "rest": rests,  # below one mWh, in 2**-30 mWh: a reboot costs less than that
            "tariffs": tariffs,
            "marked": self.substituted(),
        }

    def restore(self, record):
        """Continue from `record`, to which what is counted already is added; ValueError when it
        has another shape. One of an older firmware has "mwh" alone: of no known tariff."""
        cells = _counts(record.get("mwh"), CELLS)
        rests = _counts(record.get("rest", [0] * CELLS), CELLS)
        marked = _counts(record.get("marked", [0] * CELLS), CELLS)
        tariffs = record.get("tariffs", cells[TOTAL * 6 :])
        tariffs = _counts(tariffs, min(len(tariffs), len(self.tariffs)))
        if [sum(tariffs[i::6]) for i in range(6)] != cells[TOTAL * 6 :]:
            raise ValueError("the tariffs of an energy checkpoint do not add up to its total")
        for i in range(CELLS):
            self.cells[i] += cells[i]
            self._add_rest(i, rests[i] * self._unit >> _REST_BITS)
            self._marked[i] += marked[i] * self.den // self.num
        for i in range(len(tariffs)):
            self.tariffs[i] += tariffs[i]


def _counts(values, length):
    """`values` when they are so many integers from zero up that fit 62 bits."""
    good = isinstance(values, (list, tuple)) and len(values) == length
    if not good or not all([type(v) is int and 0 <= v < 1 << 62 for v in values]):
        raise ValueError("an energy checkpoint has %d counts from zero up here" % length)
    return list(values)
