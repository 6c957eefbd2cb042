"""What the bench counts. The first six have bars; sentences say what was seen, a few of each."""

KEYS = (
    "cuts_fired",
    "acked_lost",
    "corrupt_served",
    "unmountable",
    "order_broken",
    "energy_backwards",
    "batches_split",  # an unacknowledged batch that is there in part
    "escaped",  # exceptions that are no StoreError
)
_SHOWN = 5


class Tally:
    def __init__(self):
        self.counts = dict.fromkeys(KEYS, 0)
        self.most = {}  # name: largest seen
        self.texts = []

    def add(self, key, text="", n=1):
        self.counts[key] = self.counts.get(key, 0) + n
        if text and len(self.texts) < _SHOWN:
            self.texts.append("%s: %s" % (key, text))

    def top(self, name, value):
        self.most[name] = max(self.most.get(name, 0), value)

    @property
    def wrong(self):
        return sum([self.counts[key] for key in KEYS[1:]])
