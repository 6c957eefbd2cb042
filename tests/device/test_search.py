"""The search for devices against lines of meters made by hand: frames are put together here,
several answers at once become noise. A search that does not go down is caught."""

from binascii import hexlify, unhexlify

from modbus_crc import crc

from firmware.core.errors import SlotError
from modules.rs485 import search_walk
from modules.rs485.search import Search
from modules.rs485.search_walk import Tree


class Meters:
    """A line of DL/T 645-2007 meters by the standard's text, at one speed."""

    def __init__(self, addresses, speed=(2400, "even")):
        self.addresses = addresses
        self.speed = speed
        self.all_only = ()  # answer to AA AA AA AA AA AA and nothing else
        self.deaf_to_13 = False
        self.louder = {}  # address: address that drowns it
        self.echoes_wildcard = False
        self.is_glitchy = False  # a byte of the turn-around in front of each answer
        self.babbles = False
        self.asked = []  # (address digits, control) of the first questions
        self.count = 0

    def answer(self, request, speed):
        if self.babbles:
            return bytes(range(1, 40))
        if speed != self.speed:
            return b""
        body = request[4:]
        assert request[:4] == b"\xfe\xfe\xfe\xfe"
        assert body[0] == body[7] == 0x68 and body[-1] == 0x16
        assert sum(body[:-2]) & 0xFF == body[-2]
        wanted = hexlify(bytes(reversed(body[1:7]))).decode().upper()
        control = body[8]
        self.count += 1
        if self.count < 3:
            self.asked.append((wanted, control))
        if control == 0x13:
            assert wanted == "A" * 12 and body[9] == 0
        else:
            assert control == 0x11 and body[10:-2] == b"\x33\x33\x34\x33"
        there = [one for one in self.addresses if self._is_meant(one, wanted, control)]
        there = [one for one in there if self.louder.get(one) not in there]
        if not there:
            return b"\x00" if self.is_glitchy else b""
        replies = [self._reply(one, wanted, control) for one in there]
        if len(replies) == 1:
            return (b"\xff" if self.is_glitchy else b"") + replies[0]
        mixed = bytearray(replies[0])  # the line carries a 0 where anybody sends one
        for reply in replies[1:]:
            for i in range(len(mixed)):
                mixed[i] &= reply[i]
        return bytes(mixed)

    def _is_meant(self, one, wanted, control):
        if control == 0x13 and self.deaf_to_13:
            return False
        if one in self.all_only and wanted != "A" * 12:
            return False
        return all([wanted[i : i + 2] in ("AA", one[i : i + 2]) for i in range(0, 12, 2)])

    def _reply(self, one, wanted, control):
        address = bytes(reversed(unhexlify(one)))
        shown = bytes(reversed(unhexlify(wanted))) if self.echoes_wildcard else address
        # 00010000 is followed by a number that nobody else has
        data = address if control == 0x13 else b"\x00\x00\x01\x00" + address[:4]
        body = b"\x68" + shown + b"\x68" + bytes([control | 0x80, len(data)])
        body += bytes([byte + 0x33 & 0xFF for byte in data])
        return b"\xfe\xfe" + body + bytes([sum(body) & 0xFF, 0x16])


def find(line, *args, most=4000, **more):
    """The Search, over."""
    search = Search(*(args or ("dlt645",)), **more)
    done = 0
    while not search.is_over:
        search.take(line.answer(search.request(), search.speed))
        assert search.permille() >= done and search.probes <= most
        done = search.permille()
    assert done == 1000
    return search


def addresses(search):
    return sorted([row[0] for row in search.found])


def random_addresses(count, seed):
    found = []
    while len(found) < count:
        text = ""
        for _ in range(12):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            text += str((seed >> 16) % 10)
        found.append(text)
    return found


def test_nobody():
    search = find(Meters([]), bauds=(2400,))
    assert search.found == [] and search.probes == 2 and search.problems == []


def test_one():
    line = Meters(["012345678901"])
    search = find(line)
    assert search.found == [("012345678901", 2400, "even")] and search.problems == []
    # everybody, then each pair of last digits, since another may be quieter; 9600: everybody
    assert search.probes == 1 + 100 + 2
    assert find(line, sure=0, bauds=(2400,)).probes == 1
    assert line.asked[0] == ("A" * 12, 0x13)
    assert line.asked[1] == ("AAAAAAAAAA00", 0x11)


def test_two_with_equal_low_bytes():
    pair = ["000000120001", "000099120001"]
    search = find(Meters(pair), bauds=(2400,))
    assert addresses(search) == pair and search.problems == []


def test_a_quiet_one_behind_a_loud_one():
    line = Meters(["000000000001", "000000000102", "000000000301"])
    line.louder = {"000000000102": "000000000001", "000000000301": "000000000001"}
    assert addresses(find(line, bauds=(2400,))) == ["000000000001", "000000000102"]
    assert addresses(find(line, bauds=(2400,), sure=0)) == ["000000000001"]
    # the same last digits as the louder one: only a search that is surer finds it
    assert len(find(line, bauds=(2400,), sure=2).found) == 3


def test_thirty():
    there = random_addresses(30, 7)
    search = find(Meters(there, (9600, "even")))
    assert addresses(search) == sorted(there) and search.problems == []
    assert 100 < search.probes < 1200, search.probes
    assert search.found[0][1:] == (9600, "even")


def test_batch():
    """Numbers one behind the other, as they are bought."""
    there = ["0021110%05d" % (995 + i) for i in range(30)]
    search = find(Meters(there), bauds=(2400,))
    assert addresses(search) == there and search.probes == 2 + 100


def test_one_that_only_answers_to_all():
    line = Meters(["000000000001", "000000000002"])
    line.all_only = ("000000000002",)
    search = find(line, bauds=(2400,))
    assert addresses(search) == ["000000000001"]
    line = Meters(["000000000002"])
    line.all_only = ("000000000002",)
    search = find(line, bauds=(2400,))
    assert addresses(search) == ["000000000002"] and "to no part" in search.problems[0]
    line = Meters(["000000000001", "000000000002"])
    line.all_only = tuple(line.addresses)
    search = find(line, bauds=(2400,))
    assert search.found == [] and "to no part" in search.problems[0]


def test_manners():
    for manner in ("deaf_to_13", "echoes_wildcard", "is_glitchy"):
        line = Meters(["000000000001", "000000990001"])
        setattr(line, manner, True)
        search = find(line, bauds=(2400,))
        assert addresses(search) == line.addresses and search.problems == [], manner


def test_babble_ends():
    line = Meters(["000000000001"])
    line.babbles = True
    search = find(line, most=40)
    assert search.found == [] and "never quiet" in search.problems[0]


def test_a_disturbance_costs_nothing():
    class Once(Meters):
        def answer(self, request, speed):
            said = super().answer(request, speed)
            if self.count == 50 and not said:
                self.count += 1
                return b"\x12\x34\x56\x78\x9a"
            return said

    search = find(Once(["000000000001"]), bauds=(2400,))
    assert addresses(search) == ["000000000001"] and search.probes == 1 + 100 + 1


def test_bound():
    search = find(Meters(random_addresses(30, 7)), bauds=(2400,), limit=50, most=50)
    assert search.problems == ["given up after 50 probes"]


def test_modbus():
    class Units:
        def answer(self, request, speed):
            assert len(request) == 8 and request[1:6] == b"\x03\x00\x00\x00\x01"
            assert crc(request[:-2]) == request[-2:]
            unit = request[0]
            if unit in (1, 17, 247):
                body = bytes([unit, 3, 2, 0, 5]) if unit == 17 else bytes([unit, 0x83, 2])
                return body + crc(body)
            return b""

    search = find(Units(), "modbus")
    assert search.found == [(unit, 9600, "none") for unit in ("1", "17", "247")]
    assert search.probes == 247


def test_dlt698():
    """The frames are those of the reference: 45 AA .. asks all; the answer names its server."""

    class Server:
        def __init__(self):
            self.asked = []

        def answer(self, request, speed):
            self.asked.append(hexlify(request).decode())
            assert request[:4] == b"\xfe\xfe\xfe\xfe"
            flag, address = request[8], request[9:15]
            wanted = hexlify(bytes(reversed(address))).decode()
            own = "000000000010"
            assert flag == (0x45 if "a" in wanted else 0x05)
            for i in range(0, 12, 2):
                if wanted[i : i + 2] not in ("aa", own[i : i + 2]):
                    return b""
            # GetResponseNormal of 40010200: a captured frame of the link layer's test
            return ANSWER

    server = Server()
    search = find(server, "dlt698", bauds=(9600,))
    assert search.found == [("000000000010", 9600, "even")] and search.probes == 1 + 100
    assert "6817004345aaaaaaaaaaaa00" in server.asked[0]


def x25(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    value ^= 0xFFFF
    return bytes([value & 0xFF, value >> 8])


def answer_698():
    apdu = unhexlify("850100400102000109060000000000100000")
    head = bytes([11 + 2 + len(apdu) + 0, 0]) + unhexlify("c305100000000000") + b"\x00"
    size = 2 + 1 + 1 + 6 + 1 + 2 + len(apdu) + 2
    head = bytes([size, 0]) + head[2:]
    body = head + x25(head) + apdu
    return b"\x68" + body + x25(body) + b"\x16"


ANSWER = answer_698()


def test_wrong_wishes():
    for args in (("mbus",), ("dlt645", (2401,)), ("dlt645", (), "some"), ("dlt645", (), "", 9)):
        try:
            Search(*args)
        except SlotError as error:
            assert "\n" not in str(error) and len(str(error)) > 15
        else:
            raise AssertionError(args)


def test_planted_defect_is_caught():
    """One that does not go down where several answered."""
    right = Tree._go_down
    Tree._go_down = lambda self, verdict: self._go_on() if self._depth else right(self, verdict)
    assert search_walk.Tree is Tree
    try:
        for test in (test_two_with_equal_low_bytes, test_thirty, test_manners):
            try:
                test()
            except AssertionError:
                continue
            raise ValueError("the defect was not caught")
    finally:
        Tree._go_down = right


for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        test()
print("OK")
