"""Details of an event that concerns many: a sentence, and the names of all of them."""

from collections import namedtuple

Members = namedtuple("Members", ("text", "names"))
