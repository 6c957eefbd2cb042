"""What the three dialects share, and what the driver expects of one. Each has

  GAP_MS, DEFAULT_KIND            longest pause within an answer; kind of a point that names none
  address(text)                   what `begin` takes, of an address in the archive
  judge(document)                 the keys of a profile that are the dialect's own
  place(where, document)          where a point is, as a profile says it
  kind(text, place)               number of the way a point is shown
  plan(rows, document)            [(ask, points)] of one duty; `rows` are (point, place, kind)
  parts(ask, points)              smaller requests an ask can be split into when it is refused
  part(ask, points, number)       (ask, points) of one of them
  count_from(number)              what `begin` numbers its next request with, where it numbers
  begin(address, ask)             the frame to send; `master` waits for its answer then
  refused()                       the answer says no
  values(points, out)             hands out what the answer says; what it lacks is invalid
  order(writes)                   what operates an output, of a profile: one for `begin_order` each
  begin_order(address, order)     the frame to send; it is never sent twice

`points` are (point, how to take it from the answer, point, how ..). Wrong profiles and addresses
are SlotErrors, answers that do not have the layout of what was asked CodecErrors.
"""

from firmware.core.errors import SlotError


class BaseDialect:
    def __init__(self, master, most):
        self.master = master  # the one transaction of this protocol on the line
        self.most = most  # bytes of the longest answer

    def count_from(self, number):
        """For who asks many at once and opens each exchange again when its answer comes."""

    def is_divisible(self):
        """A refusal may be about the size of the request, or about a part of it."""
        return True

    def order(self, writes):
        raise SlotError("outputs of this protocol are not operated")


def number(document, key, default, least, most):
    """A number of a profile; SlotError."""
    value = document.get(key, default)
    if not isinstance(value, int) or not least <= value <= most:
        raise SlotError("%s is %d to %d, not %s" % (key, least, most, value))
    return value
