"""Flash images: built on the host, mounted by the board, honest about NOR rules."""

import os
import subprocess

import pytest
from vboard_user import mpremote

from tools.vboard import image, setup
from tools.vboard.board import VirtualBoard


def test_built_image_is_what_the_board_sees(tmp_path):
    files = []
    for number in range(50):
        source = tmp_path / f"s{number}"
        source.write_bytes(os.urandom(4096))
        files.append((source, f"/lib/pack{number % 5}/deep/f{number}.bin"))
    script = """
import machine
with open('/made.txt', 'w') as file:
    file.write(str(machine.reset_cause()))
"""
    image.build(tmp_path / "flash.img", files, script, size="1M")
    with VirtualBoard(tmp_path / "flash.img") as board:
        assert mpremote(board.pty, "fs", "cat", ":made.txt") == "1"
        back = tmp_path / "back"
        mpremote(board.pty, "fs", "cp", ":/lib/pack3/deep/f48.bin", str(back))
        assert back.read_bytes() == (tmp_path / "s48").read_bytes()
        assert "f7.bin" in mpremote(board.pty, "fs", "ls", ":/lib/pack2/deep")


def test_failed_build_leaves_no_image(tmp_path):
    with pytest.raises(setup.BoardError, match="ZeroDivisionError"):
        image.build(tmp_path / "flash.img", [], "1/0")
    with pytest.raises(setup.BoardError, match="ENOENT"):
        image.build(tmp_path / "flash.img", [(tmp_path / "absent", "/x")])
    big = tmp_path / "big"
    big.write_bytes(bytes(70000))
    with pytest.raises(setup.BoardError, match="ENOSPC|28"):
        image.build(tmp_path / "flash.img", [(big, "/big")], size="64K")
    assert os.listdir(tmp_path) == ["big"]


def test_foreign_image_boots_without_files_and_says_so(tmp_path):
    (tmp_path / "flash.img").write_bytes(b"\x00" * 65536)
    with VirtualBoard(tmp_path / "flash.img") as board:
        assert mpremote(board.pty, "eval", "1 + 1") == "2\n"
        mpremote(board.pty, "exec", "import os; os.stat('/proc')", status=1)
        mpremote(board.pty, "exec", "open('/etc/hostname')", status=1)
    assert (tmp_path / "flash.img").read_bytes() == b"\x00" * 65536  # never formatted over


TAIL = "import machine; j = machine.journal(); print(j and j.ioctl(4, 0), os.statvfs('/')[2])"
# an image as it was made once: a file system to its end
OLD = """
import flash, os, shim_host, vfs
file = shim_host.open_host(os.getenv("TTU_FLASH"), "r+b")
chip = flash.Flash(file, file.seek(0, 2))
vfs.VfsLfs2.mkfs(chip, readsize=256, progsize=256, lookahead=128)
with vfs.VfsLfs2(chip, readsize=256, progsize=256, lookahead=128).open("/kept", "w") as kept:
    kept.write("yes")
"""


def test_the_end_of_the_flash_is_raw(tmp_path):
    """64 blocks from 2 MB on; an image of before is used to its end, and loses nothing."""
    for size, said in (("8M", "64 1984"), ("2M", "64 448"), ("1M", "None 256")):
        image.build(tmp_path / "flash.img", [], size=size)
        with VirtualBoard(tmp_path / "flash.img") as board:
            assert mpremote(board.pty, "exec", "import os; " + TAIL).strip() == said
    old, script = tmp_path / "old.img", tmp_path / "old.py"
    setup.create_flash(old, 4 << 20)
    script.write_text(OLD)
    env = setup.board_env(TTU_FLASH=old)
    subprocess.run([setup.interpreter(), str(script)], env=env, check=True)
    with VirtualBoard(old) as board:
        assert mpremote(board.pty, "exec", "import os; " + TAIL).strip() == "None 1024"
        assert mpremote(board.pty, "fs", "cat", ":kept") == "yes"


NOR = """
import flash, shim_host, sys
file = shim_host.open_host(sys.argv[1], 'r+b')
chip = flash.Flash(file, file.seek(0, 2))
page = bytearray(256)
chip.writeblocks(3, b'\\xf0' * 256, 512)
chip.writeblocks(3, b'\\x10' * 256, 512)
chip.readblocks(3, page, 512); assert page == b'\\x10' * 256
try:
    chip.writeblocks(3, b'\\x10' * 255 + b'\\x11', 512)
    print('a bit was set')
except RuntimeError as error:
    print(error)
chip.readblocks(3, page, 512); assert page == b'\\x10' * 256
chip.ioctl(6, 3)
chip.readblocks(3, page, 512); assert page == b'\\xff' * 256
print(chip.ioctl(4, 0), chip.ioctl(5, 0))
chip.writeblocks(2, bytes(4096))  # simple interface: erases by itself
chip.writeblocks(2, b'\\xaa' * 4096)
chip.readblocks(2, page, 3840); assert page == b'\\xaa' * 256
chip.readblocks(1, page, 3840); assert page == b'\\xff' * 256
"""


def test_programming_only_clears_bits(micropython, tmp_path):
    setup.create_flash(tmp_path / "chip", 65536)
    (tmp_path / "nor.py").write_text(NOR)
    argv = [*micropython, str(tmp_path / "nor.py"), str(tmp_path / "chip")]
    env = setup.board_env()
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"flash: bit set without erase at {3 * 4096 + 512 + 255}\n16 4096\n"


@pytest.mark.parametrize(("text", "size"), [("4M", 4 << 20), ("256k", 256 << 10), (8192, 8192)])
def test_sizes(text, size):
    assert setup.size_of(text) == size


@pytest.mark.parametrize("text", ["", "M", "-4K", "4G", "1.5M", "0"])
def test_nonsense_sizes(text):
    with pytest.raises(setup.BoardError):
        setup.size_of(text)
