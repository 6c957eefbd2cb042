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


# files instead of the right ones, name of the broker, what is said of it
REFUSALS = [
    ({"ca": "other.der"}, "localhost", "not correctly signed by the trusted CA"),
    ({}, "127.0.0.1", "does not match"),  # the certificate is for localhost
    ({"certificate": None}, "localhost", "there is no {}/client.der"),
    ({"key": None}, "localhost", "there is no {}/client.key"),
    ({"ca": None}, "localhost", "there is no {}/ca.der"),
    ({"key": "client.der"}, "localhost", "client.key is no private key in DER"),
    ({"certificate": "client.key"}, "localhost", "client.der is no certificate in DER"),
    ({"ca": "client.key"}, "localhost", "ca.der is no certificate in DER"),
    (
        {"certificate": "stranger.der", "key": "stranger.key"},
        "localhost",
        "the far side refuses us",
    ),
]


def test_refuses(papers, broker, micropython, device_env, tmp_path):
    """Who is not trusted on either side gets no session, and a person one clear sentence."""
    cases = []
    for number, (files, host, _) in enumerate(REFUSALS):
        folder = tmp_path / str(number)
        folder.mkdir()
        cases.append((flash(papers, folder, **files), host))
    with Modem() as modem:
        options = {"port": broker, "mode": "push", "refused": cases}
        lines, counters = Terminal(micropython, device_env, tmp_path, modem, **options).finish()
    assert counters["connects"] == 0, lines
    parts = "\n".join(lines).split("case ")[1:]
    for (folder, _), (_, _, sentence), part in zip(cases, REFUSALS, parts, strict=True):
        assert sentence.format(folder) in part, part
