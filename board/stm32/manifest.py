# Frozen into the image: the tree runs from flash instead of filling the heap.
# Build: make -C ports/stm32 BOARD=NUCLEO_H743ZI FROZEN_MANIFEST=<this file>
include("$(PORT_DIR)/boards/manifest.py")
include("../manifest_tree.py")
package("board", ("wires.py", "thumb.py", "stm32/board.py"), base_path="../..", opt=2)
module("main.py", base_path=".", opt=2)
