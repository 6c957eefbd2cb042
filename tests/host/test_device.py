"""Every script in tests/device runs under MicroPython on a heap as small as an MCU's."""

import pytest
from conftest import ROOT

SCRIPTS = sorted((ROOT / "tests" / "device").glob("test_*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_device(script, run_script):
    """The script ends with OK; an uncaught exception ends it non-zero."""
    said = run_script(script)
    assert said.rstrip().endswith("OK"), said
