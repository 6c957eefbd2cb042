"""The UART to the module: bytes out at once, bytes in with a bound. SlotError when it is gone."""

import asyncio

from micropython import const

from firmware.core.errors import SlotError

_CHUNK = const(256)
_PARITY = const(0)  # 8E1 (Q/GDW 1376.2)
_BITS = const(11)  # of a character: start, 8, parity, stop
_HUNG_UP_MS = const(10)


class Port:
    def __init__(self, wires, baud):
        """Opens it; SlotError."""
        self.char_us = (_BITS * 1000000 + baud - 1) // baud
        try:
            self._port = wires.uart(baud, _PARITY)
        except OSError as error:
            raise SlotError(str(error))
        self._reader = asyncio.StreamReader(self._port)

    def close(self):
        """May be called twice."""
        port, self._port = self._port, None
        if port is not None:
            port.deinit()

    def write(self, data):
        try:
            written = self._port.write(data)
        except OSError as error:
            raise SlotError("HPLC port: %s" % error)
        if written != len(data):
            raise SlotError("the HPLC port took %s of %d bytes" % (written, len(data)))

    async def read(self, wait_ms):
        """Bytes; b"" after `wait_ms` of silence."""
        try:
            chunk = await asyncio.wait_for_ms(self._reader.read(_CHUNK), max(1, wait_ms))
        except asyncio.TimeoutError:
            return b""
        except OSError as error:
            raise SlotError("HPLC port: %s" % error)
        if not chunk:  # the far end hung up: do not spin on it
            await asyncio.sleep_ms(_HUNG_UP_MS)
        return chunk or b""
