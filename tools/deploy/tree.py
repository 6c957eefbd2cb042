"""What goes where on a board: the repository's device tree, compiled, under /lib.

`files(board)` is the one list that deploying, image building and the size report share.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

BOARDS = {"unix": "x64", "esp32s3": "xtensawin", "stm32": "armv7emsp"}  # folder: mpy-cross -march
PLATFORMS = {"linux": "unix", "esp32": "esp32s3", "pyboard": "stm32"}  # sys.platform: folder

# Files of board/unix that are the virtual board's silicon: they stay on the host.
_HOST_ONLY = ("machine.py", "flash.py", "boot_port.py")


def sources(board):
    """(source path, path on the board without suffix) of every module, sorted."""
    found = []
    for top in ("firmware", "modules"):
        found += [(p, "/lib/" + _stem(p)) for p in sorted((ROOT / top).rglob("*.py"))]
    own = [p for p in sorted((ROOT / "board" / board).glob("*.py")) if _is_for_device(p)]
    for path in [ROOT / "board" / "wires.py", *own]:
        found.append((path, "/lib/" + _stem(path)))
    # `import ttu` finds the console whether or not the terminal runs
    found.append((ROOT / "firmware" / "console" / "ttu.py", "/lib/ttu"))
    return found


def plain(board):
    """(source path, path on the board) of what stays text, to be read and edited there."""
    data = [
        (path, "/lib/" + path.relative_to(ROOT).as_posix())
        for top in ("firmware", "modules")
        for path in sorted((ROOT / top).rglob("*.json"))
    ]
    return [(ROOT / "board" / board / "main.py", "/main.py"), *data]


def _is_for_device(path):
    name = path.name
    return not (
        name in _HOST_ONLY or name.startswith("shim_") or name in ("main.py", "manifest.py")
    )


def _stem(path):
    return path.relative_to(ROOT).with_suffix("").as_posix()
