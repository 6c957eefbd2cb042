"""The guarded shell on an in-memory console: editing, evaluation, blocks, limits, ways out."""

import asyncio

from firmware.console import line, ttu
from firmware.console.shell import Shell

UP = b"\x1b[A"
DOWN = b"\x1b[B"


class Gone(Exception):
    """The typist of a test has typed everything."""


class Console:
    def __init__(self, typed):
        self.typed = typed
        self.at = 0
        self.shown = bytearray()

    async def read(self, n):
        if self.at == len(self.typed):
            raise Gone
        self.at += n
        return self.typed[self.at - n : self.at]

    def write(self, data):
        self.shown.extend(data)


def session(typed, names=None):
    """(what the console showed, what ended the shell, the globals)."""
    console = Console(typed)
    names = {} if names is None else names
    shell = Shell(console, console.write, names)
    try:
        asyncio.run(shell.run())
    except (Gone, KeyboardInterrupt, SystemExit) as error:
        return bytes(console.shown), type(error), names
    raise AssertionError("the shell ended by itself")


def answers(typed, names=None):
    """The lines that are neither prompts nor echo."""
    shown, _, _ = session(typed, names)
    lines = shown.split(b"\r\n")[1:]
    return [text.decode() for text in lines if not text.startswith((b"ttu> ", b"...> "))]


def test_evaluates():
    assert answers(b"1+2\r") == ["3"]
    assert answers(b"'a'\r") == ["'a'"]
    assert answers(b"None\r\r  \r") == []
    assert answers(b"x = 5\rx * 2\n") == ["10"]
    assert answers(b"x = 5\r\nx\r\n") == ["5"]
    assert answers(b"  7\r") == ["7"]
    shown, end, names = session(b"def f(a):\r  return a + 1\r\ry = f(2)\r")
    assert names["y"] == 3 and b"...> " in shown and end is Gone
    assert answers(b"for i in (1, 2):\r x = i\r\rx\r") == ["2"]
    assert answers("len('grün')\r".encode()) == ["4"]


def test_names():
    _, _, names = session(b"import ttu\rsame = ttu\r", {"old": 1})
    assert names["ttu"] is ttu and names["old"] == 1
    ttu.bind(None)
    assert answers(b"ttu.status()\r") == ["the terminal is not running"]
    assert answers(b"ttu.help('log')\r")[0].split() == ["verb", "what", "it", "does"]
    assert "ttu" in Shell(None, None)._names  # main's globals by default


def test_mistakes():
    for typed, said in (
        (b"1/0\r", "ZeroDivisionError: "),
        (b"nonsense\r", "NameError: "),
        (b"x ==\r", "SyntaxError: "),
        (b"if:\r\r", "SyntaxError: "),
        (b"import nothing_such\r", "ImportError: "),
        (b"raise ValueError('a\\nb')\r", "ValueError: a b"),
        (b"def f(): f()\r", None),
        (b"\xff\xfe\r", "UnicodeError"),
        (b"bytearray(10**9)\r", "MemoryError: "),
    ):
        lines = answers(typed + b"6*7\r")
        assert lines[-1] == "42", lines
        assert len(lines) == (1 if said is None else 2), lines
        assert said is None or lines[0].startswith(said), lines
    assert len(answers(b"raise ValueError('x' * 9999)\r")[0]) == 200
    # A deep recursion ends in one line, too.
    lines = answers(b"f = lambda: f()\rf()\r1\r")
    assert lines[0].startswith("RuntimeError") and lines[1] == "1", lines


def test_editing():
    assert answers(b"1+3\x7f2\r") == ["3"]
    assert answers(b"\x7f\x08\x081\r") == ["1"]
    assert answers(b"9\x1b[C\x1b[D\x1b[3~\x1b[1;5C9\r") == ["99"]  # other keys do nothing
    assert answers("'ü\x7fa'\r".encode()) == ["'a'"]  # a whole character goes
    assert answers(b"1\t+\t1\x00\x01\r") == ["2"]
    assert answers(b"12\x031\r") == ["1"]  # Ctrl-C drops what is typed
    assert answers(b"1\x04\r") == ["1"]  # Ctrl-D within a line does nothing


def test_a_log_line_comes_above_what_is_typed():
    console = Console(b"1+")
    shell = Shell(console, console.write, {})
    try:
        asyncio.run(shell.run())
    except Gone:
        pass
    shell.interject("3.5 warn link: gone")
    assert bytes(console.shown).endswith(b"ttu> 1+\r\x1b[K3.5 warn link: gone\r\nttu> 1+")


def test_history():
    assert answers(b"1\r2\r" + UP + UP + b"\r") == ["1", "2", "1"]
    assert answers(b"1\r2\r" + UP + UP + DOWN + b"\r") == ["1", "2", "2"]
    assert answers(b"1\r" + UP + DOWN + b"5\r") == ["1", "5"]
    assert answers(b"1\r" + UP * 40 + b"\r") == ["1", "1"]
    assert answers(DOWN + UP + b"8\r") == ["8"]
    many = b"".join([b"%d\r" % n for n in range(30)])
    assert answers(many + UP * 40 + b"\r")[-1] == "20"  # ten lines are kept
    assert answers(b"1\r1\r2\r" + UP * 2 + b"\r")[-1] == "1"


def test_limits():
    lines = answers(b"x" * 600 + b"\r1\r")
    assert lines == ["the line is 88 bytes too long, it is not run", "1"], lines
    shown, _, names = session(b"if True:\r y = 1\r" + b"z" * 600 + b"\r y = 2\r\r")
    assert "y" not in names  # a block with a line missing is not run
    block = b"if True:\r" + (b" y = 1 #" + b"x" * 400 + b"\r") * 20
    shown, _, names = session(block + b"\rz = 3\r")
    assert b"over 4096 bytes" in shown and "y" not in names and names["z"] == 3


def test_ways_out():
    assert session(b"\x03")[1] is KeyboardInterrupt
    assert session(b"12\x03\x03")[1] is KeyboardInterrupt
    assert session(b"\x04")[1] is SystemExit
    assert session(b"raise KeyboardInterrupt\r")[1] is KeyboardInterrupt
    assert session(b"raise SystemExit\r")[1] is SystemExit


def test_nobody_there():
    """At the end of input the shell waits, and the other tasks go on."""

    class Empty:
        async def read(self, n):
            return b""

    async def main():
        task = asyncio.create_task(Shell(Empty(), lambda data: None, {}).run())
        for _ in range(50):
            await asyncio.sleep_ms(0)
        assert not task.done()
        task.cancel()

    asyncio.run(main())


def test_line_alone():
    shown = bytearray()
    typing = line.Line(shown.extend)
    typing.start(b"> ")
    assert [typing.feed(byte) for byte in b"ab\r\n"] == [line.MORE] * 2 + [line.LINE, line.MORE]
    assert typing.take() == b"ab" and typing.take() == b""
    assert bytes(shown) == b"> ab\r\n"


test_evaluates()
test_names()
test_mistakes()
test_editing()
test_history()
test_a_log_line_comes_above_what_is_typed()
test_limits()
test_ways_out()
test_nobody_there()
test_line_alone()
print("OK")
