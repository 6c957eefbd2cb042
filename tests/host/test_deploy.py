"""`make deploy` on the virtual board: everything once, then only what changed, then it runs."""

import hashlib
import subprocess
import sys

import pytest
from conftest import ROOT

from tools.deploy import build, tree
from tools.deploy.__main__ import folders, plan
from tools.station.console import Console
from tools.vboard.board import VirtualBoard
from tools.vboard.image import build as build_image


def deploy(port):
    return subprocess.run(
        ["make", "--no-print-directory", "deploy", f"PORT={port}", f"VENV={sys.prefix}"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_deploy_twice_then_the_terminal_runs(tmp_path, umqtt_dir):
    with VirtualBoard(tmp_path / "flash.img") as board:
        first = deploy(board.pty)
        assert first.returncode == 0, first.stdout + first.stderr
        count = len(tree.sources("unix")) + len(build.umqtt()) + len(tree.plain("unix"))
        assert f"{count} of {count} files to copy" in first.stdout
        assert "virtual board" in answer(board, "ttu.version()", "metrology")
        assert "absent" in answer(board, "ttu.events(20)", "CONFIG_DEFAULTED")
        second = deploy(board.pty)
        assert second.returncode == 0, second.stdout + second.stderr
        assert f"0 of {count} files to copy, 0 to delete" in second.stdout


def test_profiles_reach_a_board(tmp_path, umqtt_dir):
    """Every profile of the tree is found where a board looks; a user's own goes before it, and
    the copy that a frozen image needs is enough."""
    names = sorted(path.stem for path in (ROOT / "firmware" / "devices" / "profiles").iterdir())
    assert len(names) >= 12
    check = f"""
import os
from firmware.devices import profile
from modules.rs485.driver import Driver
speaker = Driver(None, {{}}, None, None)._speaker
assert profile.names() == {names!r}, profile.names()
assert len(set([profile.load(name, speaker).protocol for name in profile.names()])) == 3
beside = '/lib/firmware/devices/profiles/'
os.mkdir('/profiles')
for name in profile.names():
    os.rename(beside + name + '.json', '/profiles/' + name + '.json')
assert not os.listdir(beside)
assert profile.names() == {names!r}, profile.names()
with open(beside + 'meter-645.json', 'w') as file:
    file.write('{{}}')
profile.load('meter-645', speaker)
"""
    for board in tree.BOARDS:
        found = [path for _, path in tree.plain(board) if "/firmware/devices/profiles/" in path]
        assert len(found) == len(names)
    build_image(tmp_path / "flash.img", build.build("unix"), check)


@pytest.mark.parametrize(
    ("write", "word"), [("'garbage'", "corrupt"), ("'x' * 40000", "oversized")]
)
def test_damaged_settings_boot_on_defaults_with_an_event(tmp_path, write, word):
    """Both copies damaged: the terminal runs, says so, and can be set and committed again."""
    damage = f"for p in ('/config.a', '/config.b'):\n with open(p, 'w') as f:\n  f.write({write})"
    build_image(tmp_path / "flash.img", build.build("unix"), damage)
    with VirtualBoard(tmp_path / "flash.img") as board:
        assert word in answer(board, "ttu.events(20)", "CONFIG_DEFAULTED")
        assert "1883" in answer(board, "ttu.config('uplink.port')", "allowed")
        answer(board, "ttu.config('uplink.port', 1884)", "on trial")
        answer(board, "ttu.commit()", "in force")


def answer(board, line, word):
    """What the terminal's prompt answers to a line, up to and with the line that has `word`."""
    with Console(board.pty) as console:
        console.type("\r")
        console.until("ttu> ", 20)
        console.type(line + "\r")
        console.until(line + "\r\n", 20)
        return console.until(word, 20) + console.until("\n", 20)


def test_no_board_is_one_sentence():
    done = deploy("/dev/ttyNOSUCH")
    assert done.returncode
    assert "deploy: " in done.stderr
    assert "Traceback" not in done.stderr


def test_plan_copies_what_differs_and_deletes_what_is_stale(tmp_path):
    same, new = tmp_path / "same", tmp_path / "new"
    same.write_bytes(b"abc")
    new.write_bytes(b"xyz")
    present = {
        "/lib/firmware/same.mpy": hashlib.sha256(b"abc").hexdigest(),
        "/lib/firmware/new.mpy": "0" * 64,
        "/lib/firmware/gone.mpy": "1" * 64,
        "/lib/a_library_of_the_user.py": "2" * 64,
    }
    wanted = [(same, "/lib/firmware/same.mpy"), (new, "/lib/firmware/new.mpy")]
    assert plan(wanted, present) == ([(new, "/lib/firmware/new.mpy")], ["/lib/firmware/gone.mpy"])
    assert plan(wanted, {})[0] == wanted


@pytest.mark.parametrize(
    ("paths", "found"),
    [(["/main.py"], []), (["/lib/a/b.mpy", "/lib/c.mpy"], ["/lib", "/lib/a"])],
)
def test_folders(paths, found):
    assert folders(paths) == found
