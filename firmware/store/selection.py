"""Which points of a device are kept: a setting such as "ep er/ua/u ia/i p".

Words apart by blanks; of the names of a word, apart by /, the first that the device has; a name
that ends with * is all points that begin so. In the order of the words, each point once.
"""

from micropython import const

_KEPT = const(32)  # templates that are remembered: a station has about ten


class Selection:
    def __init__(self, text, most):
        """`most` points of a device are chosen."""
        self._words = [word.split("/") for word in text.split()]
        self._most = most
        self._templates = []
        self._chosen = []

    def of(self, template):
        """(((quantity, power of ten), ..), bytes of the offsets) in a template of points:
        ((name, unit, power), ..)."""
        for i, known in enumerate(self._templates):
            if known is template or known == template:
                return self._chosen[i]
        chosen = self._choose(template)
        if len(self._templates) < _KEPT:
            self._templates.append(template)
            self._chosen.append(chosen)
        return chosen

    def _choose(self, template):
        offsets = []
        for word in self._words:
            for name in word:
                found = [i for i, row in enumerate(template) if _is(name, row[0])]
                if found:
                    offsets += [i for i in found if i not in offsets]
                    break
        offsets = offsets[: self._most]
        columns = tuple([(template[i][0], template[i][2]) for i in offsets])
        return columns, bytes(offsets)


def _is(name, point):
    return point.startswith(name[:-1]) if name.endswith("*") else point == name
