"""What the console verbs give back: a Table of rows, or a Note of one sentence.

Both print as plain text at a prompt; a script can go through a table's rows.
"""

from micropython import const

_WIDE = const(48)  # characters that a column is at most aligned to


class Note:
    """One sentence: what was done, or why it was not."""

    def __init__(self, text):
        self.text = str(text)

    def __repr__(self):
        return self.text


class Table:
    """Rows of cells under a header; cells may be anything that has a text."""

    def __init__(self, header, rows, note=""):
        """header: column names; rows: any iterable, read once; note: a last line, or
        several."""
        self.header = tuple(header)
        self.rows = [tuple(row) for row in rows]
        self.note = note

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)

    def __getitem__(self, index):
        return self.rows[index]

    def __repr__(self):
        # Lines are made twice rather than kept: many small texts that live among the rubbish of
        # their making leave a small heap without room for the whole.
        size = sum([len(line.encode()) + 1 for line in self._lines()]) - 1
        whole = bytearray(size)
        at = 0
        for line in self._lines():
            line = line.encode()
            if at:
                whole[at - 1] = 10  # a new line
            whole[at : at + len(line)] = line
            at += len(line) + 1
        return str(whole, "utf-8")

    def _lines(self):
        lines = [self.header] + self.rows
        widths = [0] * max([len(line) for line in lines])
        for line in lines:
            for i in range(len(line)):
                # one long cell, such as the tariff plan, does not widen all the others
                widths[i] = max(widths[i], min(len(_text(line[i])), _WIDE))
        for line in lines:
            yield _aligned(line, widths)
        if not self.rows:
            yield "(none)"
        if self.note:
            yield self.note


def _text(cell):
    if cell is None or cell == "":
        return "-"
    return str(cell).replace("\r", " ").replace("\n", " ")


def _aligned(line, widths):
    cells = []
    for i in range(len(line)):
        text = _text(line[i])
        cells.append(text + " " * (widths[i] - len(text)))
    return "  ".join(cells).rstrip()
