"""The judgement of a value by its row of config/schema.py, and the guess at a mistyped path.

A refusal is one sentence that names what is allowed; a secret never appears in one.
"""

from micropython import const

_WORD = const("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_SHOWN_MAX = const(40)  # characters of a refused value that are repeated

# name, characters, the same in words
_ALPHABETS = (
    ("name", _WORD + "-_", "letters, digits, - and _"),
    ("host", _WORD + "-._:", "letters, digits, - . _ and :"),
    ("digits", "0123456789", "digits"),
)


class Entry:
    """One row of the table: judges and shows values of its setting."""

    def __init__(self, row):
        self.path, self._kind, self.default, self._low, self._high = row[:5]
        self._choices, self.unit, self.help = row[5:]

    def refusal(self, value):
        """None for a value that is allowed, else the sentence why it is not."""
        if self._is_good(value):
            return None
        if self._kind == "secret":
            return "%s is %s" % (self.path, self.allowed())
        return "%s is %s, not %s" % (self.path, self.allowed(), short(value))

    def _is_good(self, value):
        kind = self._kind
        if kind == "bool":
            return value is True or value is False
        if kind == "choice":
            # The type counts: True == 1 and 50.0 == 50.
            return type(value) is type(self.default) and value in self._choices
        if kind == "int":
            return type(value) is int and self._low <= value <= self._high
        return self._is_text(value)

    def _is_text(self, value):
        if not isinstance(value, str) or not self._low <= len(value) <= self._high:
            return False
        alphabet = _alphabet(self._choices)[1]
        for char in value:
            if char < " " or char == "\x7f" or (alphabet and char not in alphabet):
                return False
        return True

    def allowed(self):
        """What a value may be, in words that follow `is`."""
        kind = self._kind
        if kind == "bool":
            return "True or False"
        if kind == "choice":
            return "one of " + ", ".join([repr(choice) for choice in self._choices])
        if kind == "int":
            return "a whole number %d..%d" % (self._low, self._high)
        words = _alphabet(self._choices)[2]
        return "a text of %d..%d characters (%s)" % (self._low, self._high, words)

    def shown(self, value):
        """The value as a person may see it, as Python would write it."""
        if self._kind == "secret" and value:
            return "****"
        return repr(value)


def _alphabet(name):
    for row in _ALPHABETS:
        if row[0] == name:
            return row
    return (name, "", "printable")


def short(value):
    """The value as Python would write it, cut to fit into a sentence."""
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 3] + "..."


def nearest(path, paths):
    """The one of `paths` a person most likely meant, or None."""
    best = None
    least = max(2, len(path) // 3) + 1
    if len(path) > 48:  # no typing slip; and the comparison takes len * len steps
        return None
    for candidate in paths:
        if candidate.split(".")[-1] == path:
            return candidate
        away = _distance(path, candidate)
        if away < least:
            best, least = candidate, away
    return best


def _distance(a, b):
    """Edits (insert, delete, replace) that turn one text into the other."""
    row = list(range(len(b) + 1))
    for i in range(len(a)):
        corner = i
        row[0] = i + 1
        for j in range(len(b)):
            here = corner if a[i] == b[j] else 1 + min(corner, row[j], row[j + 1])
            corner = row[j + 1]
            row[j + 1] = here
    return row[-1]
