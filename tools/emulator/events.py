"""Dip and swell detection on xVRMSONE, half cycle by half cycle (UG-1098 p.30).

Levels and DIPx/SWELLx are xVRMSONE / 32.  An event is recognised after DIP_CYC (SWELL_CYC)
consecutive half-cycle results beyond the level.
"""

from tools.emulator import status as st

_KINDS = (  # level, length, prefix of the extreme value, STATUS1 bit, EVENT_STATUS bit, is_dip
    ("DIP_LVL", "DIP_CYC", "DIP", st.DIP, 0, True),
    ("SWELL_LVL", "SWELL_CYC", "SWELL", st.SWELL, 3, False),
)


class VoltageEvents:
    def __init__(self, registers, status):
        self.registers = registers
        self.status = status
        self.clear()

    def clear(self):
        self._beyond = [[0] * 3 for _ in _KINDS]  # consecutive results, by kind and phase
        self._active = [[False] * 3 for _ in _KINDS]
        self._extreme = [[0] * 3 for _ in _KINDS]  # of the running excursion

    def half_cycle(self, vrmsone):
        """Three new VRMSONE codes.  Returns a mask: 1 = a dip began, 2 = a swell began."""
        began = 0
        for kind, row in enumerate(_KINDS):
            for phase in range(3):
                if self._judge(kind, row, phase, int(vrmsone[phase]) >> 5):
                    began |= 1 << kind
        return began

    def _judge(self, kind, row, phase, value):
        level, length, prefix, bit, event_bit, is_dip = row
        r = self.registers
        is_beyond = value < r[level] if is_dip else value > r[level]
        extreme = prefix + "ABC"[phase]  # DIPA .. SWELLC
        was_active = self._active[kind][phase]
        if not is_beyond:
            self._beyond[kind][phase] = 0
            self._active[kind][phase] = False
            if was_active:
                self.status.set_event(event_bit + phase, False)
                if r["CONFIG1"] >> 10 & 1:  # DIP_SWELL_IRQ_MODE 1: entry and exit
                    self.status.set1(bit + phase)
            return False
        self._beyond[kind][phase] += 1
        count = self._beyond[kind][phase]
        worst = value if count == 1 else self._extreme[kind][phase]
        worst = self._extreme[kind][phase] = min(worst, value) if is_dip else max(worst, value)
        if was_active:
            r[extreme] = worst
        if count % max(1, r[length]):
            return False
        r[extreme] = worst
        if was_active and r["CONFIG1"] >> 10 & 1:
            return False  # mode 1: no repetition while it lasts
        self._active[kind][phase] = True
        self.status.set_event(event_bit + phase, True)
        self.status.set1(bit + phase)
        return not was_active
