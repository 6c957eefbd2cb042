"""The archive: which devices hang on the buses, a row each, kept on flash through power cuts.

A row is a line of six words "slot profile address baud parity name"; baud 0 and parity - mean
what the profile says. Nothing is held in RAM between two looks: a station has 200 rows.
"""

from collections import namedtuple

from micropython import const

from firmware.config.entry import short
from firmware.core.errors import ConfigError
from firmware.core.twin import Twin

_LIMIT = const(24576)  # bytes on flash: 256 rows of 90 characters
_ROWS_MAX = const(256)
_BAUD_MAX = const(1000000)
_WORD_MAX = const(32)  # characters of a name, profile or address
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
_PARITIES = ("-", "none", "even", "odd")

Row = namedtuple("Row", ("slot", "profile", "address", "baud", "parity", "name"))


class Archive:
    def __init__(self, twin):
        self._twin = twin
        self.problems = []  # what was wrong with the rows read last, a sentence each

    def rows(self, slot=0):
        """Yield the Rows of a slot (0: of all); lines that are none are told in `problems`."""
        self.problems = []
        payload, info = self._twin.load()
        for path, why in info.damaged:
            self.problems.append("the archive copy %s is %s" % (path, why))
        names = set()
        for line in _lines(payload or b""):
            try:
                row = parse(line)
                if row.name in names:
                    raise ConfigError("a second device %s is left out" % row.name)
            except ConfigError as error:
                self.problems.append(str(error))
                continue
            names.add(row.name)
            if not slot or row.slot == slot:
                yield row

    def find(self, name):
        """The Row of that name, or None."""
        for row in self.rows():
            if row.name == name:
                return row
        return None

    def add(self, row):
        """Keep one more row. ConfigError when its name or place is taken or it is none."""
        self.add_all((row,))

    def add_all(self, rows):
        """Keep more rows, all or, with a ConfigError, none."""
        kept = list(self.rows())
        names = {row.name for row in kept}
        places = {_place(row) for row in kept}
        for row in rows:
            judge(row)
            if row.name in names:
                raise ConfigError("there is a device %s already" % row.name)
            if _place(row) in places:
                raise ConfigError("slot %d has a device %s already" % (row.slot, row.address))
            names.add(row.name)
            places.add(_place(row))
            kept.append(row)
        self._save(kept)

    def remove(self, name):
        """Forget the device of that name; ConfigError when there is none."""
        kept = list(self.rows())
        left = [row for row in kept if row.name != name]
        if len(left) == len(kept):
            raise ConfigError("there is no device %s in the archive" % short(name))
        self._save(left)

    def _save(self, rows):
        if len(rows) > _ROWS_MAX:
            raise ConfigError("the archive holds %d devices" % _ROWS_MAX)
        self._twin.save(b"".join([("%d %s %s %d %s %s\n" % row).encode() for row in rows]))


def on_flash():
    """The Archive of this board, at its place on the file system. Reads nothing yet."""
    return Archive(Twin("/devices.a", "/devices.b", _LIMIT))


def parse(line):
    """The Row in a line of text or of bytes; ConfigError."""
    try:
        words = str(line, "utf-8").split() if isinstance(line, bytes) else line.split()
    except UnicodeError:
        words = ()
    if len(words) != 6 or not words[0].isdigit() or not words[3].isdigit():
        raise ConfigError("%r is no row of the archive" % line[:60])
    row = Row(int(words[0]), words[1], words[2], int(words[3]), words[4], words[5])
    judge(row)
    return row


def judge(row):
    """ConfigError when a word of the row is not allowed; profile and address are the driver's."""
    if type(row.slot) is not int or not 1 <= row.slot <= 6:
        raise ConfigError("a slot is 1 to 6, not %s" % short(row.slot))
    if type(row.baud) is not int or not (row.baud == 0 or 300 <= row.baud <= _BAUD_MAX):
        raise ConfigError("a rate is 300 to %d, or 0 for the profile's" % _BAUD_MAX)
    if row.parity not in _PARITIES:
        raise ConfigError("the parity is none, even or odd, or - for the profile's")
    for word in (row.profile, row.address, row.name):
        if not _is_word(word):
            raise ConfigError(
                "%s is no word: 1 to %d letters, digits and - _ ." % (short(word), _WORD_MAX)
            )


def _is_word(word):
    if not isinstance(word, str) or not 1 <= len(word) <= _WORD_MAX:
        return False
    return not [character for character in word if character not in _ALPHABET]


def _place(row):
    return row.slot, row.address


def _lines(payload):
    """The lines of a payload, one at a time."""
    at = 0
    while at < len(payload):
        end = payload.find(b"\n", at)
        if end < 0:
            end = len(payload)
        if end > at:
            yield payload[at:end]
        at = end + 1
