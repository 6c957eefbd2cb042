"""The run over drawn signals or a recording: collects the errors, prints them and the verdict."""

import json

from tools.accuracy import cases, compare, progress, truth
from tools.accuracy.chip import FS_WORD, FULL_SCALE_A, FULL_SCALE_V, Bench
from tools.accuracy.meter import Meter
from tools.emulator import recording
from tools.emulator.waveform import Loop

_SECONDS = 1.0  # of a case: three or four windows
_HARMONICS = 11  # fitted to a drawn signal
_RECORDED_HARMONICS = 60


def main(arguments):
    worst = compare.Worst()
    with Meter(FULL_SCALE_V, FULL_SCALE_A, FS_WORD) as meter:
        if arguments.waveform:
            _recording(meter, arguments, worst)
        else:
            _drawn(meter, arguments, worst)
    _table(worst)
    return _verdict(worst)


def _drawn(meter, arguments, worst):
    drawn = cases.draw(arguments.seed, arguments.cases)
    for number, case in enumerate(drawn, 1):
        progress.show("signal %d of %d" % (number, len(drawn)))
        x, windows = _stream(meter, _bench(case), _SECONDS)
        errors = []
        for window in compare.usable(windows, x.shape[1]):
            true = truth.Window(x, window.start, window.end, case.hertz, _HARMONICS)
            errors += compare.errors(window, true, case.hertz)
        if not case.noise:
            errors += compare.analytic_errors(x, case, _HARMONICS)
        worst.signal(case.text(), errors)
    case = cases.energy_case(arguments.seed)
    x, windows = _stream(meter, _bench(case), arguments.seconds, "energy")
    worst.signal(case.text(), compare.energy_errors(windows[1], windows[-2], x))


def _recording(meter, arguments, worst):
    array, info = recording.load(arguments.waveform)
    array = recording.fit(array, info, FULL_SCALE_V, FULL_SCALE_A)
    print(recording.describe(info))
    source = Loop(array, info["frequency_hz"])
    bench = Bench(source, 1e-5, arguments.seed)
    x, windows = _stream(meter, bench, arguments.seconds, "recording", info["frequency_hz"])
    usable = compare.usable(windows, x.shape[1])
    for window in usable:
        true = truth.Window(x, window.start, window.end, info["frequency_hz"], _RECORDED_HARMONICS)
        errors = compare.errors(window, true, true.hertz)
        worst.signal("window from %.1f s" % (window.start / truth.SAMPLE_HZ), errors)
    if len(usable) > 2:
        worst.signal("energy", compare.energy_errors(windows[1], windows[-2], x))


def _bench(case):
    # the high-pass filter leaves a few ppm of the mains in its estimate of the DC: off, where the
    # truth is to be checked by formulas
    return Bench(case.source(), case.noise, case.seed, any(case.dc) or not case.noise)


def _stream(meter, bench, seconds, what="", hertz=50.0):
    """(samples [7, n], windows) of so many seconds."""
    meter.begin(nominal_hz=60 if hertz > 55 else 50)
    bursts = []
    for burst in bench.samples(seconds):
        bursts.append(burst)
        meter.feed(burst)
        if what and len(bursts) % 125 == 0:
            progress.show("%s: %d of %d s" % (what, len(bursts) // 125, seconds))
    return truth.decode(bursts), meter.end()


def _table(worst):
    """The worst of each kind and the signal it came from."""
    progress.say("%-19s %10s %8s  worst with" % ("", "worst", "bar"))
    for key in compare.BARS:
        if key in worst.values:
            row = key, worst.values[key], compare.BARS[key], worst.where[key]
            print("%-19s %10.3f %8g  %s" % row)


def _verdict(worst):
    measured = {key: worst.values.get(key) for key in compare.BARS}
    missed = [
        key
        for key, bar in compare.BARS.items()
        if measured[key] is not None and not measured[key] <= bar
    ]
    result = {key: None if v is None else round(v, 4) for key, v in measured.items()}
    result["signals"] = len(worst.signals)
    result["bars"] = compare.BARS
    result["missed"] = missed
    print(json.dumps(result))
    return 1 if missed else 0
