# Frozen into the image: the tree runs from flash instead of filling the heap.
# Build: make -C ports/esp32 BOARD=ESP32_GENERIC_S3 FROZEN_MANIFEST=<this file>
include("$(PORT_DIR)/boards/manifest.py")
include("../manifest_tree.py")
package("board", ("wires.py", "esp32s3/board.py", "esp32s3/expander.py"), base_path="../..", opt=2)
module("main.py", base_path=".", opt=2)
