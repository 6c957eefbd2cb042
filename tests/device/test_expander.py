"""The pins of the ESP32-S3 board's expanders, with the emulated chip."""

import i2c_bus

from board.esp32s3 import expander
from tools.emulator.mcp23017 import GPPU, Mcp23017


def fails(call, *args):
    try:
        call(*args)
    except OSError:
        return True
    return False


levels = []
chip = Mcp23017(outputs=lambda: levels.append((chip.level(10), chip.level(15))))
chip.power(True)
for pin in range(8):
    chip.drive(pin, int(pin != 2))
bus = i2c_bus.Bus({0x20: chip})
lines = expander.Expander(bus, 0x20, 0x00FF)
presence = expander.Pin(lines, 2)
power, reset = expander.Pin(lines, 10, 0), expander.Pin(lines, 15, 1)
assert bus.transfers == 0  # nothing is sent before the first use
assert presence() == 0 and (chip.register(GPPU, 0), chip.register(GPPU, 1)) == (0xFF, 0)
assert (chip.level(10), chip.level(15)) == (0, 1)
assert (1, 1) not in levels and (0, 0) not in levels  # outputs start without a glitch
power(1)
assert (chip.level(10), chip.level(15)) == (1, 1)
transfers = bus.transfers
assert presence() == 0 and bus.transfers == transfers + 1  # set up once
chip.power(False)
assert fails(presence) and fails(power, 0)
chip.power(True)  # what it is to do is told anew
chip.drive(2, 1)
assert presence() == 1 and (chip.level(10), chip.level(15)) == (0, 1)
print("OK")
