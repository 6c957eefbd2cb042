"""The ADE9000 driver under MicroPython against the emulator: two programs that share no code."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time

import pytest
from conftest import ROOT

from tools.station.station import wiring


@pytest.fixture
def emulator():
    """(folder with its sockets, request function)."""
    with tempfile.TemporaryDirectory(prefix="ttu-") as folder:
        words = [f"--{name}={folder}/{name}" for name in ("spi", "pins", "control")]
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.emulator", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout.readline().startswith("ready")

        def ask(**request):
            with socket.socket(socket.AF_UNIX) as control:
                control.settimeout(5)
                control.connect(f"{folder}/control")
                control.sendall(json.dumps(request).encode() + b"\n")
                return json.loads(control.makefile().readline())

        yield folder, ask
        process.terminate()
        process.wait(5)
        process.stdout.close()


def test_every_register_the_driver_uses(emulator, micropython, tmp_path):
    folder, ask = emulator
    file = tmp_path / "wiring.json"
    file.write_text(json.dumps(wiring(f"{folder}/spi", f"{folder}/pins")))
    expected = tmp_path / "truth.json"  # an argument is limited to 255 bytes by the interpreter
    truth = ask(cmd="truth")
    while truth["p"] is None:  # means of the last second: not there in the first
        time.sleep(0.1)
        truth = ask(cmd="truth")
    expected.write_text(json.dumps({k: truth[k] for k in ("rms", "p", "q", "s", "freq_hz")}))
    env = dict(
        os.environ,
        MICROPYPATH=f"{ROOT}:{ROOT}/board/unix:.frozen",
        TTU_WIRING=str(file),
    )
    done = subprocess.run(
        [*micropython, "tests/host/ade9000_bench.py", str(expected)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.endswith("OK\n"), done.stdout + done.stderr
