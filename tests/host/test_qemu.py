"""The device tests on the emulated Cortex-M3, and the harness that judges them.

TTU_QEMU=all runs the slow ones, too. Without the tool chain everything here that needs it is
skipped, and says so at the end.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools.qemu import image, need, suite
from tools.qemu.need import QemuError

CHOSEN = suite.scripts() if os.environ.get("TTU_QEMU") == "all" else suite.quick()


@pytest.fixture(scope="session")
def elf():
    absent = need.missing()
    if absent:
        pytest.skip(f"SKIPPED: no emulated Cortex-M3, {', '.join(absent)} missing: {need.INSTALL}")
    return image.build()


@pytest.fixture(scope="session")
def verdicts(elf, request):
    """{name: future of what the script said}: all that were selected, as many at a time as fit."""
    chosen = [
        i.callspec.params.get("script") for i in request.session.items if hasattr(i, "callspec")
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {p.stem: pool.submit(suite.run, elf, p) for p in CHOSEN if p in chosen}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("script", CHOSEN, ids=lambda path: path.stem)
def test_on_cortex_m3(script, verdicts):
    said = verdicts[script.stem].result()
    assert said is None, said


@pytest.mark.parametrize("name", sorted(suite.EXCLUDED))
def test_the_excluded_cannot_run(name, elf):
    """The day it can, it leaves the table."""
    said = suite.run(elf, suite.SCRIPTS / f"{name}.py")
    assert said and "Traceback" in said


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("assert 1 + 1 == 3\nprint('OK')\n", "AssertionError"),
        ("print('not the word')\n", "not the word"),
        ("", "it printed nothing"),
        ("import machine\nmachine.reset()\n", "was reset"),
        ("print('OK')\nprint('but')\n", "but"),
    ],
)
def test_a_bad_script_is_told(text, complaint, elf, tmp_path):
    script = tmp_path / "test_bad.py"
    script.write_text(text)
    said = suite.run(elf, script)
    assert said is not None
    assert complaint in said


def test_the_port_is_a_small_32_bit_one(elf, tmp_path):
    """Single-precision floats, 31-bit small ints, a heap of 256 KB, the firmware in the image."""
    script = tmp_path / "test_port.py"
    script.write_text(
        "import gc, sys\n"
        "from firmware.core import crc\n"
        "from firmware.metering import kernels\n"
        "assert sys.maxsize == 2**31 - 1\n"
        "assert 1.0 + 1e-8 == 1.0\n"
        "assert 240000 < gc.mem_free() + gc.mem_alloc() <= 262144\n"
        "assert crc.__file__ == 'firmware/core/crc.py'\n"
        "print('OK')\n"
    )
    assert suite.run(elf, script) is None


def test_nothing_is_built_twice(elf):
    before = image.build().stat().st_mtime_ns
    assert image.build() == elf
    assert elf.stat().st_mtime_ns == before


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(QemuError, match="missing here: qemu-system-arm, arm-none-eabi-gcc.*apt"):
        need.check()
