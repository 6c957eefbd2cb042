"""Whose archive the source package comes from: the machine's own, read in both of apt's forms."""

import pytest

from tools.qemu import archive, deb822
from tools.qemu.need import QemuError

SOURCES = """\
# A vendor comes first, with a suite that only looks like Debian's.
Types: deb
URIs: https://vendor.example/apt
Suites: tool-bookworm
Components: main

Types: deb
# a comment inside
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Types: deb deb-src
URIs: mirror+file:/etc/apt/mirrors/debian.list
  http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
"""
LIST = """\
# deb http://old.example/debian bookworm main
deb http://vendor.example/apt stable contrib
deb-src http://source.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://near.example/debian bookworm main # ok
"""


def written(tmp_path, name, text):
    (tmp_path / "sources.list.d").mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    return deb822.machine(tmp_path)


def test_stanzas(tmp_path):
    found = written(tmp_path, "sources.list.d/debian.sources", SOURCES)
    assert len(found) == 3
    entry = deb822.debian_main(found, "bookworm")
    assert entry["uris"].split() == [
        "mirror+file:/etc/apt/mirrors/debian.list",
        "http://second.example/debian",
    ]
    assert "mQINBF" in entry["signed-by"]
    assert entry["signed-by"].splitlines()[1] == " -----BEGIN PGP PUBLIC KEY BLOCK-----"


def test_one_line_form(tmp_path):
    entry = deb822.debian_main(written(tmp_path, "sources.list", LIST), "bookworm")
    assert entry["uris"] == "http://near.example/debian"
    assert entry["signed-by"] == "/usr/share/keyrings/a.gpg"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Types: deb deb-src", "Enabled: no\nTypes: deb deb-src"),
        ("Types: deb deb-src", "Types: deb-src"),
        ("Components: main contrib", "Components: contrib"),
        ("Suites: bookworm bookworm-updates", "Suites: bookworm-updates"),
    ],
)
def test_what_is_not_the_main_archive(tmp_path, old, new):
    assert old in SOURCES
    found = written(tmp_path, "sources.list.d/debian.sources", SOURCES.replace(old, new))
    assert deb822.debian_main(found, "bookworm") is None


def test_other_files_are_not_read(tmp_path):
    assert written(tmp_path, "sources.list.d/debian.sources.save", SOURCES) == []


def test_an_archive_that_cannot_be_reached(tmp_path, monkeypatch):
    """A port where nobody listens: apt's own reason in one sentence, and nothing is unpacked."""
    entry = {"uris": "http://127.0.0.1:9/debian", "signed-by": "/nowhere.gpg"}
    monkeypatch.setattr(deb822, "debian_main", lambda found, codename: entry)
    with pytest.raises(QemuError, match="archive does not answer: .*127.0.0.1"):
        archive.fetch(tmp_path)
    assert not list(tmp_path.glob("micropython-*"))
