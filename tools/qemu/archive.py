"""Fetches Debian's source package of MicroPython with a private apt: the machine's own archive and
keys, but lists, cache and settings in a folder of ours, so its apt state stays as it is. Release
signature and checksums are apt's business: what does not verify is not unpacked.
"""

import os
import platform
import shutil
import subprocess

from tools.qemu import deb822
from tools.qemu.need import QemuError

SUITES = ("sid", "forky")
VERSION = "1.26.1+ds-1"  # what the board folder was written against
_KEPT = ("signed-by", "trusted")  # fields of the machine's entry that say who is believed


def fetch(folder):
    """Folder of the unpacked source, fetched at the first call only. QemuError."""
    for found in sorted(folder.glob("micropython-*")):
        if (found / "ports" / "qemu").is_dir():
            return found
    apt = Apt(folder / "apt")
    version = apt.best_version()
    return _unpack(apt.download(version), folder / f"micropython-{version.split('+')[0]}")


class Apt:
    """apt-get and apt-cache on a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        entry = deb822.debian_main(deb822.machine(), _codename())
        if entry is None:
            raise QemuError("no Debian main archive among this machine's apt sources")
        self.entry = entry
        for part in ("lists/partial", "cache/archives/partial", "parts", "source"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "apt.conf").write_text(self._settings())

    def _settings(self):
        """Ours, and of the machine's only how to reach the network: no hooks, no state."""
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True).stdout
        reach = [line for line in dump.splitlines() if line.startswith("Acquire::")]
        own = [
            f'Dir::Etc::Parts "{self.folder}/none";',
            f'Dir::Etc::SourceList "{self.folder}/none";',
            f'Dir::Etc::SourceParts "{self.folder}/parts";',
            f'Dir::State::Lists "{self.folder}/lists";',
            f'Dir::Cache "{self.folder}/cache";',
            'Acquire::Languages "none";',
            'Acquire::Retries "2";',
            'APT::Update::Error-Mode "any";',
        ]
        if os.geteuid() == 0:  # the folder is not the download user's
            own.append('APT::Sandbox::User "root";')
        return "\n".join([*reach, *own]) + "\n"

    def _run(self, *words, cwd=None):
        env = dict(os.environ, APT_CONFIG=str(self.folder / "apt.conf"), LC_ALL="C")
        return subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True)

    def _point_at(self, suites):
        fields = {"Types": "deb-src", "URIs": self.entry["uris"]}
        fields |= {"Suites": " ".join(suites), "Components": "main"}
        fields |= {name.title(): self.entry[name] for name in _KEPT if name in self.entry}
        text = "".join(f"{name}: {value}\n" for name, value in fields.items())
        (self.folder / "parts" / "debian.sources").write_text(text)

    def best_version(self):
        """VERSION if a suite has it, else the first that is on offer."""
        offers = []
        for known in range(1, len(SUITES) + 1):
            self._point_at(SUITES[:known])
            update = self._run("apt-get", "-q", "update")
            if update.returncode:
                said = [line for line in update.stderr.splitlines() if "Failed to fetch" in line]
                raise QemuError(f"Debian's archive does not answer: {_last(said)}")
            shown = self._run("apt-cache", "showsrc", "micropython").stdout
            offers = [s["version"] for s in deb822.stanzas(shown) if "version" in s]
            if VERSION in offers:
                return VERSION
        if not offers:
            raise QemuError(f"Debian's {' and '.join(SUITES)} have no micropython source")
        print(f"qemu: {VERSION} is not in the archive any more, taking {offers[0]}")
        return offers[0]

    def download(self, version):
        """Path of the .dsc; its parts lie beside it, checked against the signed lists."""
        where = self.folder / "source"
        words = ("apt-get", "-q", "source", "--download-only", f"micropython={version}")
        done = self._run(*words, cwd=where)
        found = sorted(where.glob("*.dsc"))
        if done.returncode or not found:
            raise QemuError(f"the source was not downloaded: {_last(done.stderr.splitlines())}")
        return found[0]


def _unpack(dsc, target):
    """Into a neighbour first: a folder by the final name is always whole."""
    part = target.with_name("unpacking")
    shutil.rmtree(part, ignore_errors=True)
    words = ["dpkg-source", "--no-copy", "-x", str(dsc), str(part)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise QemuError(f"the source does not unpack: {_last(done.stderr.splitlines())}")
    part.rename(target)
    return target


def _codename():
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    except OSError:
        return ""


def _last(said):
    return said[-1].strip() if said else "apt said nothing"
