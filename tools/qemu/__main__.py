"""`python -m tools.qemu build|test|repl`: the emulated Cortex-M3 with the firmware frozen in."""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from tools.qemu import image, machine, suite
from tools.qemu.need import QemuError
from tools.vboard.setup import BoardError, size_of


def test(elf, names):
    """Each script on a board of its own, as many boards as processors. Exit code."""
    scripts = [p for p in suite.scripts() if not names or p.stem in names]
    passed = failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for script, said in zip(scripts, pool.map(lambda p: suite.run(elf, p), scripts)):
            passed, failed = passed + (said is None), failed + (said is not None)
            print(f"{script.stem:24} {'FAIL' if said else 'PASS'}", flush=True)
            if said is not None:
                print("".join(f"    {line}\n" for line in said.splitlines()), end="")
    for name, reason in sorted(suite.EXCLUDED.items()):
        if not names:
            print(f"{name:24} EXCLUDED {reason}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def repl(elf):
    """Hold a board at its prompt until Enter or the end of input."""
    with machine.Machine(elf) as board:
        print(f"{board.port}: mpremote connect {board.port}; Enter ends it")
        sys.stdin.readline()
    return 0


def main():
    parser = argparse.ArgumentParser(prog="python -m tools.qemu", description=__doc__)
    parser.add_argument("what", choices=("build", "test", "repl"))
    parser.add_argument("names", nargs="*", help="tests, without .py; all when none is named")
    parser.add_argument("--heap", default=str(image.HEAP), help="heap of the image: 256K")
    args = parser.parse_args()
    elf = image.build(size_of(args.heap))
    if args.what == "build":
        print(elf)
        return 0
    return test(elf, args.names) if args.what == "test" else repl(elf)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (QemuError, BoardError) as error:
        sys.exit(f"qemu: {error}")
