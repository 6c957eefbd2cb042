"""What every device of a bus is: a name, a speed, ears, and values that a seed decides."""

import random


class Device:
    """A kind is a subclass. It says `kind`, `protocol`, `parity`, `BAUDS`, and does `answer`,
    `truth`, `step`; kinds with an alarm do `raise_alarm`."""

    kind = ""
    protocol = ""  # dlt645, dlt698 or modbus
    parity = "E"  # N, E or O
    BAUDS = (9600,)  # speeds it is delivered with, the first is usual
    is_key = False  # it has alarms that cannot wait

    def __init__(self, address, seed=0, baud=None, name=None):
        """`address`: text as in a terminal's settings, twelve digits or a unit number."""
        self.address = address
        self.name = name or f"{self.kind}-{address}"
        self.baud = baud or self.BAUDS[0]
        self.delay_s = 0.03  # from the last byte of a request to the first of the answer
        self.wire_address = b""  # as it is sent
        self.served = {}  # identifier -> register as answered last, where a protocol keeps it
        self.requests = 0  # frames that were for this device
        self.rng = random.Random(f"{seed}/{self.kind}/{address}")

    @staticmethod
    def parse(data):
        """The request in a transmission as it was on the line, or None. Of the protocol, not of
        the device, so that a bus does it once for all that hear it."""
        raise NotImplementedError

    @staticmethod
    def target(request):
        """The address text a parsed request is for, or None: several may be meant."""
        raise NotImplementedError

    def answer(self, request):
        """Reply bytes to a parsed request, None for silence; broadcasts are obeyed silently."""
        raise NotImplementedError

    def hear(self, data):
        """Reply bytes to a whole transmission, or None: silence."""
        request = self.parse(data)
        return None if request is None else self.answer(request)

    def truth(self):
        """{item: integer} of what it holds now, names as in README.md."""
        raise NotImplementedError

    def registers(self):
        """The same by the identifiers of the protocol, where it has such."""
        return self.truth()

    def step(self, seconds=1):
        """`seconds` go by."""

    def raise_alarm(self, on=True):
        """Set, or take back, the bits README.md names under the kind's table."""
        raise ValueError(f"a {self.kind} has no alarm")
