"""`python -m tools.accuracy` (`make accuracy`): how exactly the terminal meters.

Signals go through the emulated ADE9000 and, as the bytes of its SPI, into the firmware's meter
under MicroPython; what it publishes is compared with the float64 truth of those very samples. The
last line is a JSON object; the exit status is 0 only when every bar is met.
"""

import argparse
import os
import sys


def _arguments():
    parser = argparse.ArgumentParser(prog="tools.accuracy", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="draws the signals (default 1)")
    parser.add_argument("--cases", type=int, default=64, help="signals (default 64)")
    parser.add_argument(
        "--seconds", type=int, help="of the energy run (default 60), or of each point (default 4)"
    )
    parser.add_argument("--waveform", metavar="FILE.npz", help="a recording in place of the cases")
    parser.add_argument(
        "--class",
        dest="of_class",
        metavar="CLASS",
        help="after a calibration, the whole table of that accuracy class: 0.2S",
    )
    parser.add_argument("--brief", action="store_true", help="a few points of the table only")
    arguments = parser.parse_args()
    if arguments.seconds is None:
        arguments.seconds = 60 if arguments.of_class is None else 4
    if arguments.seed < 0 or arguments.cases < 1 or arguments.seconds < 2:
        parser.error("the seed is 0 or more, cases 1 or more, seconds 2 or more")
    return arguments


def _refusal(arguments):
    """The sentence why the table of a class cannot be measured, or ""."""
    from tools.accuracy.standard import CLASS

    if arguments.of_class != CLASS:
        text = "There is no table of class %s here: say CLASS=%s."
        return text % (arguments.of_class or "''", CLASS)
    if arguments.waveform:
        return "A class is not measured with a recording: leave CLASS or WAVEFORM out."
    return ""


def main():
    arguments = _arguments()
    # small matrices: threads of the BLAS would only take the core from the meter; read by numpy
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tools.accuracy import classes, meter, run
    from tools.emulator import recording

    if arguments.of_class is not None and (refusal := _refusal(arguments)):
        print(refusal, file=sys.stderr)
        return 2
    try:
        if arguments.of_class is not None:
            return classes.main(arguments.seed, arguments.seconds, arguments.brief)
        return run.main(arguments)
    except (meter.Broken, recording.RecordingError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
