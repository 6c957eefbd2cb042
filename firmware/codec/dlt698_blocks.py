"""GET blocks (85 05) of DL/T 698.45, joined as if they had come at once. Bounded by `limit`, the
bytes of all their APDUs; knows no frames."""

from firmware.codec.dlt698_replies import OK, Record, Reply
from firmware.core.errors import CodecError


class Blocks:
    def __init__(self, limit):
        self.limit = limit
        self.number = -1  # of the block taken last; -1: none yet
        self._bytes = 0
        self._results = ()
        self._acd = False

    def reset(self):
        self.number = -1
        self._bytes = 0
        self._results = ()
        self._acd = False

    def has(self, reply):
        """The Reply is the block taken last, once more: all of one answer have its PIID."""
        return reply.results.number == self.number and reply.results.dar == OK

    def take(self, reply, size):
        """True when the Reply, read from an APDU of `size` bytes, is the last block. CodecError
        when it is not the next one, tells a DAR, or goes beyond the limit. The first may have
        any number: servers count from 0 or from 1."""
        block = reply.results
        if block.dar != OK:
            raise CodecError("the server broke its answer off with DAR %d" % block.dar)
        if self.number >= 0 and block.number != self.number + 1 & 0xFFFF:
            raise CodecError("block %d follows %d" % (block.number, self.number))
        self._bytes += size
        if self._bytes > self.limit:
            raise CodecError("the blocks of one answer exceed %d bytes" % self.limit)
        self.number = block.number
        self._results = _joined(self._results, block.results)
        self._acd = self._acd or reply.acd
        return block.is_last

    def whole(self, last, choice):
        """The Reply to a GET of this choice; what follows the results is told by the `last`."""
        results = self._results
        return Reply(last.service, choice, last.piid, self._acd, results, last.follow, last.tag)


def _joined(held, more):
    """A table that a block cuts between two rows goes on with its OAD and columns again. (Of
    GET record list: two queries for the same columns of one table, cut just between them, look
    the same and become one.)"""
    if held and more and isinstance(more[0], Record) and isinstance(held[-1], Record):
        last, first = held[-1], more[0]
        if last[:3] == first[:3] and last.dar == OK:
            rows = last.rows + first.rows
            return held[:-1] + (Record(last.oad, OK, last.columns, rows),) + more[1:]
    return held + more
