"""The broker launcher, and the set-up step that fetches umqtt from an index of our own."""

import hashlib
import http.server
import io
import socket
import subprocess
import sys
import tarfile
import threading
import time

import pytest

from tools import umqtt
from tools.station.broker import Broker, BrokerError, find_mosquitto, free_port, is_accepting

MODULE = b"# a module\n"


def package(name="umqtt/one.py", body=MODULE):
    """A source package of the project `one`, version 1.0."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as archive:
        member = tarfile.TarInfo("one-1.0/" + name)
        member.size = len(body)
        archive.addfile(member, io.BytesIO(body))
    return sink.getvalue()


def pin(packed, **changes):
    fields = {
        "project": "one",
        "version": "1.0",
        "package_sha256": hashlib.sha256(packed).hexdigest(),
        "module": "umqtt/one.py",
        "module_sha256": hashlib.sha256(MODULE).hexdigest(),
    }
    return umqtt.Pin(**(fields | changes))


@pytest.fixture
def index():
    """A simple index on loopback that holds one project; (address, its package)."""
    packed = package()
    pages = {
        "/simple/one/": b'<a href="/files/one-1.0.tar.gz">one-1.0.tar.gz</a>',
        "/files/one-1.0.tar.gz": packed,
    }

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/simple/", packed
    server.shutdown()
    thread.join()
    server.server_close()


def test_fetches_once(index, tmp_path):
    address, packed = index
    lock = [pin(packed)]
    assert umqtt.install(tmp_path, lock, address) == ["umqtt/one.py"]
    assert (tmp_path / "umqtt" / "one.py").read_bytes() == MODULE
    unreachable = f"http://127.0.0.1:{free_port()}/"
    assert umqtt.install(tmp_path, lock, unreachable) == []  # nothing to fetch: nobody is asked
    (tmp_path / "umqtt" / "one.py").write_bytes(b"spoilt")
    assert umqtt.install(tmp_path, lock, address) == ["umqtt/one.py"]
    assert (tmp_path / "umqtt" / "one.py").read_bytes() == MODULE


def test_refusals_are_one_sentence(index, tmp_path):
    address, packed = index
    wrong = "0" * 64
    for changed, part in (
        ({"package_sha256": wrong}, "digest"),
        ({"module_sha256": wrong}, "not the pinned one"),
        ({"module": "umqtt/two.py"}, "holds no umqtt/two.py"),
        ({"version": "2.0"}, "no one 2.0"),
        ({"project": "other"}, "no other"),
    ):
        with pytest.raises(umqtt.FetchError, match=part) as caught:
            umqtt.install(tmp_path, [pin(packed, **changed)], address)
        assert str(caught.value).count("\n") == 0
        assert not (tmp_path / "umqtt").exists()
    unreachable = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(umqtt.FetchError, match="is there a network"):
        umqtt.install(tmp_path, [pin(packed)], unreachable)


def test_installed_umqtt_is_the_pinned_one(umqtt_dir, capsys):
    """Every other test runs on it, so it had better be what the lock says."""
    assert all(umqtt.is_there(entry, umqtt_dir) for entry in umqtt.LOCK)
    assert umqtt.main(["--into", str(umqtt_dir)]) == 0
    assert "already there" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["amqtt", "mosquitto"])
def test_broker_starts_stops_and_starts_again(kind):
    if kind == "mosquitto" and find_mosquitto() is None:
        pytest.skip("SKIPPED: mosquitto is not installed")
    with Broker(kind) as broker:
        port = broker.port
        assert broker.kind == kind and is_accepting(port)
        with pytest.raises(BrokerError, match=f"Port {port} is taken"):
            Broker(kind, port).start()
        assert is_accepting(port)  # the one that runs was left alone
    assert not is_accepting(port)
    broker.stop()  # twice is no fault
    with broker:
        assert broker.port == port and is_accepting(port)
    assert not is_accepting(port)


@pytest.mark.parametrize("kind", ["amqtt", "mosquitto"])
def test_broker_listens_on_one_address(kind):
    """One that listens on every interface would answer at another address of this machine."""
    if kind == "mosquitto" and find_mosquitto() is None:
        pytest.skip("SKIPPED: mosquitto is not installed")
    with Broker(kind) as broker, pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", broker.port), timeout=1)


@pytest.mark.parametrize("kind", ["amqtt", "mosquitto"])
def test_broker_ends_with_its_starter(kind, root):
    """Killed without a chance to tidy up, the starter leaves no broker behind."""
    if kind == "mosquitto" and find_mosquitto() is None:
        pytest.skip("SKIPPED: mosquitto is not installed")
    port = free_port()
    command = [sys.executable, "-m", "tools.station.broker", "--kind", kind, "--port", str(port)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as starter:
        assert starter.stdout and b"listens" in starter.stdout.readline()
        assert is_accepting(port)
        starter.kill()
    deadline = time.monotonic() + 20
    while is_accepting(port):
        assert time.monotonic() < deadline, "the broker is still there"
        time.sleep(0.05)


@pytest.mark.parametrize("kind", ["amqtt", "mosquitto"])
def test_broker_that_cannot_start_says_why(kind):
    if kind == "mosquitto" and find_mosquitto() is None:
        pytest.skip("SKIPPED: mosquitto is not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: only the broker notices
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=f"{kind} does not start on port {port}: .+"):
            Broker(kind, port).start()


def test_unknown_kind():
    with pytest.raises(BrokerError, match="auto, amqtt, mosquitto"):
        Broker("rabbit")
