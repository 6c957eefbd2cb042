"""Fetch the pinned umqtt packages into a folder: `python -m tools.umqtt --into DIR`.

pip refuses these two source packages (one has no setup.py, one a link out of its folder), so
only the module itself is taken from each, after its digest was checked. Nothing is fetched
when the folder already holds exactly what the lock says. Ends with one sentence on failure.
"""

import argparse
import hashlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

from pypi_simple import PyPISimple
from pypi_simple.errors import NoSuchProjectError, UnsupportedContentTypeError
from requests import RequestException

SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"  # Debian's and Ubuntu's
REQUEST_S = 60  # longest silence of the registry


class Pin(NamedTuple):
    project: str
    version: str
    package_sha256: str  # of the source package, as the registry states it
    module: str  # the one file taken from it
    module_sha256: str


LOCK = (
    Pin(
        "micropython-umqtt.simple",
        "1.3.4",
        "b6a2520239e3992c63a7de9370ee9b3d9d27819a90359c521f1c0f7ccab8d12f",
        "umqtt/simple.py",
        "8555d2f654deb8eb0d724f79b0811a78cc94029d070f3d96bbd74288653d63a5",
    ),
    Pin(
        "micropython-umqtt.robust",
        "1.0",
        "22a1b8c8e1128281efb13b3020927d07e33c5b747869da2cd77d37983a9ea002",
        "umqtt/robust.py",
        "950d64b9aaa369a9bcc30d2142ba6c03f10e7ed6083cdc2d3921cedee747ffff",
    ),
)


class FetchError(Exception):
    """One sentence for the person who runs the set-up."""


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def is_there(pin, into):
    """Does the folder hold the pinned module, byte for byte?"""
    path = into / pin.module
    return path.is_file() and sha256(path.read_bytes()) == pin.module_sha256


def unpack(package, pin):
    """The module's bytes out of the source package; FetchError when anything is not as pinned."""
    if sha256(package) != pin.package_sha256:
        raise FetchError(f"{pin.project} {pin.version} has another digest than the pinned one.")
    name = f"{pin.project}-{pin.version}/{pin.module}"
    try:
        with tarfile.open(fileobj=io.BytesIO(package)) as archive:
            member = archive.extractfile(name)
            module = member.read() if member else b""
    except (tarfile.TarError, KeyError):
        raise FetchError(f"{pin.project} {pin.version} holds no {pin.module}.") from None
    if sha256(module) != pin.module_sha256:
        raise FetchError(f"{pin.module} of {pin.project} is not the pinned one.")
    return module


def download(pin, client):
    """The source package's bytes; FetchError when the registry does not give it."""
    try:
        packages = client.get_project_page(pin.project, timeout=REQUEST_S).packages
        for package in packages:
            if package.version == pin.version and package.package_type == "sdist":
                answer = client.s.get(package.url, timeout=REQUEST_S)
                answer.raise_for_status()
                return answer.content
    except NoSuchProjectError:
        raise FetchError(f"The package registry has no {pin.project}.") from None
    except (RequestException, UnsupportedContentTypeError) as error:
        why = f"({type(error).__name__}): is there a network?"
        raise FetchError(f"{pin.project} could not be fetched {why}") from None
    raise FetchError(f"The package registry has no {pin.project} {pin.version}.")


def pip_setting(name):
    """How pip is set up on this machine, "" when it is not: by environment or configuration."""
    said = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if said is not None:
        return said
    words = [sys.executable, "-m", "pip", "config", "get", "global." + name]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


def certificates():
    """Bundle to judge the registry by: as for pip, else the machine's own, else requests'."""
    for path in (pip_setting("cert"), os.environ.get("REQUESTS_CA_BUNDLE"), SYSTEM_BUNDLE):
        if path and Path(path).is_file():
            return path
    return True


def install(into, lock=LOCK, index=None):
    """Make the folder hold every pinned module; the names of those that had to be fetched.

    `index` is the address of another simple index; by default the one pip is set up for, else
    pypi-simple's own.
    """
    into = Path(into)
    missing = [pin for pin in lock if not is_there(pin, into)]
    if not missing:
        return []
    index = index or pip_setting("index-url")
    with PyPISimple(index) if index else PyPISimple() as client:
        client.s.verify = certificates()
        for pin in missing:
            module = unpack(download(pin, client), pin)
            path = into / pin.module
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(module)
    return [pin.module for pin in missing]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="tools.umqtt", description="Fetch pinned umqtt.")
    parser.add_argument("--into", required=True, metavar="DIR", help="folder to hold umqtt/")
    into = parser.parse_args(arguments).into
    try:
        fetched = install(into)
    except FetchError as error:
        return f"umqtt: {error}"
    except OSError as error:
        return f"umqtt: {into} cannot be written ({error.strerror})."
    print(f"umqtt: {', '.join(fetched) + ' fetched' if fetched else 'already there'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
