"""Interlocks: what must be so before an output may be operated, a row each, kept on flash through
power cuts like the archive.

A row is a line of five words "output action point relation value", such as
"control-4.q1 close control-4.q2 = 1". The operation is allowed while the point is so and of good
quality; several rows of one operation must all hold. Flash is read once, the lines are kept.
"""

from collections import namedtuple

from micropython import const

from firmware.config.entry import short
from firmware.core.errors import ConfigError
from firmware.core.operation import ACTIONS
from firmware.core.twin import Twin

_LIMIT = const(4096)  # bytes on flash
_ROWS_MAX = const(32)
_WORD_MAX = const(48)  # characters of an output or a point
_DIGITS_MAX = const(12)
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
_RELATIONS = ("=", "!=", "<", ">", "<=", ">=")

# value: a text such as "1" or "-0.5", in the point's unit
Rule = namedtuple("Rule", ("output", "action", "point", "relation", "value"))


class Interlocks:
    def __init__(self, twin):
        self._twin = twin
        self._payload = None  # the lines, once they were read
        self.problems = []  # what was wrong with flash, a sentence each

    def rows(self):
        """All Rules. While there are problems some may be missing."""
        if self._payload is None:
            self._payload, info = self._twin.load()
            self._payload = self._payload or b""
            self.problems = ["the interlocks copy %s is %s" % damage for damage in info.damaged]
            self._parsed(self.problems)
        return self._parsed([])

    def _parsed(self, problems):
        rules = []
        for line in self._payload.split(b"\n"):
            if line:
                try:
                    rules.append(parse(line))
                except ConfigError as error:
                    problems.append(str(error))
        return rules

    def objection(self, output, action, point):
        """What speaks against it: a sentence, or "". point(name): (value, power of ten, quality
        bits), None when there is no such point."""
        rules = self.rows()
        if self.problems:
            return "%s: interlock('keep') accepts those that are left" % self.problems[0]
        for rule in rules:
            if (rule.output, rule.action) == (output, action):
                found = point(rule.point)
                wanted = "%s %s %s is wanted" % (rule.point, rule.relation, rule.value)
                if found is None:
                    return "%s, and there is no such point" % wanted
                if found[2]:
                    return "%s, and it is not known now" % wanted
                if not _holds(found[0], found[1], rule.relation, rule.value):
                    return "%s, and it is not so" % wanted
        return ""

    def add(self, words):
        """One more, of its five words; the Rule. ConfigError when it is none, or there are too
        many."""
        rule = Rule(*words)
        judge(rule)
        rules = self._whole()
        if rule in rules:
            raise ConfigError("there is such an interlock already")
        self._save(rules + [rule])
        return rule

    def remove(self, number):
        """Row `number` of rows(), from 1 on; the Rule. ConfigError when there is none."""
        rules = self._whole()
        if type(number) is not int or not 1 <= number <= len(rules):
            raise ConfigError("there are %d interlocks, not %s" % (len(rules), short(number)))
        gone = rules.pop(number - 1)
        self._save(rules)
        return gone

    def keep(self):
        """Those that can be read are all there are, from now on."""
        rules = self.rows()
        self._save(rules)
        self._save(rules)
        self.problems = []

    def _whole(self):
        """All Rules; ConfigError when some may be missing: a change would hide that."""
        rules = self.rows()
        if self.problems:
            raise ConfigError("%s: say interlock('keep') first" % self.problems[0])
        return rules

    def _save(self, rules):
        if len(rules) > _ROWS_MAX:
            raise ConfigError("there is room for %d interlocks" % _ROWS_MAX)
        payload = "".join(["%s %s %s %s %s\n" % rule for rule in rules]).encode()
        self._payload = None  # after a failure flash is asked again
        self._twin.save(payload)
        self._payload = payload


def on_flash():
    """The Interlocks of this board, at their place on the file system. Reads nothing yet."""
    return Interlocks(Twin("/interlocks.a", "/interlocks.b", _LIMIT))


def parse(line):
    """The Rule in a line of bytes; ConfigError."""
    try:
        words = str(line, "utf-8").split()
    except UnicodeError:
        words = ()
    if len(words) != 5:
        raise ConfigError("%r is no interlock" % line[:60])
    rule = Rule(*words)
    judge(rule)
    return rule


def judge(rule):
    """ConfigError when a word of it is not allowed."""
    for word in (rule.output, rule.point):
        if not _is_word(word) or word.find(".") < 1:
            raise ConfigError("%s is no name such as control-4.q1" % short(word))
    if rule.action not in ACTIONS:
        raise ConfigError("an action is close or open, not %s" % short(rule.action))
    if rule.relation not in _RELATIONS:
        raise ConfigError("a relation is one of %s" % " ".join(_RELATIONS))
    _number(rule.value)


def _is_word(word):
    if not isinstance(word, str) or not 1 <= len(word) <= _WORD_MAX:
        return False
    return not [character for character in word if character not in _ALPHABET]


def _number(text):
    """(whole number, power of ten) of a text; ConfigError when it is none."""
    body = text if isinstance(text, str) else ""
    if body[:1] == "-":
        body = body[1:]
    at = body.find(".")
    digits = body if at < 0 else body[:at] + body[at + 1 :]
    if not 1 <= len(digits) <= _DIGITS_MAX or not digits.isdigit():
        raise ConfigError("%s is no number such as 1 or -0.5" % short(text))
    power = 0 if at < 0 else at + 1 - len(body)
    return (-int(digits) if text[:1] == "-" else int(digits)), power


def _holds(value, power, relation, wanted):
    number, other = _number(wanted)
    low = min(power, other)
    have, want = value * 10 ** (power - low), number * 10 ** (other - low)
    if relation == "=":
        return have == want
    if relation == "!=":
        return have != want
    if relation == "<":
        return have < want
    if relation == ">":
        return have > want
    return have <= want if relation == "<=" else have >= want
