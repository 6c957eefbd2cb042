# The part of every board's manifest that is the same: the firmware tree and its dependency.
require("umqtt.simple")
package("firmware", base_path="..", opt=2)
package("modules", base_path="..", opt=2)
module("ttu.py", base_path="../firmware/console", opt=2)
