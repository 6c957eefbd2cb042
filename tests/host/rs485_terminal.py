"""Runs the RS-485 driver under MicroPython for test_rs485, on the desk-top board's UART: one round
for each line of JSON on stdin, one JSON object a round on stdout. RS485_JOB: {"rows": rows of the
archive, "cfg": driver settings, "profiles": folder they are found below}. A round asks every
device for every duty; it repeats and rests as the slot's schedule does, but never waits for a
period."""

import asyncio
import json
import os
import sys
import time

from shim_uart import UART

from firmware.bay.contract import ALARM, DATA, DONE, KEY, SILENT
from firmware.config.archive import Row
from firmware.core.clock import Clock
from firmware.core.errors import SlotError
from firmware.core.log import Log
from modules.rs485.driver import Driver


class Wires:
    number = 1

    @staticmethod
    def uart(baud, parity):
        return UART(1, baud, 8, parity, 1, timeout=0, rxbuf=512)


async def play_duty(driver, device, duty, tries, out):
    """True when the device answered to all of it."""
    left, first_ms = tries, None
    while True:
        begun_ms = time.ticks_ms()
        outcome = await driver.poll(device, duty, out)
        if outcome == SILENT:
            first_ms = begun_ms if first_ms is None else first_ms
            left -= 1
            if not left:
                return False
            continue
        if first_ms is not None:
            await asyncio.sleep_ms(time.ticks_diff(begun_ms, first_ms) + 150)
            left, first_ms = tries, None
        if outcome == DONE:
            return True


async def play_round(driver, names, tries):
    answers, silent = {}, []
    for device, (name, template, duties) in enumerate(driver.devices()):
        if names and name not in names:
            continue
        points = answers[name] = {}

        def out(point, value, quality, points=points, template=template):
            points[template[point][0]] = (value, quality)

        for duty in (KEY, ALARM, DATA):
            if duties & duty and not await play_duty(driver, device, duty, tries, out):
                silent.append(name)
                break
    return {"points": answers, "silent": silent, "stats": driver.stats()}


async def main():
    job = json.loads(os.getenv("RS485_JOB"))
    sys.path.insert(0, job["profiles"])  # not before: there are packages of the same name
    rows = [Row(*row) for row in job["rows"]]
    clock = Clock(time.ticks_us, time.ticks_diff, lambda: 0)
    cfg = dict({"devices": lambda: rows}, **job["cfg"])
    driver = Driver(Wires, cfg, clock, Log(clock, lambda line: None))
    await driver.open()
    print(json.dumps({"problems": driver.problems()}))
    while True:
        line = sys.stdin.readline()
        if not line:
            break
        order = json.loads(line)
        try:
            answer = await play_round(driver, order.get("names"), order.get("tries", 1))
        except SlotError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer))
    await driver.close()


asyncio.run(main())
