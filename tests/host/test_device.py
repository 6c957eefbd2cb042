"""Every script in tests/device runs under MicroPython on a heap as small as an MCU's."""

import subprocess

import pytest
from conftest import ROOT

SCRIPTS = sorted((ROOT / "tests" / "device").glob("test_*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_device(script, micropython, device_env):
    """The script ends with OK; an uncaught exception ends it non-zero."""
    done = subprocess.run(
        [*micropython, "-X", "heapsize=256k", str(script)],
        cwd=ROOT,
        env=device_env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("OK"), done.stdout
