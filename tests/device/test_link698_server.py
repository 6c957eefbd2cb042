"""What the terminal answers a DL/T 698.45 master, requests and answers laid by hand, and what it
does not answer."""

from binascii import hexlify, unhexlify

from master698_world import OWN, ZONE_MIN, local_s, request, said
from time_world import START_US

from firmware.codec import dlt698
from firmware.codec.dlt698_address import ANY, BROADCAST, EVERYBODY, GROUP, Address, meter
from firmware.codec.dlt698_segment import FIRST, LAST, MIDDLE, header
from firmware.codec.dlt698_server import Server
from firmware.timing.clock_object import ClockObject

commands = []
dar = 0


def command(utc_us):
    commands.append(utc_us)
    return dar


server = Server(OWN, ClockObject(lambda: START_US // 1000, ZONE_MIN, command))
NOW = local_s(START_US)
THEN_US = START_US + 77000000
THEN = local_s(THEN_US)


def says(asked, answered, **more):
    found = said(server, request(asked, **more))
    assert found == unhexlify(answered.replace(" ", "")), hexlify(found)


HEX = hexlify(NOW).decode()
# GET
says("05 01 05 40000200", "85 01 05 40000200 01" + HEX + "0000")
says("05 01 85 40000200", "85 01 85 40000200 01" + HEX + "0000")
# with a time tag of long ago: it is not judged
says(
    "05 01 05 40000200",
    "85 01 05 40000200 01" + HEX + "0000",
    tail=unhexlify("0107e101010000000100" + "01"),
)
says("05 01 05 40000201", "85 01 05 40000201 00 04 0000")
says("05 01 05 40000300", "85 01 05 40000300 00 04 0000")
says("05 01 05 20000200", "85 01 05 20000200 00 06 0000")
says(
    "05 02 06 02 40000200 40010200",
    "85 02 06 02 40000200 01" + HEX + "40010200 00 06 0000",
)
# SET
says("06 01 07 40000200", "86 01 07 40000200 00 0000", more=THEN)
assert commands == [THEN_US]
for dar in (2, 3):
    says("06 01 07 40000200", "86 01 07 40000200 %02x 0000" % dar, more=THEN)
dar = 0
commands.clear()
says("06 01 07 40000200", "86 01 07 40000200 07 0000", more=b"\x12\0\1")
says("06 01 07 40000200", "86 01 07 40000200 07 0000", more=b"\0")
says("06 01 07 40000200", "86 01 07 40000200 08 0000", more=unhexlify("1c07ea021e0c0000"))
says("06 01 07 40000200", "86 01 07 40000200 08 0000", more=unhexlify("1c07ea0b1e0cffff"))
says("06 01 07 40000300", "86 01 07 40000300 04 0000", more=b"\x16\0")
says("06 01 07 f1010200", "86 01 07 f1010200 06 0000", more=b"\x16\0")
assert commands == []
# ACTION
says("07 01 08 40007f00", "87 01 08 40007f00 00 00 0000", more=THEN)
assert commands == [THEN_US]
says("07 01 08 40007e00", "87 01 08 40007e00 04 00 0000", more=THEN)
says("07 01 08 43000100", "87 01 08 43000100 06 00 0000", more=b"\0")
# SET list
commands.clear()
text = "06 02 07 02 40000200" + hexlify(THEN).decode() + "40010200"
says(text, "86 02 07 02 40000200 00 40010200 06 0000", more=b"\x09\0")
assert len(commands) == 1
# a list whose end is missing does nothing
commands.clear()
says(text, "ee 07 01 0000", more=b"\x09\x05")
says("06 01 07 40000200", "ee 07 01 0000", more=THEN + b"\0")
says("06 01 07 40000200", "ee 07 01 0000", more=THEN[:-1], tail=b"")
says("05 02 09 11" + 17 * "40000200", "ee 09 ff 0000")
says("05 03 09 50040200 00 00", "ee 09 02 0000")
says("06 03 09 00", "ee 09 02 0000")
says("09 01 09 0000 00", "ee 09 02 0000")
says("05", "ee 00 02 0000")
assert commands == []
# nothing is answered to an answer
for text in ("08 01 05 00", "6e 05 01"):
    assert said(server, request(text)) is None

# CONNECT, sizes cut down to ours, and RELEASE
TERMS = "0010" + "ff" * 24 + "%s 01 %s 00000064"
ASKED = TERMS % ("04000400", "0400")
GIVEN = TERMS % ("02000200", "0200")
FACTORY = hexlify(b"OTTU" + b" " * 28).decode()
for mechanism, secrets in (("00", ""), ("01", "0131"), ("02", "01310132"), ("03", "01310132")):
    answered = "82 04" + FACTORY + GIVEN + mechanism + "00 0000"
    says("02 04" + ASKED + mechanism + secrets, answered)
says("02 04" + ASKED + "04", "ee 04 02 0000")
says("02 04" + ASKED, "ee 04 01 0000", tail=b"")
says("03 05", "83 05 00 0000")

# addresses
ask = "05 01 05 40000200"
for whom in (ANY, Address(1, 0, "2016AAAAAAAA"), meter("AAAAAAAAAAAA")):
    assert said(server, request(ask, whom=whom))
for whom in (meter("201605190908"), Address(GROUP, 0, OWN), Address(1, 0, "2017AAAAAAAA")):
    before = server.strays
    assert said(server, request(ask, whom=whom)) is None and server.strays == before + 1
# a broadcast is obeyed, and not answered
assert EVERYBODY.kind == BROADCAST
assert said(server, request("07 01 08 40007f00", more=THEN, whom=EVERYBODY)) is None
assert commands == [THEN_US]
# not a client's
for control in (0xC3, 0x83, 0x03, 0x42, 0x41):
    assert said(server, request(ask, control=control)) is None
assert len(commands) == 1
# scrambled
assert said(server, request(ask, control=0x4B))

# fragments: each but the last is acknowledged
commands.clear()
apdu = unhexlify("060107" + "40000200") + THEN + b"\0"
for kind, sequence, part in ((FIRST, 5, apdu[:4]), (MIDDLE, 6, apdu[4:9]), (LAST, 7, apdu[9:])):
    server.feed(dlt698.build(0x63, meter(OWN), 0x10, header(kind, sequence) + part))
    back = dlt698.parse(server.next())
    if kind == LAST:
        assert back.control == 0xC3 and back.data == unhexlify("860107" + "40000200" + "000000")
    else:
        assert back.control == 0xE3 and back.data == header(2, sequence)
assert commands == [THEN_US]
# one that does not fit, and a whole that is too long
before = server.strays
server.feed(dlt698.build(0x63, meter(OWN), 0x10, header(LAST, 9) + apdu))
assert server.next() == b"" and server.strays == before + 1
for i in range(3):
    server.feed(dlt698.build(0x63, meter(OWN), 0, header(MIDDLE if i else FIRST, i) + bytes(250)))
    server.next()
assert server.strays == before + 2 and len(commands) == 1

# what is no frame: counted, never grown into, and the next one is found
server.reset()
whole = request(ask)
server.feed(whole[:15])
assert server.next() is None and server.pending() == 15
server.expire()
assert server.next() is None and server.pending() == 0 and server.garbage == 15
server.feed(b"\x68\x00" * 300 + whole)
assert server.next() and server.garbage >= 600
for _ in range(20):
    server.feed(bytes(200) + whole)
    assert server.next()
server.feed(bytes([0x68]) + bytes(3000))
assert server.next() is None and server.dropped > 1000
server.feed(whole[:30])
server.reset()
assert server.pending() == 0 and server.garbage == 0
server.feed(whole)
assert server.next() and server.next() is None
print("OK")
