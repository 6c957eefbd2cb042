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
    parser.add_argument("--seconds", type=int, default=60, help="of the energy run (default 60)")
    parser.add_argument("--waveform", metavar="FILE.npz", help="a recording in place of the cases")
    arguments = parser.parse_args()
    if arguments.seed < 0 or arguments.cases < 1 or arguments.seconds < 2:
        parser.error("the seed is 0 or more, cases 1 or more, seconds 2 or more")
    return arguments


def main():
    arguments = _arguments()
    # small matrices: threads of the BLAS would only take the core from the meter; read by numpy
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tools.accuracy import meter, run
    from tools.emulator import recording

    try:
        return run.main(arguments)
    except (meter.Broken, recording.RecordingError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
