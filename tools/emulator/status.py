"""STATUS0/STATUS1/EVENT_STATUS, their masks, and the levels of the six output pins.

Status bits latch whatever the mask says; writing 1 clears; a pin is low while an enabled bit is
set.  RSTDONE and ERROR0 of STATUS1 cannot be masked (ade9000.md section 3).
"""

IRQ0, IRQ1, CF1, CF2, CF3, CF4 = range(6)

# STATUS0
EGYRDY, REVAP, REVRP, CF_BITS, DREADY = 0, 1, 4, 11, 15
WFB_TRG_IRQ, PAGE_FULL, PWRRDY, RMSONERDY, RMS1012RDY = 16, 17, 18, 19, 20
THD_PF_RDY, WFB_TRIG, COH_WFB_FULL = 21, 22, 23
# STATUS1
ZXTOV, ZX, RSTDONE, SWELL, DIP, CRC_CHG, CRC_DONE = 6, 9, 16, 20, 23, 26, 27
_UNMASKABLE = 1 << RSTDONE | 1 << 28


class Pins:
    """Levels of the outputs; edges wait in `edges` as (position, pin, level)."""

    def __init__(self):
        self.levels = [1] * 6
        self.edges = []
        self._newest = [0.0] * 6  # edges of one pin never go back in time

    def drive(self, pin, level, position):
        if self.levels[pin] != level:
            self.levels[pin] = level
            self._newest[pin] = max(position, self._newest[pin])
            self.edges.append((self._newest[pin], pin, level))

    def pulse_low(self, pin, position, width):
        """A pulse that leaves the level as it was (DREADY)."""
        self.edges.append((position, pin, 0))
        self.edges.append((position + width, pin, 1))

    def take(self):
        """The edges so far, in order of time; forgets them."""
        edges, self.edges = self.edges, []
        edges.sort(key=lambda edge: edge[0])
        return edges


class Status:
    def __init__(self, registers, pins):
        self.registers = registers
        self.pins = pins
        self.position = 0.0  # samples: when what happens now happens

    def set0(self, bit):
        self.registers["STATUS0"] |= 1 << bit
        self.refresh()

    def set1(self, bit):
        self.registers["STATUS1"] |= 1 << bit
        self.refresh()

    def has0(self, bit):
        return bool(self.registers["STATUS0"] >> bit & 1)

    def clear(self, name, ones):
        """Write-1-to-clear of STATUS0 or STATUS1."""
        self.registers[name] &= ~ones & 0xFFFFFFFF
        self.refresh()

    def set_event(self, bit, is_on):
        """EVENT_STATUS follows its cause: bits 0-2 DIP A-C, 3-5 SWELL A-C."""
        old = self.registers["EVENT_STATUS"]
        self.registers["EVENT_STATUS"] = old | 1 << bit if is_on else old & ~(1 << bit)
        self.refresh()

    def refresh(self):
        r, pins = self.registers, self.pins
        wants0 = bool(r["STATUS0"] & r["MASK0"])
        wants1 = bool(r["STATUS1"] & (r["MASK1"] | _UNMASKABLE))
        if r["CONFIG1"] >> 12 & 1:  # IRQ0_ON_IRQ1
            wants1 = wants1 or wants0
        pins.drive(IRQ0, 0 if wants0 else 1, self.position)
        pins.drive(IRQ1, 0 if wants1 else 1, self.position)
        if r["CONFIG1"] >> 2 & 3 == 2:  # CF4_CFG = EVENT
            is_event = r["EVENT_STATUS"] & r["EVENT_MASK"]
            pins.drive(CF4, 0 if is_event else 1, self.position)
