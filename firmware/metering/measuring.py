"""All that is measured from samples, wired: meter, waveform ring, power-quality events, aggregates
and harmonics. Fed by the link in its task; what comes out goes to one sink.
"""

from firmware.metering import aggregate, level, pq_events, quantities, thresholds
from firmware.metering.aggregate import Aggregator
from firmware.metering.harmonic_points import HarmonicPoints
from firmware.metering.harmonics import Harmonics
from firmware.metering.meter import Meter
from firmware.metering.ring import WaveRing
from firmware.metering.turn import Turn

# what is aggregated: roots of mean squares for U and I, means for the rest
COLUMNS = tuple([(k, level.RMS) for k in range(quantities.NEUTRAL + 1)]) + tuple(
    [(quantities.WATTS + k, level.MEAN) for k in range(8)] + [(quantities.HERTZ, level.MEAN)]
)
AGGREGATES = {
    aggregate.CYCLES_150: "3s",
    aggregate.TEN_MINUTES: "10min",
    aggregate.TWO_HOURS: "2h",
    aggregate.TEN_SECONDS: "10s",
    aggregate.MINUTE: "1min",
}


class Measuring:
    def __init__(self, facts, cfg, pq_cfg, sink, utc_ms, fast=None):
        """`facts`: u_fs_mv, i_fs_ma, fs_word, the word at full scale and what it stands for;
        `cfg` and `pq_cfg` the settings metering.* and pq.* as attributes; `utc_ms(sample)` when a
        sample was taken; `fast` a board's own kernels. The sink has

        window(values, meter, stamp_ms)     a window, rows of `points`: see Meter; flags are
                                            complete
        spectrum(values, stamp_ms)          rows of harmonic_points.POINTS, of the window that
                                            ended at the stamp
        aggregate(kind, values, flags, end_ms, coverage)    see Aggregator
        disturbed(values)                   rows of pq_events.POINTS, within the feed that saw it
        begin(...), end(...)                of an event: see PowerQuality"""
        self._sink = sink
        self._utc_ms = utc_ms
        self.ring = WaveRing()
        self.meter = Meter(*facts, cfg.nominal_v, cfg.nominal_hz, self._window, self._half, fast)
        self.points = quantities.points(self.meter.quantities.exponent)
        limits = thresholds.Thresholds(pq_cfg, cfg.nominal_v, *facts)
        self.quality = pq_events.PowerQuality(limits, sink)
        self.aggregator = Aggregator(COLUMNS, sink.aggregate, quantities.VOLTS)
        self.harmonics = Harmonics(
            None, Turn(self.meter.window.memory, self.meter.quantities.correct)
        )
        self.harmonic_points = HarmonicPoints(*facts, cfg.nominal_v)
        self._disturbed = [0] * len(pq_events.POINTS)
        self._changes = 0  # of the power quality, as the sink knows them
        self._spectrum_ms = 0  # stamp of the window that is transformed
        self._watch()

    def feed(self, buf, at, sets, sample):
        """Raw samples: see Meter.feed. A step of the harmonics is done as well."""
        self.ring.pack(buf, at, sets, sample)
        self.meter.feed(buf, at, sets, sample)
        if self.quality.changes != self._changes:
            self._changes = self.quality.changes
            self.quality.fill(self._disturbed)
            self._sink.disturbed(self._disturbed)
        if self.harmonics.step():
            self.harmonic_points.fill(self.harmonics.result)
            self._sink.spectrum(self.harmonic_points.values, self._spectrum_ms)

    def gap(self, sets, bits):
        """`sets` samples are missing."""
        self.meter.gap(sets, bits)

    def restart(self, missing_ms):
        """The stream begins anew, `missing_ms` after the last window."""
        self.meter.restart(missing_ms)
        for phase in range(3):
            self.meter.quantities.correct(phase, 0)
        self.quality.restart(max(0, self.ring.newest))
        self._watch()

    def set_rate(self, slow_ppb):
        """The sample clock is so much slower than the terminal's."""
        self.meter.quantities.set_rate(slow_ppb)
        self.aggregator.frequency.rate_ppb = slow_ppb

    def _half(self, phase, u2, i2, sample):
        self.quality.half_cycle(phase, u2, i2, sample)
        self._watch()

    def _watch(self):
        """While something is going on every half cycle counts, else only unusual ones."""
        quality = self.quality
        self.meter.halves.watch(quality.is_open, quality.low, quality.high, quality.over)

    def _window(self, values, meter):
        stamp = self._utc_ms(meter.end)
        self.quality.window(values, meter.flags, meter.end, meter.halves.crossed)
        meter.flags |= self.quality.window_flags()
        self.aggregator.window(values, meter.flags, stamp, meter.length, meter.cycles)
        if meter.cycles:
            self._transform(meter, stamp)
        self._sink.window(values, meter, stamp)

    def _transform(self, meter, stamp):
        """Hand the window to the harmonics: it begins `start_part` before set `start`."""
        start, frac = meter.start, 0
        if meter.start_part:
            start, frac = start - 1, (1024 - meter.start_part) << 6
        if self.harmonics.begin(self.ring, start, frac, meter.length << 6, meter.cycles):
            self._spectrum_ms = stamp
