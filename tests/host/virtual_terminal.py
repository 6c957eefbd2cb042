"""The terminal's half of test_virtual: speaks to an echo, a chip and an interrupt line."""

import asyncio

from tools.virtual.device import Link


async def main(link):
    wires = link.wires(2)
    clock = link.clock()
    edges = []
    wires.attend(lambda pin: edges.append(wires.stamp_us()))
    wires.power(True)
    wires.reset()
    port = wires.uart(9600, 0)
    reader = asyncio.StreamReader(port)
    told = []
    for length in link.plan["lengths"]:
        began = clock.ms()
        port.write(b"x" * length)
        data = b""
        while len(data) < length:
            data += await reader.read(length - len(data))
        told.append([clock.ms() - began, len(data)])
    shots = []
    wires.one_shot(250, lambda timer: shots.append(clock.ms()))
    stopped = wires.one_shot(100, lambda timer: shots.append(-1))
    stopped.deinit()
    began = clock.ms()
    try:
        await asyncio.wait_for_ms(reader.read(1), 5000)
    except asyncio.TimeoutError:
        pass
    link.tell("waited %d" % (clock.ms() - began))
    chip = list(wires.i2c.readfrom_mem(0x52, 0, 4))
    try:
        wires.i2c.readfrom_mem(0x20, 0, 1)
    except OSError as error:
        chip.append(error.errno)
    await asyncio.sleep_ms(link.plan["day_ms"])
    link.report(
        {
            "told": told,
            "shots": [shots[0] - began],
            "edges": edges,
            "chip": chip,
            "present": [link.wires(n).is_present() for n in (1, 2)],
        }
    )


LINK = Link()
asyncio.run(main(LINK))
