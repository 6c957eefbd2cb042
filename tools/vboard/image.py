"""Build a flash image: format, copy files, optionally run a script on it. One interpreter run.

The image appears whole or not at all, and is the same kind of file the virtual board mounts.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from tools.vboard import setup

_SCRIPT = Path(__file__).with_name("mkflash.py")
_TIMEOUT_S = 60


def build(image, files, script=None, size="8M"):
    """Make `image` from `files`, (host file, absolute path on flash) pairs.

    `script`, device source text, runs then with the flash as `/` and sys.path as on the board
    (for provisioning). BoardError with the interpreter's words when anything fails.
    """
    image = Path(image).absolute()
    fresh = image.with_name(f"{image.name}.{os.getpid()}")
    setup.create_flash(fresh, setup.size_of(size))
    plan = {"files": [(str(Path(src).absolute()), dst) for src, dst in files], "script": script}
    try:
        _run(fresh, plan)
        fresh.replace(image)
    finally:
        fresh.unlink(missing_ok=True)


def _run(image, plan):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        argv = [setup.interpreter(), "-X", "heapsize=8M", str(_SCRIPT), file.name]
        done = subprocess.run(
            argv,
            env=setup.board_env(TTU_FLASH=image),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    if done.returncode:
        raise setup.BoardError(f"flash image not built: {done.stderr or done.stdout}")
