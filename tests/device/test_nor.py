"""The RAM flash of the power cut bench: cells, cuts, bad blocks, wear; littlefs on top of it."""

import gc

from tools.powercut.device import disk, nor
from tools.powercut.device.nor import BLOCK, PAGE, Nor, PowerCut


def cut(action, *args):
    try:
        action(*args)
    except PowerCut:
        return True
    return False


def read(chip, block, offset, count):
    buf = bytearray(count)
    assert chip.readblocks(block, buf, offset) == 0
    return buf


def test_cells():
    chip = Nor(4)
    assert chip.writeblocks(1, b"\x0f" * PAGE, PAGE) == 0
    assert read(chip, 1, PAGE, 2) == b"\x0f\x0f" and read(chip, 1, 0, 1) == b"\xff"
    chip.writeblocks(1, b"\x0e", PAGE)  # clears one bit more
    assert read(chip, 1, PAGE, 2) == b"\x0e\x0f"
    try:
        chip.writeblocks(1, b"\x1e", PAGE)
        raise RuntimeError("a bit was set")
    except AssertionError:
        pass
    assert chip.ioctl(6, 1) == 0 and read(chip, 1, PAGE, 2) == b"\xff\xff"
    assert (chip.ioctl(4, 0), chip.ioctl(5, 0)) == (4, BLOCK)
    assert list(chip.erases) == [0, 1, 0, 0] and list(chip.programmed) == [0, PAGE + 1, 0, 0]
    chip.writeblocks(2, bytearray(BLOCK))  # the simple interface erases first
    chip.writeblocks(2, b"\x55" * BLOCK)
    assert chip.erases[2] == 2 and read(chip, 2, BLOCK - 1, 1) == b"\x55"


def test_cuts():
    for torn, expected in ((-1, b"\xff\xff\xff"), (0, b"\xf0\xff\xff"), (2, b"\x00\x00\xf0")):
        chip = Nor(4)
        chip.arm(1, torn)
        assert chip.writeblocks(0, b"\x00" * PAGE, 0) == 0
        assert cut(chip.writeblocks, 0, b"\x00" * 3, PAGE) and chip.is_cut
        assert cut(chip.readblocks, 0, bytearray(1), 0) and cut(chip.ioctl, 6, 0)
        chip.quiet()
        assert chip.readblocks(0, bytearray(1), 0) == nor.DEAD == chip.ioctl(6, 0)
        assert chip.writeblocks(0, b"\x00", 300) == nor.DEAD
        after = chip.again()
        assert read(after, 0, PAGE, 3) == expected and read(after, 0, 0, 1) == b"\x00"
    for torn, first, second in ((-1, 0, 0), (0, 255, 0), (1, 0, 255)):
        chip = Nor(1)
        chip.writeblocks(0, bytearray(BLOCK), 0)
        chip.arm(0, torn)
        assert cut(chip.ioctl, 6, 0)
        assert (chip.cells[0][0], chip.cells[0][BLOCK - 1]) == (first, second)
    chip = Nor(2)
    chip.arm(3)  # pages count one by one
    assert cut(chip.writeblocks, 0, bytearray(BLOCK), 0)
    assert chip.cells[0][3 * PAGE - 1] == 0 and chip.cells[0][3 * PAGE] == 255


def test_bad():
    chip = Nor(3)
    chip.writeblocks(1, b"\x00", 0)
    chip.bad[1] = nor.PROGRAM_ERROR
    assert chip.writeblocks(1, b"\x00", 1) == nor.CORRUPT and chip.writeblocks(0, b"\x00", 1) == 0
    chip.bad[1] = nor.PROGRAM_IGNORED
    assert chip.writeblocks(1, b"\x00", 1) == 0 and read(chip, 1, 0, 2) == b"\x00\xff"
    chip.bad[1] = nor.ERASE_ERROR
    assert chip.ioctl(6, 1) == nor.CORRUPT
    chip.bad[1] = nor.ERASE_IGNORED
    assert chip.ioctl(6, 1) == 0 and read(chip, 1, 0, 1) == b"\x00"
    chip.bad[1] = nor.READ_ERROR
    assert chip.readblocks(1, bytearray(1), 0) == nor.CORRUPT
    chip.flip(BLOCK * 2, 3)
    assert read(chip.again(), 2, 0, 1) == b"\xf7"


def test_region():
    chip = Nor(8)
    region = chip.region(6, 2)
    assert (region.ioctl(4, 0), region.ioctl(5, 0)) == (2, BLOCK)
    region.writeblocks(1, b"\x00", 5)
    assert chip.cells[7][5] == 0 and read(region, 1, 5, 1) == b"\x00"
    region.ioctl(6, 1)
    assert chip.erases[7] == 1


def test_littlefs():
    chip = Nor(8)
    disk.format(chip)
    files = disk.Disk(chip)
    with files.open("/a", "wb") as file:
        file.write(b"old")
    at = 0
    while True:
        gc.collect()
        other = chip.copy()
        files = disk.Disk(other)
        other.arm(at, at)
        file = files.open("/a", "wb")
        if not cut(write, file):
            break
        files.shut()
        after = disk.Disk(other.again())
        with after.open("/a", "rb") as file:
            assert file.read() in (b"old", b"new" * 1000)
        at += 1
    assert at > 4, at


def write(file):
    file.write(b"new" * 1000)
    file.close()


test_cells()
test_cuts()
test_bad()
test_region()
test_littlefs()
print("OK")
