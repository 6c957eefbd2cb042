"""What the console verbs give back: a Table of rows, or a Note of one sentence.

Both print as plain text at a prompt; a script can go through a table's rows.
"""


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
        lines = [self.header] + self.rows
        widths = [0] * max([len(line) for line in lines])
        for line in lines:
            for i in range(len(line)):
                widths[i] = max(widths[i], len(_text(line[i])))
        # The texts are made twice rather than kept, and the lines go into one buffer that is there
        # before them: a table may be most of a small heap, and lines with the waste of their
        # making between them leave no piece long enough for all.
        out = bytearray((sum(widths) + 2 * len(widths) + 1) * len(lines))
        end = 0
        for line in lines:
            text = _aligned(line, widths).encode() + b"\n"
            out[end : end + len(text)] = text
            end += len(text)
        text = str(memoryview(out)[: end - 1], "utf-8")
        if not self.rows:
            text += "\n(none)"
        return text + "\n" + self.note if self.note else text


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
