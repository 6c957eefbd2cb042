"""Defects that a soak must catch: `make soak PLANT=n`."""

import asyncio

_FOREVER_MS = 100000000
_KEPT = 1000
kept = []


def put(number, terminal):
    """1: something is kept of each round of the reporter. 2: a task is left behind by each module
    that goes. 3: both."""
    if number & 1:
        _keep(terminal.reporter)
    if number & 2:
        _leave(terminal.telling)


def _keep(reporter):
    look = reporter._look

    def greedy(device):
        look(device)
        if device.name == "terminal":
            kept.append(bytearray(_KEPT))

    reporter._look = greedy


def _leave(telling):
    module_out = telling.module_out

    def careless(number, text):
        module_out(number, text)
        asyncio.create_task(_wait())

    telling.module_out = careless


async def _wait():
    while True:
        await asyncio.sleep_ms(_FOREVER_MS)
