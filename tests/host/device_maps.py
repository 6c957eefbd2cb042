"""The tables of tools/station/devices/README.md as data, for the test that holds the devices to
them: what is written there is what people write profiles from."""

import re

import device_asker as ask
from conftest import ROOT

README = ROOT / "tools" / "station" / "devices" / "README.md"


class Row:
    """One item of a kind. `cells`: {column: text}."""

    def __init__(self, kind, head, name, index, cells):
        self.kind = kind
        self.head = head  # the text behind the kind's name
        self.name = name
        self.index = index  # of the item in its row
        self.cells = cells

    def pick(self, column):
        """The item's own entry of a column that lists one for each."""
        return _expand(self.cells[column])[self.index]


def read():
    """{kind: [Row]} of all tables."""
    out, kind, head, columns = {}, None, "", []
    for line in README.read_text().splitlines():
        title = re.match(r"### ([a-z0-9-]+) \((.*)\)", line)
        if title:
            kind, head = title.groups()
            out[kind], columns = [], []
        elif line.startswith("| item"):
            columns = [cell.strip() for cell in line.strip("|").split("|")]
        elif line.startswith("| ") and columns and not line.startswith("| ---"):
            texts = [cell.strip() for cell in line.strip("|").split("|")]
            cells = dict(zip(columns, texts, strict=True))
            names = _expand(re.split(r"[(:]", cells["item"])[0])
            out[kind] += [Row(kind, head, name, k, cells) for k, name in enumerate(names)]
    return out


def _expand(text):
    """Words, with `a1 .. a4` and `1 .. 4` written out."""
    words = text.split()
    while ".." in words:
        at = words.index("..")
        first, last = words[at - 1], words[at + 1]
        digits = re.search(r"[0-9]+$", first).group()
        stem, top = first[: len(first) - len(digits)], int(last[len(first) - len(digits) :])
        width = len(digits)
        numbers = range(int(digits), top + 1)
        words[at - 1 : at + 2] = [f"{stem}{number:0{width}d}" for number in numbers]
    return words


def number_645(row, raw):
    """The integer in the bytes of one DL/T 645 item, in the form its row says."""
    assert len(raw) == int(row.cells["width"]), row.name
    if row.cells["form"] == "bin16":
        return int.from_bytes(raw, "little")
    return ask.bcd(raw, row.cells["form"] == "sbcd")
