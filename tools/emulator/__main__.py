"""Start the emulator of a metrology IC: `python -m tools.emulator --spi P --pins P --control P`.

Prints `ready` on stdout when it listens; ends on SIGTERM or SIGINT and removes its sockets.
"""

import argparse
import gc
import os
import signal
import sys

CHIPS = ("ade9000", "atm90e36a", "atm90e32as")


def _arguments():
    parser = argparse.ArgumentParser(prog="tools.emulator", description="metrology IC emulator")
    parser.add_argument("--chip", choices=CHIPS, default=CHIPS[0], help="which IC")
    parser.add_argument("--spi", required=True, help="path of the SPI socket")
    parser.add_argument("--pins", required=True, help="path of the pins socket")
    parser.add_argument("--control", required=True, help="path of the control socket")
    parser.add_argument(
        "--pace",
        choices=("real", "lockstep"),
        default="real",
        help="lockstep: the crystal waits for a late host",
    )
    parser.add_argument("--waveform", metavar="FILE.npz", help="recording to loop as the signal")
    parser.add_argument("--seed", type=int, default=1, help="of the ADC noise and the faults")
    parser.add_argument("--ppm", type=float, default=0.0, help="error of the crystal")
    parser.add_argument(
        "--full-scale-v",
        type=float,
        default=500.0,
        metavar="V_PEAK",
        help="primary volts at ADC full scale (default %(default)s)",
    )
    parser.add_argument(
        "--full-scale-a",
        type=float,
        default=400.0,
        metavar="A_PEAK",
        help="primary amps at ADC full scale (default %(default)s)",
    )
    arguments = parser.parse_args()
    if arguments.full_scale_v <= 0 or arguments.full_scale_a <= 0:
        parser.error("the full scale must be above zero")
    if not abs(arguments.ppm) <= 1000:
        parser.error("--ppm must be from -1000 to 1000")
    if arguments.seed < 0:
        parser.error("--seed must not be negative")
    return arguments


def _source(arguments):
    from tools.emulator import recording, waveform

    if arguments.waveform is None:
        return waveform.Synthetic(8000.0 * (1.0 + arguments.ppm * 1e-6))
    array, info = recording.load(arguments.waveform)
    array = recording.fit(array, info, arguments.full_scale_v, arguments.full_scale_a)
    print(recording.describe(info), file=sys.stderr)
    # a fast crystal takes the loop's samples faster: the mains it stands for is faster too
    return waveform.Loop(array, info["frequency_hz"] * (1.0 + arguments.ppm * 1e-6))


def _part(arguments, front):
    """The chip behind the plant `front`, and the class of its SPI side."""
    if arguments.chip == CHIPS[0]:
        from tools.emulator import chip, spi

        return chip.Chip(front, arguments.seed), spi.SpiSlave
    from tools.emulator.atm90 import chip, spi

    return chip.Chip(front, arguments.chip), spi.SpiSlave


def main():
    arguments = _arguments()
    # the matrices are tiny: threads of the BLAS would only take the core from the firmware;
    # it reads this when numpy is loaded, so everything else is imported after it
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tools.emulator import adc, plant, recording, server

    try:
        source = _source(arguments)
    except recording.RecordingError as error:
        sys.exit("emulator: %s" % error)
    converters = adc.Adc(arguments.full_scale_v, arguments.full_scale_a, seed=arguments.seed)
    part, slave = _part(arguments, plant.Plant(source, converters, arguments.ppm))
    paths = (arguments.spi, arguments.pins, arguments.control)
    try:
        loop = server.Server(part, paths, arguments.pace, arguments.ppm, arguments.seed, slave)
    except OSError as error:
        sys.exit("emulator: cannot listen: %s" % error)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    gc.collect()
    gc.freeze()  # a full collection over what is loaded for good would cost a half buffer
    print("ready", flush=True)
    try:
        loop.run()
    finally:
        loop.close()


if __name__ == "__main__":
    main()
