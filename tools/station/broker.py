"""An MQTT broker on loopback in its own process: mosquitto where it is installed, else amqtt.

`Broker` starts, waits until it accepts, and stops only what it started; nothing is left
behind however the starter ends, since the broker's process watches its stdin. By hand:
`python -m tools.station.broker [--kind amqtt] [--port 1883]` runs one until Ctrl-C.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HOST = "127.0.0.1"
KINDS = ("auto", "amqtt", "mosquitto")
START_S = 30  # amqtt imports for seconds on a busy machine
STOP_S = 5  # then it is killed
LOOK_S = 0.05  # between looks at a broker that starts

# Debian keeps mosquitto where only root's PATH looks.
SYSTEM_PATHS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


class BrokerError(Exception):
    """One sentence: which broker, and what it said last."""


def find_mosquitto():
    """Path of the mosquitto program or None."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM_PATHS))
    return shutil.which("mosquitto", path=path)


def free_port():
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def is_accepting(port):
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


class Broker:
    """`kind` is one of KINDS, `port` 0 means any free one; both are settled by `start`.

    A stopped broker can be started again and keeps its port. Use as a context manager or
    call `stop`; should this process die instead, however, the broker ends with it.
    """

    def __init__(self, kind="auto", port=0):
        if kind not in KINDS:
            raise BrokerError(f"A broker is one of {', '.join(KINDS)}, not {kind}.")
        self.kind = kind
        self.port = port
        self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Returns self once the broker accepts; BrokerError when it does not."""
        if self.kind == "auto":
            self.kind = "mosquitto" if find_mosquitto() else "amqtt"
        if self.kind == "mosquitto" and find_mosquitto() is None:
            raise BrokerError("mosquitto is not installed.")
        self.port = self.port or free_port()
        if is_accepting(self.port):
            raise BrokerError(f"Port {self.port} is taken: {self.kind} was not started.")
        with tempfile.TemporaryFile() as said:
            # -P: the folder of this file must not shadow the libraries' own modules. A session
            # of its own: Ctrl-C at the desk reaches us, and we say when the broker goes.
            command = [sys.executable, "-P", __file__, "--serve", self.kind]
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
            self._wait(self._process, said)
        return self

    def _wait(self, process, said):
        deadline = time.monotonic() + START_S
        while not is_accepting(self.port):
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                said.seek(0)
                words = said.read().decode(errors="replace").strip() or "it said nothing"
                last = words.split("\n")[-1].strip()
                raise BrokerError(f"{self.kind} does not start on port {self.port}: {last}")
            time.sleep(LOOK_S)

    def is_running(self):
        """Started, and not ended by itself since."""
        return self._process is not None and self._process.poll() is None

    def stop(self):
        """Ask it to end, kill it if it does not; nothing when it was not started."""
        self._end(signal.SIGTERM)

    def kill(self):
        """End it as a power cut would, for tests of what survives."""
        self._end(signal.SIGKILL)

    def _end(self, how):
        process, self._process = self._process, None
        if process is None:
            return
        for kind in (how, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):  # all of it ended by itself
                os.killpg(process.pid, kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=STOP_S)
                break
        deadline = time.monotonic() + STOP_S
        while is_accepting(self.port) and time.monotonic() < deadline:
            time.sleep(LOOK_S)  # mosquitto, killed, dies a moment after its parent

    def join(self):
        """Wait until it ends by itself; BrokerError, since it should not."""
        code = self._process.wait() if self._process else None
        raise BrokerError(f"{self.kind} ended by itself with code {code}.")


# What follows runs in the broker's own process.


def end_with_starter():
    """Once whoever holds the other end of stdin is gone, end the whole session."""
    while os.read(0, 1024):  # not through a buffer, whose lock would hold up an exit
        pass
    os.killpg(0, signal.SIGKILL)


def serve_amqtt(port):
    """Run amqtt in this process."""
    from amqtt.broker import Broker as AmqttBroker

    logging.basicConfig(level=logging.WARNING)
    settings = {
        # its own default listens on every interface
        "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
        "plugins": {
            "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
        },
    }

    async def serve():
        await AmqttBroker(settings).start()
        await asyncio.Event().wait()

    asyncio.run(serve())


def serve_mosquitto(port):
    """Run mosquitto below this process; its exit code. It reads its settings from a pipe."""
    settings = (
        f"listener {port} {HOST}\n"
        "allow_anonymous true\n"
        "persistence false\n"
        "max_queued_messages 0\n"  # no limit: a load run must not lose messages here
        "set_tcp_nodelay true\n"  # else its PUBACKs wait 40 ms for our delayed ACK
        "log_dest stderr\nlog_type error\nlog_type warning\n"
        + ("user root\n" if os.geteuid() == 0 else "")  # else it drops to one without rights
    )
    # Told to end, stay until it has ended. (A handler is not inherited, SIG_IGN would be.)
    signal.signal(signal.SIGTERM, lambda *_: None)
    command = [find_mosquitto() or "mosquitto", "-c", "/dev/stdin"]
    return subprocess.run(command, input=settings, text=True).returncode


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="tools.station.broker", description="Run a broker.")
    parser.add_argument("--kind", choices=KINDS, default="auto")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--serve", choices=KINDS[1:], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        threading.Thread(target=end_with_starter, daemon=True).start()
        serve = serve_amqtt if options.serve == "amqtt" else serve_mosquitto
        return serve(options.port)
    try:
        with Broker(options.kind, options.port) as broker:
            print(f"{broker.kind} listens on {HOST}:{broker.port}, Ctrl-C stops it", flush=True)
            broker.join()
    except BrokerError as error:
        return str(error)
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
