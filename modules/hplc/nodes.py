"""The nodes behind the module: who they are, what the network says of them, what is wanted of
them. Flat arrays, 42 bytes a node beside names and addresses. Times are s of uptime."""

from array import array

from micropython import const

# flags
JOINED = const(1)  # the network has it
OUT = const(2)  # it lost its power, as was reported
LOST = const(4)  # it does not answer, as was told
BUSY = const(8)  # it is being asked
SEEN = const(16)  # it has answered since we began
SUSPECT = const(32)  # it answers, but not to everything

DIRECT, RADIO, DUAL = const(2), const(4), const(5)  # `kinds`: devices of 06H F5
_MEDIA = {DIRECT: "HPLC", RADIO: "radio", DUAL: "dual", 3: "PLC", 6: "dual PLC"}
_ROLES = {1: "station", 2: "proxy", 4: "main"}
_NEVER = const(0xFFFFFFFF)


class Nodes:
    def __init__(self, names, addresses, profiles):
        count = len(names)
        self.names = names
        self.addresses = addresses
        self.profiles = profiles  # Profile of each
        self.flags = bytearray(count)
        self.failures = bytearray(count)  # requests without an answer, in a row
        self.kinds = bytearray(count)  # device type, 0: not known
        self.places = bytearray(count)  # role << 4 | level, of 10H F21
        self.infos = array("H", [0] * count)  # of 10H F2
        self.teis = array("H", [0] * count)
        self.proxies = array("H", [0] * count)  # TEI of the next node on the way
        self.seen_s = array("I", [0] * count)  # last answer
        self.alarm_s = array("I", [0] * count)  # when status words are wanted next
        self.due_s = array("I", [0] * count)  # since when something is wanted
        self.next_s = array("I", [0] * count)  # not to be asked before
        self.pending = array("I", [0] * count)  # bit n: read n of the profile is wanted
        self.done = array("I", [0] * count)  # bit n: item n of a read that is wanted came
        self.split = array("I", [0] * count)  # bit n: read n is refused as a whole

    def __len__(self):
        return len(self.names)

    def find(self, address):
        """Number of the node, -1: it is not ours."""
        try:
            return self.addresses.index(address)
        except ValueError:
            return -1

    def has(self, node, flag):
        return self.flags[node] & flag != 0

    def set(self, node, flag):
        self.flags[node] |= flag

    def drop(self, node, flag):
        self.flags[node] &= ~flag

    def is_doubtful(self, node):
        """It may well not answer: lost, without power, or not in the network."""
        return self.flags[node] & (LOST | OUT | JOINED) != JOINED

    def count(self, flag):
        return sum([1 for flags in self.flags if flags & flag])

    def protocol(self, node):
        """As in the module's archive: 2 DL/T 645, 3 DL/T 698.45."""
        return 3 if self.profiles[node].protocol == "dlt698" else 2

    def medium(self, node):
        return _MEDIA.get(self.kinds[node], "-")

    def role(self, node):
        return _ROLES.get(self.places[node] >> 4, "-")

    def level(self, node):
        return self.places[node] & 15 or self.infos[node] & 15

    def quality(self, node):
        return self.infos[node] >> 4 & 15

    def phase(self, node):
        """ "A", "AB" .. of bits 8 to 10 (newer editions), "-": not known."""
        bits = self.infos[node] >> 8 & 7
        return "".join(["ABC"[i] for i in range(3) if bits >> i & 1]) or "-"

    def state(self, node):
        flags = self.flags[node]
        if flags & OUT:
            return "out"
        if flags & LOST:
            return "silent"
        if flags & SEEN:
            return "read" if not self.pending[node] else "due"
        return "joined" if flags & JOINED else "absent"
