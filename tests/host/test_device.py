"""Every script in tests/device runs under MicroPython on a heap as small as an MCU's: 256 KB of
32-bit words, and the objects of a 64-bit port are half as large again.
"""

import subprocess

import pytest
from conftest import ROOT

_HEAP = "384k"
SCRIPTS = sorted((ROOT / "tests" / "device").glob("test_*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_device(script, micropython, device_env):
    """The script ends with OK; an uncaught exception ends it non-zero."""
    done = subprocess.run(
        [*micropython, "-X", f"heapsize={_HEAP}", str(script)],
        cwd=ROOT,
        env=device_env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("OK"), done.stdout
