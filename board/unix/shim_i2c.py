"""machine.I2C of the virtual board; which socket a bus leads to stands in the wiring file.

One record a transaction: address, 0, bytes to write (16 bit, big endian), bytes to read (16 bit),
the bytes to write; a read follows them with a repeated start. The answer: 0 for acknowledged, the
bytes read; or 1. A bus with nobody on it acknowledges nothing: OSError 19 (ENODEV), as on
silicon. A far end that says nothing for 250 ms is OSError 110 (ETIMEDOUT).
"""

import select
import socket
import struct
import time

import shim_host
from micropython import const

_ENODEV = const(19)
_ETIMEDOUT = const(110)
_TIMEOUT_MS = const(250)
_MOST = const(4096)  # bytes in one transaction
_FIRST = const(0x08)  # addresses below and above these are reserved
_LAST = const(0x77)
_NOTHING = b""


class _Bus:
    """The two wires, shared by every I2C object of that number."""

    def __init__(self, path):
        self._dialer = shim_host.Dialer(path)
        self._socket = None
        self._poll = None
        self._status = bytearray(1)

    def transfer(self, address, out, into):
        """Write `out`, then fill `into`."""
        if not self._connected():
            raise OSError(_ENODEV)
        done = False
        try:
            done = self._talk(address, out, into)
        finally:  # also when Ctrl-C strikes: a half-read answer must not meet the next one
            if not done:
                self._drop()
        if not done:
            raise OSError(_ETIMEDOUT)
        if self._status[0]:
            raise OSError(_ENODEV)

    def _talk(self, address, out, into):
        """True when there was an answer; its first byte is in _status."""
        record = struct.pack(">BBHH", address, 0, len(out), len(into)) + bytes(out)
        try:
            if self._socket.send(record, socket.MSG_DONTWAIT) != len(record):
                return False
        except OSError:
            return False
        deadline = time.ticks_add(time.ticks_ms(), _TIMEOUT_MS)
        if not self._receive(memoryview(self._status), deadline):
            return False
        return self._status[0] != 0 or self._receive(memoryview(into), deadline)

    def _receive(self, view, deadline):
        """Fill `view` before `deadline`, or False."""
        while len(view):
            ready = False
            for _ in self._poll.ipoll(max(0, time.ticks_diff(deadline, time.ticks_ms()))):
                ready = True
            if not ready:
                return False
            try:
                count = self._socket.readinto(view)
            except OSError:
                return False
            if count == 0:  # closed by the far end
                return False
            view = view[count or 0 :]
        return True

    def _connected(self):
        if self._socket is not None:
            return True
        self._socket = self._dialer.dial()
        if self._socket is None:
            return False
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        return True

    def _drop(self):
        self._socket.close()
        self._socket = None
        self._dialer.rest()


_buses = {
    int(_id): _Bus(_entry["path"]) for _id, _entry in shim_host.wiring.get("i2c", {}).items()
}


class I2C:
    """I2C bus `id`, controller side; memory addresses are whole bytes, high byte first."""

    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        """A socket has no clock: the settings are taken and not used."""
        if id not in _buses:
            _buses[id] = _Bus(None)  # pulled up, nobody there
        self._bus = _buses[id]

    def scan(self):
        """Addresses that acknowledge."""
        found = []
        for address in range(_FIRST, _LAST + 1):
            try:
                self._bus.transfer(address, _NOTHING, bytearray(0))
            except OSError:
                continue
            found.append(address)
        return found

    def writeto(self, addr, buf, stop=True):
        """The number of bytes acknowledged: all of them."""
        if not stop:
            raise ValueError("a write without stop is not done here: use readfrom_mem")
        _check(len(buf))
        self._bus.transfer(addr, buf, bytearray(0))
        return len(buf)

    def readfrom_into(self, addr, buf, stop=True):
        _check(len(buf))
        self._bus.transfer(addr, _NOTHING, buf)

    def readfrom(self, addr, nbytes, stop=True):
        buf = bytearray(nbytes)
        self.readfrom_into(addr, buf)
        return bytes(buf)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        _check(len(buf))
        self._bus.transfer(addr, memaddr.to_bytes(addrsize // 8, "big"), buf)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf, addrsize=addrsize)
        return bytes(buf)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        _check(len(buf))
        self._bus.transfer(addr, memaddr.to_bytes(addrsize // 8, "big") + bytes(buf), bytearray(0))


def _check(count):
    if count > _MOST:
        raise ValueError("at most %d bytes in one transaction" % _MOST)
