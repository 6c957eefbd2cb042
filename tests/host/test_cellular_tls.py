"""The uplink with client certificates over the module's AT sockets to mosquitto, end to end."""

import os
import shutil
import subprocess
import time

import certificates
import pytest
from cellular_rig import Modem, Terminal

from tools.station.broker import find_mosquitto, free_port, is_accepting

pytestmark = pytest.mark.skipif(
    find_mosquitto() is None or shutil.which("openssl") is None,
    reason="SKIPPED: mosquitto or openssl is not installed, TLS was not judged",
)


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """A folder with the certificates of everybody."""
    folder = tmp_path_factory.mktemp("papers")
    certificates.authority(folder, "ca")
    certificates.authority(folder, "other")
    certificates.issue(folder, "ca", "broker", "localhost")
    certificates.issue(folder, "ca", "client", "st1")
    certificates.issue(folder, "other", "stranger", "st1")
    return folder


@pytest.fixture(scope="module")
def broker(papers):
    """A broker that takes nobody without a certificate of the authority; its port."""
    port = free_port()
    settings = papers / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nrequire_certificate true\n"
        f"cafile {papers}/ca.crt\ncertfile {papers}/broker.crt\nkeyfile {papers}/broker.pem\n"
        "set_tcp_nodelay true\n" + ("user root\n" if os.geteuid() == 0 else "")
    )
    with open(papers / "broker.log", "w") as log:
        process = subprocess.Popen([find_mosquitto(), "-c", settings], stdout=log, stderr=log)
    deadline = time.monotonic() + 10
    while not is_accepting(port):
        assert time.monotonic() < deadline, (papers / "broker.log").read_text()
        time.sleep(0.02)
    yield port
    process.terminate()
    process.wait()


def flash(papers, folder, ca="ca.der", certificate="client.der", key="client.key"):
    """The files as a board has them in /tls."""
    for name, source in (("ca.der", ca), ("client.der", certificate), ("client.key", key)):
        if source:
            shutil.copy(papers / source, folder / name)
    return str(folder)


@pytest.mark.parametrize("mode", ["push", "buffer"])
def test_delivers(papers, broker, micropython, device_env, tmp_path, mode):
    with Modem() as modem:
        options = {"host": "localhost", "port": broker, "mode": mode, "events": 40}
        options["tls"] = flash(papers, tmp_path)
        lines, counters = Terminal(micropython, device_env, tmp_path, modem, **options).finish()
    assert counters["delivered"] == 40 and counters["disconnects"] == 0, lines
    assert counters["connects"] == 1 and counters["failures"] == 0, lines


REFUSALS = [
    ({"ca": "other.der"}, "not correctly signed by the trusted CA"),
    ({"certificate": None}, "there is no {}/client.der"),
    ({"key": "client.der"}, "client.key is no private key in DER"),
    ({"ca": "client.key"}, "ca.der is no certificate in DER"),
    ({"certificate": "stranger.der", "key": "stranger.key"}, "the far side refuses us"),
]


@pytest.mark.parametrize(("files", "sentence"), REFUSALS, ids=[str(r[0]) for r in REFUSALS])
def test_refuses(papers, broker, micropython, device_env, tmp_path, files, sentence):
    with Modem() as modem:
        options = {"host": "localhost", "port": broker, "mode": "push", "failures": 2}
        options["tls"] = flash(papers, tmp_path, **files)
        lines, counters = Terminal(micropython, device_env, tmp_path, modem, **options).finish()
    assert counters["connects"] == 0 and counters["failures"] >= 2
    assert any(sentence.format(tmp_path) in line for line in lines), lines


def test_wrong_name(papers, broker, micropython, device_env, tmp_path):
    """The certificate is for localhost, and 127.0.0.1 is another name."""
    with Modem() as modem:
        options = {"host": "127.0.0.1", "port": broker, "mode": "push", "failures": 2}
        options["tls"] = flash(papers, tmp_path)
        lines, counters = Terminal(micropython, device_env, tmp_path, modem, **options).finish()
    assert counters["connects"] == 0
    assert any("does not match" in line for line in lines), lines
