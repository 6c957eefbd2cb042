"""The run over the table of a class, after a calibration: every point, its limit, the verdict."""

import json

from tools.accuracy import families, progress, standard
from tools.accuracy.chip import FULL_SCALE_A, FULL_SCALE_V
from tools.accuracy.meter import Broken
from tools.accuracy.unit import (
    DC_A,
    DC_V,
    GAIN,
    I_LEAD_DEG,
    LEAK,
    NOISE,
    SAMPLE_HZ,
    U_LEAD_DEG,
    WINDOWS,
    Unit,
)

_BRIEF = 8  # every so many points are left, for tests
_BRIEF_WINDOWS = 10  # of a step of the calibration
_KEYS = "harmonics_class_1", "urms_half", "unbalance", "aggregates", "influences"


def main(seed, seconds, is_brief):
    with Unit(seed) as unit:
        _say_unit(unit)
        _say_calibration(unit.calibrate(_BRIEF_WINDOWS if is_brief else WINDOWS))
        worst, count = _table(unit, seconds, is_brief)
        influences = _influences(unit, seconds, is_brief)
        shares = {"influences": max(influences, _no_load(unit, seconds))}
        for key, family in families.FAMILIES:
            unit.show(key)
            shares[key] = family(unit, is_brief)
    return _verdict(worst, count, shares)


def _say_unit(unit):
    progress.say(
        "Un %g V, In %g A, Imax %g A; full scale %g V and %g A peak; noise %g of it."
        % (
            standard.U_NOMINAL,
            standard.I_NOMINAL,
            standard.I_MAX,
            FULL_SCALE_V,
            FULL_SCALE_A,
            NOISE,
        )
    )
    progress.say(
        "Errors up to: gain %g %%, angle %g (U: %g) deg, DC %g V and %g A, leak %g A/V. Drawn:"
        % (100 * GAIN, I_LEAD_DEG, U_LEAD_DEG, DC_V, DC_A, LEAK)
    )
    adc = unit.bench.adc
    progress.say("          gain %   angle deg   DC V, A")
    for row, name in enumerate(("IA", "UA", "IB", "UB", "IC", "UC", "IN")):
        progress.say(
            "  %s   %9.4f  %10.4f  %8.3f"
            % (name, 100 * adc.gain_error[row], adc.lead_deg[row], adc.offset[row])
        )


def _say_calibration(steps):
    progress.say(
        "\nCalibration             reference      before   register       value        after"
    )
    for step, rows in steps:
        for name, reference, before, register, value, after in rows:
            progress.say(
                "  %-7s %-8s %14s %13s  %-9s %9s %13s"
                % (step, name, reference, before, register, value, after)
            )


def errors_of(unit, signals, seconds, text):
    """Percent of each (Signal, is_active): energy by the registers against that of the source."""
    spans = []
    for number, (signal, _) in enumerate(signals, 1):
        unit.show("%s %d of %d" % (text, number, len(signals)))
        spans.append(unit.span(signal, seconds))
    windows = unit.windows()
    return [
        _error(windows, span, signal, is_active)
        for span, (signal, is_active) in zip(spans, signals)
    ]


def _error(windows, span, signal, is_active):
    first, last = _ends(windows, span)
    plus, minus = (("ep",), ("er",)) if is_active else (("q1", "q2"), ("q3", "q4"))
    counted = _counted(first, last, plus) - _counted(first, last, minus)
    hours = (last.end - first.end) / SAMPLE_HZ / 3600
    return 100 * (counted / (signal.power(is_active) * hours) - 1)


def _ends(windows, span):
    """The first and the last window that lie within a span of samples."""
    here = [w for w in windows if w.start >= span[0] and w.end <= span[1] and w.cycles]
    if len(here) < 2:
        raise Broken("The meter told no two windows of a point.")
    return here[0], here[-1]


def _counted(first, last, registers):
    """Wh or varh between the ends of two windows."""
    return sum(last.values[name] - first.values[name] for name in registers)


def _table(unit, seconds, is_brief):
    """(worst share of a limit, points)."""
    points = standard.table()[:: _BRIEF if is_brief else 1]
    signals = [(p.signal, p.is_active) for p in points]
    errors = errors_of(unit, signals, seconds, "point")
    heads = standard.CLASS, standard.REACTIVE_CLASS
    progress.say("\nclass %s active, %s reactive      error %%  limit %%    share" % heads)
    shares = []
    for point, error in zip(points, errors):
        shares.append(_row(point.text, error, point.limit, point.mark))
    shares += _differences({p.signal: e for p, e in zip(points, errors) if p.is_active})
    return max(shares), len(points)


def _differences(error):
    """Shares of the limit of what a load on one phase changes, at In and power factor 1."""
    shares = []
    for phase in range(3):
        amps = tuple(standard.I_NOMINAL if k == phase else 0.0 for k in range(3))
        balanced, single = standard.Signal(), standard.Signal(i=amps)
        if balanced in error and single in error:
            text = "only %s less balanced, In, cos phi 1" % "ABC"[phase]
            shares.append(_row(text, error[single] - error[balanced], standard.DIFFERENCE))
    return shares


def _row(text, error, limit, mark=""):
    """Print it; its share of the limit."""
    share = abs(error) / limit
    progress.say("  %-36s %8.4f %8.2f %8.3f  %s" % (text, error, limit, share, mark))
    return share


def _influences(unit, seconds, is_brief):
    """The worst share of a limit."""
    wanted = standard.influences()[:: _BRIEF if is_brief else 1]
    signals = list(dict.fromkeys(s for w in wanted for s in (w.reference, w.signal)))
    errors = errors_of(unit, [(s, True) for s in signals], seconds, "influence")
    error = dict(zip(signals, errors))
    progress.say("\nchange of the error by an influence     %        limit %    share")
    return max(_row(w.text, error[w.signal] - error[w.reference], w.limit) for w in wanted)


def _no_load(unit, seconds):
    """Share of the one pulse that may come without a current in the time of that test; both
    directions count."""
    unit.show("no load")
    span = unit.span(standard.NO_LOAD, seconds)
    first, last = _ends(unit.windows(), span)
    hours = (last.end - first.end) / SAMPLE_HZ / 3600
    pulses = _counted(first, last, ("ep", "er")) / hours * standard.PULSES / 1000
    return _row("no load, 115 % Un, pulses", pulses * standard.no_load_minutes() / 60, 1)


def _verdict(worst, count, shares):
    result = {"class": standard.CLASS, "points": count, "worst_share_of_limit": round(worst, 4)}
    result.update((key, round(shares[key], 4)) for key in _KEYS)
    progress.say("\nworst share of a limit              bar")
    progress.say("  %-22s %8.4f %5g" % ("table", worst, standard.SHARE))
    for key in _KEYS:
        progress.say("  %-22s %8.4f %5g" % (key.replace("_", " "), shares[key], 1))
    print(json.dumps(result))
    return 1 if worst > standard.SHARE or max(shares.values()) > 1 else 0
