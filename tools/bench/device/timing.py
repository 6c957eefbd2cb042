"""What runs under the unix port for comparison with C on the same processor: nanoseconds a set of
viper and of byte code, one round of each. The values are judged elsewhere: here only time counts.
"""

import json
import sys
import time

from firmware.metering import kernels
from tools.bench.device import cases, plain, signal


def timed(run, calls):
    start = time.time_ns()
    for _ in range(calls):
        run(cases.BURST)
    return (time.time_ns() - start) / (calls * cases.BURST)


def main(path):
    """`path`: where the raw sets are left for the others."""
    raw = signal.make()
    with open(path, "wb") as file:
        file.write(raw)
    feed = cases.Feed(raw)
    feed.next()
    feed.next()
    case = cases.Plain(feed, plain.sums)
    bytecode = timed(case.run, 80)
    viper = timed(cases.Kernel(feed, kernels).run, 8000)
    print(json.dumps({"bytecode": bytecode, "viper": viper, "sums": case.out}))


if __name__ == "__main__":
    main(sys.argv[1])
