"""What the emulated board needs of the machine, and the packages that bring it."""

import os
import shutil
import subprocess

TOOLS = ("qemu-system-arm", "arm-none-eabi-gcc", "make", "dpkg-source", "apt-get")
NEWLIB = "libnewlib-arm-none-eabi"  # headers, not a program
INSTALL = "apt install qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi dpkg-dev make"


class QemuError(Exception):
    """One sentence for the person who asked."""


def missing():
    """Programs (and the C library) that are not here."""
    absent = [name for name in TOOLS if shutil.which(name) is None]
    if "arm-none-eabi-gcc" not in absent:
        words = ["arm-none-eabi-gcc", "-E", "-include", "string.h", "-xc", os.devnull]
        if subprocess.run(words, capture_output=True).returncode:
            absent.append(NEWLIB)
    return absent


def check():
    """QemuError that names what is missing and how to get it."""
    absent = missing()
    if absent:
        raise QemuError(f"missing here: {', '.join(absent)} ({INSTALL})")
