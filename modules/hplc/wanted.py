"""What is still wanted of a node, item by item, so that what one answer left out is asked for
again and what it told is kept. Items are numbered through all reads of the profile, split ones
by their parts; of the first 32 it is remembered which came."""

from firmware.core.quality import IV
from modules.hplc import nodes as nodes_


class Wanted:
    def __init__(self, nodes, meters):
        self._nodes = nodes
        self._meters = meters

    def choose(self, node, most):
        """At most `most` items that are wanted."""
        nodes = self._nodes
        pending, done = nodes.pending[node], nodes.done[node]
        items = []
        bit = 1
        for item in self._items(node):
            if pending >> (item >> 8) & 1 and not done & bit and len(items) < most:
                items.append(item)
            bit = bit << 1 & 0xFFFFFFFF
        if not items:
            nodes.done[node] = 0  # cannot be: begin anew
        return items

    def another(self, node):
        """An item, whether it is wanted or not, each time another."""
        items = self._items(node)
        return [items[self._nodes.failures[node] % len(items)]]

    def note(self, node, answered, refused):
        """These items came, these reads (a sum of bits) were refused as a whole; reads that are
        complete are not wanted any more."""
        nodes = self._nodes
        if refused:
            nodes.split[node] |= refused
            nodes.done[node] = 0  # the items are others from here on
            answered = [item for item in answered if not refused >> (item >> 8) & 1]
        items = self._items(node)
        done = nodes.done[node]
        lacking = 0
        bit = 1
        for item in items:
            if item in answered:
                done |= bit
            elif not done & bit:
                lacking |= 1 << (item >> 8)
            bit = bit << 1 & 0xFFFFFFFF
        pending = nodes.pending[node] = nodes.pending[node] & lacking
        bit = 1
        for item in items:
            if not pending >> (item >> 8) & 1:
                done &= ~bit
            bit = bit << 1 & 0xFFFFFFFF
        nodes.done[node] = done
        if not pending:
            nodes.drop(node, nodes_.SUSPECT)

    def give_up(self, node, news):
        """What is wanted is invalid, until it is wanted anew."""
        nodes = self._nodes
        profile = nodes.profiles[node]
        for read in range(len(profile.reads)):
            if nodes.pending[node] >> read & 1:
                points = profile.reads[read][1]
                for i in range(0, len(points), 2):
                    news.put(node, points[i], 0, IV)
        nodes.pending[node] = nodes.done[node] = 0
        nodes.drop(node, nodes_.SUSPECT)

    def _items(self, node):
        """All there are of a node, in order."""
        profile = self._nodes.profiles[node]
        split = self._nodes.split[node]
        items = []
        for read in range(len(profile.reads)):
            items += self._meters.items_of(profile, read, split >> read & 1)
        return items
