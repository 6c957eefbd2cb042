"""Half cycles of the three voltages: one-cycle rms at every zero crossing (IEC 61000-4-30, 5.4.1).

Each phase follows its own crossings; one that has none gets its half cycles from the sample
counter. The kernels do it; this is their face. Only small ints, nothing is allocated.
"""

from micropython import const

from firmware.metering import layout, window_kernels

_MOST = const(1 << 26)  # beyond the mean square of full scale


class HalfCycles:
    def __init__(self, memory, arm, notify):
        """`memory`: see layout; `arm`: level a half cycle must pass, in units of the top 16 bits
        of a word; `notify(phase, u2, i2, sample)` gets the mean squares of the last whole cycle,
        in units of (word >> 14)**2 / 4, at crossings that are worth a look."""
        self._m = memory
        self._notify = notify or _nobody
        memory[layout.CONTROL + layout.C_ARM] = arm
        self.watch(notify is not None)

    def watch(self, is_on, low=0, high=_MOST, over=_MOST):
        """Notify at every crossing, or only when u2 is not from `low` to `high`, or i2 is above
        `over`. The kernels compare coarsely: a value close to a limit is notified, too."""
        m = self._m
        m[layout.CONTROL + layout.C_WATCH] = int(is_on)
        m[layout.CONTROL + layout.C_LOW] = (low >> 9) + 1 if low else 0
        m[layout.CONTROL + layout.C_HIGH] = min(high, _MOST) >> 9
        m[layout.CONTROL + layout.C_OVER] = min(over, _MOST) >> 9

    def restart(self):
        """Samples begin anew: nothing is carried over."""
        for phase in range(3):
            base = layout.HALVES + layout.HALF_WORDS * phase
            for word in range(layout.H_NEGATIVE):
                self._m[base + word] = 0
            self._m[base + layout.H_NEGATIVE + 1] = 0

    def tell(self, phases):
        """Notify of the last cycle of the phases whose bits are set."""
        m = self._m
        for phase in range(3):
            if phases >> phase & 1:
                at = layout.HALVES + layout.HALF_WORDS * phase
                n = m[at + layout.H_ENDED + 2] + m[at + layout.H_BEFORE + 2]
                self._notify(
                    phase,
                    _mean(m[at + layout.H_ENDED] + m[at + layout.H_BEFORE], n),
                    _mean(m[at + layout.H_ENDED + 1] + m[at + layout.H_BEFORE + 1], n),
                    m[at + layout.H_SAMPLE],
                )

    def crossed(self, phase):
        """Number of the first set after the last crossing of a phase, low 30 bits."""
        return self._m[layout.HALVES + layout.HALF_WORDS * phase + layout.H_SAMPLE]

    def part(self, phase):
        """Of a sample, in 1/1024: how long before that set the crossing was."""
        return window_kernels.part(self._m, phase)


def _mean(total, n):
    """total * 512 / n without leaving 31 bits."""
    return (total // n << 9) + (total % n << 9) // n


def _nobody(_phase, _u2, _i2, _sample):
    pass
