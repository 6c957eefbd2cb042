"""A Python prompt on the console while the terminal runs beside it as asyncio tasks.

A mistake in a typed line costs that line, in one sentence. Ctrl-C leaves for the interpreter's
own prompt: as a byte on an empty line, or as the interrupt it is while something runs. Ctrl-D on
an empty line ends the program, which on a board is a soft reset. A line blocks the other tasks
for as long as it runs.
"""

import asyncio
import sys

from micropython import const

from firmware.console import line, ttu

_BLOCK_MAX = const(4096)  # bytes of a block of lines
_ERROR_MAX = const(200)  # characters of an error that are shown
_PARKED_MS = const(60000)

_HELLO = "The terminal is running: ttu.help() lists the verbs, Ctrl-C stops it."


class Shell:
    def __init__(self, reader, write, names=None):
        """reader: `await read(1)` gives a byte, b"" for ever once nobody is there to type.

        write(bytes): to the same console; names: globals of what is typed (default: main's).
        """
        self._reader = reader
        self._write = write
        self._names = __import__("__main__").__dict__ if names is None else names
        self._names["ttu"] = ttu
        self._line = line.Line(write)

    async def run(self):
        """Serves the console until it is cancelled or left by Ctrl-C or Ctrl-D."""
        self._say(_HELLO)
        while True:
            source = await self._block()
            if source:
                self._answer(source)

    def interject(self, text):
        """A sink for the log: the text comes above the line that is being typed."""
        self._line.interject(text.encode())

    async def _block(self):
        """What to run next: a line, or the lines up to a blank one when the first ends with ':'.

        None when a limit was passed: then the rest of the block is read, too, and nothing is run.
        """
        source = await self._next(b"ttu> ")
        if source is None or not source.rstrip().endswith(b":"):
            return source
        while True:
            more = await self._next(b"...> ")
            if more is not None and not more.strip():
                return source
            if source is None or more is None:
                source = None
            elif len(source) + len(more) < _BLOCK_MAX:
                source += b"\n" + more
            else:
                source = None
                self._say("the block is over %d bytes, it is not run" % _BLOCK_MAX)

    async def _next(self, prompt):
        """One typed line; None for an overlong one."""
        self._line.start(prompt)
        while True:
            got = await self._reader.read(1)
            if not got:
                await _park()
            meaning = self._line.feed(got[0])
            if meaning == line.BREAK:
                raise KeyboardInterrupt
            if meaning == line.END:
                raise SystemExit
            if meaning == line.LINE:
                break
        excess = self._line.excess
        typed = self._line.take()
        if excess:
            self._say("the line is %d bytes too long, it is not run" % excess)
            return None
        return typed

    def _answer(self, source):
        try:
            text = self._run(source)
        # Whatever a typed line raises is the typist's; only interrupts go on.
        except Exception as error:
            text = "%s: %s" % (type(error).__name__, error)
            text = text.replace("\r", " ").replace("\n", " ")[:_ERROR_MAX]
        if text is not None:
            self._say(text)

    def _run(self, source):
        """Runs the source; the text of its value, or None when it has none."""
        source = source.decode().strip()
        code = _expression(source)
        if code is None:
            exec(compile(source + "\n", "<console>", "exec"), self._names)
            return None
        value = eval(code, self._names)
        return None if value is None else repr(value)

    def _say(self, text):
        self._write(text.replace("\n", "\r\n").encode() + b"\r\n")


def on_stdin():
    """A Shell on the interpreter's own console."""
    # Bytes, not text: a text read would wait for the rest of a character.
    return Shell(asyncio.StreamReader(sys.stdin.buffer), sys.stdout.buffer.write)


def _expression(source):
    """The source compiled as an expression, or None when it is none."""
    try:
        return compile(source, "<console>", "eval")
    except SyntaxError:
        return None


async def _park():
    """Nobody can type any more; the terminal goes on without a console."""
    while True:
        await asyncio.sleep_ms(_PARKED_MS)
