"""`python -m tools.fuzz` (`make fuzz FRAMES=20000 SEED=1`): feeds damaged frames to the codecs of
the terminal under MicroPython and judges what comes of them with code of its own.

FRAMES cases for each codec: lengths that lie at every layer, with the checksum left wrong or made
right again, bits flipped, frames cut, glued, nested and within noise, fed in pieces or byte by
byte.
The last line is JSON; the exit status is 1 when a bar is missed. With --plant a defect is put into
a codec at run time: the status is 1, and says what caught it, unless it went unnoticed.
"""

import argparse
import sys

MOST = 1000000  # cases of one codec: they are held in memory


def _arguments(names):
    parser = argparse.ArgumentParser(
        prog="tools.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--frames", type=int, default=20000, help="for each codec (default 20000)")
    parser.add_argument("--seed", type=int, default=1, help="draws the cases (default 1)")
    text = f"1 for all, one after another, or one of {names}"
    parser.add_argument("--plant", metavar="NAME", default="", help=text)
    arguments = parser.parse_args()
    if not 8 <= arguments.frames <= MOST or arguments.seed < 0:
        parser.error(f"frames are 8 to {MOST}, the seed is 0 or more")
    return arguments


def _run():
    from tools.fuzz import run
    from tools.vectors.__main__ import Unusable

    names = ", ".join(run.PLANTS)
    arguments = _arguments(names)
    if arguments.plant not in ("", "1", *run.PLANTS):
        print(f"There is no plant '{arguments.plant}': say 1 or one of {names}.", file=sys.stderr)
        return 2
    try:
        return run.main(arguments.frames, arguments.seed, arguments.plant)
    except (Unusable, OSError) as error:
        print(error, file=sys.stderr)
    except ImportError as error:
        print(f"A peer is missing ({error}): say make fuzz, which installs it.", file=sys.stderr)
    return 2


def main():
    try:
        return _run()
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
