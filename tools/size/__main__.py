"""`make size`: .mpy bytes and RAM after import, per package, on the unix port's 64-bit heap.

RAM is what the heap holds after a package's modules, and all that they import, were loaded from
.mpy in a fresh interpreter; frozen code needs less. One interpreter a package.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.deploy import build
from tools.vboard import setup

_MEASURE = """
import gc, sys
sys.path[:] = [sys.argv[1], sys.argv[2], '.frozen']
own = sys.argv[3:]  # an argument longer than a qstr would end the interpreter
def use():
    gc.collect()
    return gc.mem_alloc()
before = use()
for name in own:
    __import__(name)
after = use()
print(after - before)
"""


def packages(files):
    """{package: [(module, .mpy file)]}, package being the folder of two levels at most."""
    found = defaultdict(list)
    for local, path in files:
        if not path.endswith(".mpy"):
            continue
        parts = path.removeprefix("/lib/").removesuffix(".mpy").split("/")
        name = "/".join(parts[:2]) if len(parts) > 2 else "/".join(parts[:-1]) or parts[0]
        found[name].append((".".join(parts), local))
    return dict(found)


def ram(tree, modules):
    """Bytes of heap after importing `modules` in a fresh interpreter."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(_MEASURE)
        script.flush()
        words = [str(tree), str(setup.SHIM), *modules]
        done = subprocess.run(
            [setup.interpreter(), "-X", "heapsize=4M", script.name, *words],
            env=setup.board_env(),
            capture_output=True,
            text=True,
            timeout=60,
        )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1]
        sys.exit(f"size: {modules[0]} does not import: {last}")
    if not done.stdout.strip().isdigit():
        sys.exit(f"size: {setup.interpreter()} does not answer like MicroPython")
    return int(done.stdout)


def main():
    try:
        files = build.build("unix")
    except build.BuildError as error:
        sys.exit(f"size: {error}")
    lib = next(
        Path(str(local)[: -len(path) + len("/lib")])
        for local, path in files
        if path.endswith(".mpy")
    )
    table = Table(title="unix port, 64-bit heap", title_justify="left")
    table.add_column("package")
    for head in ("modules", ".mpy bytes", "RAM after import"):
        table.add_column(head, justify="right")
    result = {}
    everything = []
    for name, modules in sorted(packages(files).items()):
        size = sum(local.stat().st_size for _, local in modules)
        names = [module for module, _ in modules]
        everything += names
        result[name] = {"mpy_bytes": size, "ram_bytes": ram(lib, names)}
        table.add_row(name, str(len(names)), str(size), str(result[name]["ram_bytes"]))
    total = {"mpy_bytes": sum(row["mpy_bytes"] for row in result.values())}
    total["ram_bytes"] = ram(lib, everything)
    table.add_section()
    table.add_row("everything", "", str(total["mpy_bytes"]), str(total["ram_bytes"]))
    Console().print(table)
    print("RAM counts what a package imports itself, so the rows overlap; 'everything' does not.")
    print(json.dumps({"packages": result, "total": total}))


if __name__ == "__main__":
    try:
        main()
    except setup.BoardError as error:
        sys.exit(f"size: {error}")
