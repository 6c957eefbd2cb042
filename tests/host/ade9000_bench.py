"""Runs under MicroPython: the real driver against the emulator, register by register.

argv: a JSON file with the emulator's analogue truth. Prints OK.
"""

import asyncio
import json
import sys
import time

import machine

from firmware.core.clock import Clock
from firmware.core.errors import LinkError
from firmware.link.ade9000 import kernels, scale, settings
from firmware.link.ade9000 import registers as reg
from firmware.link.ade9000.bus import Bus
from firmware.link.ade9000.counters import Counters
from firmware.link.ade9000.startup import StartUp

with open(sys.argv[1]) as file:
    truth = json.load(file)


class Cfg:
    u_full_scale_mv = 500000
    i_full_scale_ma = 400000
    nominal_v = 230
    nominal_hz = 50
    pulse_constant = 1000


def near(value, wanted, ppm, what):
    assert abs(value - wanted) <= abs(wanted) * ppm / 1e6 + 1, (what, value, wanted)


spi = machine.SPI(1, baudrate=20000000, polarity=0, phase=0)
select = machine.Pin(10, machine.Pin.OUT, value=1)
reset = machine.Pin(17, machine.Pin.OUT, value=1)
clock = Clock(machine.ticks_us, time.ticks_diff, lambda: 0)
bus = Bus(spi, select)
rows = settings.table(Cfg)
startup = StartUp(bus, reset, asyncio.sleep_ms)


async def main():
    # cold start walks every step; a second walk takes the running chip over untouched
    assert await startup.walk(rows, lambda: False) is False
    assert startup.resets == 1
    assert await startup.walk(rows, lambda: False) is True
    assert startup.resets == 1

    # every configured register holds what was written, and takes another value
    for register, value in rows:
        if register == reg.WFB_CFG:
            value = settings.STREAM_ON
        assert bus.read(register) == value, hex(register)
    # ISUM and dip levels are 24 and 32 bit: a second pattern shows that no bit is stuck
    for register in (reg.VLEVEL, reg.DIP_LVL, reg.SWELL_LVL, reg.CF1DEN, reg.DIP_CYC):
        old = bus.read(register)
        bus.write_checked(register, 0x1234)
        bus.write_checked(register, old)

    # read-only and identity
    assert bus.read(reg.PART_ID) & reg.IS_ADE9000
    version = bus.read(reg.VERSION)
    bus.write(reg.VERSION, version ^ 0xFFFF)
    assert bus.read(reg.VERSION) == version
    try:
        bus.write_checked(reg.VERSION, version ^ 1)
        raise AssertionError("a write that did not stay was accepted")
    except LinkError:
        pass

    # the lock keeps configuration, and lets go with its key
    bus.lock()
    assert bus.read(reg.WR_LOCK) == 1
    bus.write(reg.DIP_CYC, 99)
    assert bus.read(reg.DIP_CYC) != 99
    bus.unlock()
    bus.write_checked(reg.DIP_CYC, 99)

    # measured results after they settled
    await asyncio.sleep_ms(1500)
    u_unit = Cfg.u_full_scale_mv / 1000 / 2**0.5 / 52702092
    i_unit = Cfg.i_full_scale_ma / 1000 / 2**0.5 / 52702092
    p_unit = Cfg.u_full_scale_mv * Cfg.i_full_scale_ma / 2e6 / scale.WATT_FULL_SCALE
    for k, phase in enumerate("ABC"):
        base = k * reg.PHASE_STEP
        near(bus.read(reg.AIRMS + base) * i_unit, truth["rms"]["I" + phase], 1000, "IRMS")
        near(bus.read(reg.AIRMS + 1 + base) * u_unit, truth["rms"]["V" + phase], 1000, "VRMS")
        near(bus.read_signed(reg.AWATT + base) * p_unit, truth["p"][phase], 1000, "WATT")
        near(bus.read_signed(reg.AWATT + 1 + base) * p_unit, truth["q"][phase], 5000, "VAR")
        near(bus.read(reg.AWATT + 2 + base) * p_unit, truth["s"][phase], 1000, "VA")
    near(8000 * 65536 / (bus.read(reg.APERIOD) + 1), truth["freq_hz"], 100, "PERIOD")
    near(bus.read(reg.ANGL_VA_VB) * 0.017578125, 120, 2000, "angle")

    # energy over about two seconds, against the power it is the integral of
    num, den = scale.register_energy(Cfg.u_full_scale_mv, Cfg.i_full_scale_ma)
    counters = Counters(bus)
    began = await latch(counters)
    first = counters.wh + counters.varh
    await asyncio.sleep_ms(2000)
    seconds = time.ticks_diff(await latch(counters), began) / 1e6
    for k, phase in enumerate("ABC"):
        for quantity, at, ppm in (("p", k, 6000), ("q", 3 + k, 10000)):
            counts = (counters.wh + counters.varh)[at] - first[at]
            near(counts * num / den, truth[quantity][phase] * seconds / 3.6, ppm, "energy")
    # a reset starts the registers at zero, not the counters
    before = list(counters.wh)
    counters.restart(False)
    bus.unlock()
    bus.write(reg.RUN, 0)
    bus.write(reg.RUN, 1)
    counters.read()
    assert all([abs(b - a) * num < 3000 * den for a, b in zip(before, counters.wh)]), counters.wh

    # a burst carries the CRC the chip says it sent
    bus.write(reg.STATUS0, 0xFFFFFFFF)
    for _ in range(100):
        if bus.read(reg.STATUS0) & reg.PAGE_FULL:
            break
        await asyncio.sleep_ms(1)
    page = bus.read(reg.WFB_TRG_STAT) >> 12
    view = memoryview(bytearray(1792))
    bus.burst(reg.WAVEFORM + (((page + 1) // 4 - 1 & 3) << 9), view)
    assert kernels.crc16(view, 0xFFFF, 1792, kernels.TABLES) == bus.read(reg.CRC_SPI)
    peak = max([int.from_bytes(view[n : n + 1], "big") for n in range(4, 1792, 28)])
    assert peak > 0
    bus.write(reg.STATUS0, reg.PAGE_FULL)
    assert not bus.read(reg.STATUS0) & reg.PAGE_FULL


async def latch(counters):
    """Read the counters just after they moved (every 8 ms); when that was."""
    counters.read()
    before = list(counters.wh)
    for _ in range(1000):
        counters.read()
        if counters.wh != before:
            return machine.ticks_us()
        await asyncio.sleep_ms(0)
    raise AssertionError("the energy registers do not move")


asyncio.run(main())
print("OK")
