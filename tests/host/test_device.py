"""Every script in tests/device runs under MicroPython on a heap as small as an MCU's: 256 KB of
32-bit words, and the objects of a 64-bit port are half as large again.
"""

import pytest
from conftest import ROOT

_HEAP = "384k"
SCRIPTS = sorted((ROOT / "tests" / "device").glob("test_*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_device(script, run_script):
    """The script ends with OK; an uncaught exception ends it non-zero."""
    said = run_script(script, heap=_HEAP)
    assert said.rstrip().endswith("OK"), said
