"""Runs under MicroPython: formats the image TTU_FLASH and puts the plan's files on it.

The plan, a JSON file named in argv, holds `files` (pairs: host path, path on flash) and
`script` (source text or null). Used by image.py only.
"""

import json
import os
import sys

import flash
import shim_host


def _make_folders(path):
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:  # it is there, or opening the file will say what is wrong
            pass
        at = path.find("/", at + 1)


def _copy(source, path):
    _make_folders(path)
    buf = bytearray(4096)
    with shim_host.open_host(source, "rb") as src, open(path, "wb") as dst:
        count = src.readinto(buf)
        while count:
            dst.write(memoryview(buf)[:count])
            count = src.readinto(buf)


def _main():
    with open(sys.argv[1]) as file:
        plan = json.load(file)
    file = shim_host.open_host(os.getenv("TTU_FLASH"), "r+b")
    chip = flash.Flash(file, file.seek(0, 2))
    flash.format(chip)
    __import__("machine")  # so that the script finds the shim, not the built-in one
    flash.mount(chip)
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    for source, path in plan["files"]:
        _copy(source, path)
    if plan["script"]:
        exec(compile(plan["script"], "script", "exec"), {"__name__": "__main__"})


_main()
