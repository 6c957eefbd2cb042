"""The sampling kernels on recorded waveforms, bit for bit equal to big integers: on this machine's
64-bit words, and on the emulated Cortex-M3 (SKIPPED without the recordings or the tool chain)."""

import base64
import re

import numpy as np
import pytest
from conftest import ROOT

from tools.qemu import image, need, suite

RUNNER = ROOT / "tests" / "host" / "kernel_runner.py"
FULL = 74532013  # word at full scale
RECORDS = {  # file: channels in the order of the chip, "" for none; centre and length in s
    "keating_lv_3ph_60hz": ("I1 U1 I2 U2 I3 U3 I4", 0.033, 0.066),  # a transient on U3
    "wisp_110kv_fault_50hz": ("IA UA IB UB IC UC I0x3", None, 0.6),  # around the deepest dip
    "daqopen_mains_50hz_a": ("U1 U1 U2 U2 U3 U3 U1", 1.0, 0.5),  # no currents: harmonics
}


def words(shared, name, share=1.0):
    """Raw sets of a recording at 8 kSPS: the peak of the voltages at 0.8 of full scale, that of
    the currents at 0.95 of it times `share`."""
    path = shared / "data" / "waveforms" / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"SKIPPED: the recording {path} is absent")
    channels, centre, seconds = RECORDS[name]
    with np.load(path) as record:
        rows = [record[channel].astype(float) for channel in channels.split()]
        rate = float(record["fs"])
    if centre is None:
        centre = deepest(rows[1], round(rate / 50)) / rate
    at = (centre - seconds / 2 + np.arange(round(seconds * 8000)) / 8000) * rate
    rows = [np.interp(at, np.arange(len(row)), row) for row in rows]
    u_peak = max(np.abs(row).max() for row in rows[1::2])
    i_peak = max(np.abs(row).max() for row in rows[0::2])
    for k, row in enumerate(rows):
        row *= FULL * (0.8 / u_peak if k % 2 else 0.95 * share / i_peak)
    return np.rint(np.array(rows)).T.astype(">i4").tobytes()


def deepest(wave, cycle):
    """Place of the lowest rms over a cycle, away from the ends."""
    square = np.convolve(wave**2, np.ones(cycle), "valid")
    return cycle * 50 + int(np.argmin(square[cycle * 50 : -cycle * 50]))


def said(text, sets):
    """The runner took all the sets and found nothing; how many shifts it raised."""
    found = re.search(r"(\d+) sets, (\d+) shifts raised\s+OK\s*$", text)
    assert found and int(found[1]) == sets // 64 * 64, text
    return int(found[2])


@pytest.mark.parametrize("name", sorted(RECORDS))
@pytest.mark.parametrize("share", [1.0, 1e-3, 1e-5])
def test_on_64_bit_words(shared, run_script, tmp_path, name, share):
    data = words(shared, name, share)
    path = tmp_path / "sets.raw"
    path.write_bytes(data)
    assert (said(run_script(RUNNER, path), len(data) // 28) > 0) == (share > 1e-4)


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_on_cortex_m3(shared, tmp_path, name):
    """A tenth of a second of the same, both ways: viper, and Thumb-2."""
    absent = need.missing()
    if absent:
        pytest.skip(f"SKIPPED: no emulated Cortex-M3, {', '.join(absent)} missing: {need.INSTALL}")
    data = words(shared, name)
    middle = len(data) // 56 * 28
    data = data[max(0, middle - 400 * 28) : middle + 400 * 28]
    script = tmp_path / "run.py"
    line = f"\nDATA = {base64.b64encode(data)}\n\nimport"
    script.write_text(RUNNER.read_text().replace("\nimport", line, 1))
    assert suite.run(image.build(), script) is None
