"""What control keeps on flash through a power cut: the highest number of each originator, so that
nothing is executed twice, and the operation under way, so that a cut in it is told.

Lines "originator number" and, while an operation is under way, "! output action originator".
"""

from micropython import const

from firmware.core.errors import ControlError
from firmware.core.twin import Twin

LIMIT = const(1024)  # bytes on flash
_ORIGINATORS = const(16)
_NAME_MAX = const(32)  # characters of an originator
_NUMBER_MAX = const(1 << 53)  # a number that JSON carries exactly
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."


class Book:
    def __init__(self, twin):
        self.under_way = None  # (output, action, originator), as flash has it
        # a copy cannot be read: the highest numbers may be gone, what is sent again looks new
        self.is_damaged = False
        self._twin = twin
        self._numbers = {}

    def load(self):
        """Take what flash holds; what is damaged is known by `is_damaged`."""
        payload, info = self._twin.load()
        self.is_damaged = bool(info.damaged)
        self._numbers = {}
        self.under_way = None
        for line in (payload or b"").split(b"\n"):
            try:
                self._take(str(line, "utf-8").split())
            except ValueError:  # no UTF-8 too
                self.is_damaged = True

    def _take(self, words):
        if len(words) == 4 and words[0] == "!":
            self.under_way = words[1], words[2], words[3]
        elif len(words) == 2:
            self._numbers[words[0]] = int(words[1])
        elif words:
            self.is_damaged = True

    def number(self, originator):
        """The highest that was accepted; 0: none yet."""
        return self._numbers.get(originator, 0)

    def judge(self, originator, number):
        """ControlError when the number is none or not above the one before."""
        if not _is_name(originator):
            raise ControlError(
                "an originator is 1 to %d letters, digits and - _ ." % _NAME_MAX, "form"
            )
        if type(number) is not int or not 1 <= number < _NUMBER_MAX:
            raise ControlError("the number of a request is 1 to 2**53 - 1", "form")
        if number <= self.number(originator):
            text = "number %d is not above %d, the last one of %s"
            raise ControlError(text % (number, self.number(originator), originator), "number")
        if originator not in self._numbers and len(self._numbers) >= _ORIGINATORS:
            raise ControlError("there are %d originators already" % _ORIGINATORS, "full")

    def use(self, originator, number, under_way=None):
        """The number is used up, and `under_way` begins: on flash when this returns. StoreError:
        it is not, and nothing has changed."""
        before = self._numbers.get(originator)
        self._numbers[originator] = number
        try:
            self._save(under_way)
        except BaseException:
            if before is None:
                del self._numbers[originator]
            else:
                self._numbers[originator] = before
            raise
        self.under_way = under_way

    def settle(self):
        """Nothing is under way any more. StoreError: flash still says so."""
        self._save(None)
        self.under_way = None

    def mend(self):
        """A person accepts that numbers may have been lost: both copies are written anew."""
        self._save(self.under_way)
        self._save(self.under_way)
        self.is_damaged = False

    def _save(self, under_way):
        lines = ["%s %d\n" % (name, self._numbers[name]) for name in sorted(self._numbers)]
        if under_way:
            lines.append("! %s %s %s\n" % under_way)
        self._twin.save("".join(lines).encode())


def on_flash():
    """The Book of this board, at its place on the file system. Reads nothing yet."""
    return Book(Twin("/control.a", "/control.b", LIMIT))


def _is_name(name):
    if not isinstance(name, str) or not 1 <= len(name) <= _NAME_MAX:
        return False
    return not [character for character in name if character not in _ALPHABET]
