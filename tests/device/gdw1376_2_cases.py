"""Data units of Q/GDW 1376.2 laid by hand from the field lists, with their values."""

from binascii import unhexlify

METER = "000012345678"
OTHER = "112233445566"
M = "785634120000"  # as sent
X = "665544332211"
ASK = "68110a"  # stands for a meter's frame


def hexed(text):
    return unhexlify(text.replace(" ", ""))


# direction, AFN, Fn, form, data unit as laid by hand, its values
CASES = (
    ("*", 0x00, 1, 0, "01000080 0200", {"map": 0x80000001, "wait": 2}),
    ("*", 0x00, 1, 1, "ffff 0001", {"map": 0xFFFF, "wait": 256}),
    ("*", 0x00, 1, 2, "", {}),
    ("*", 0x00, 2, 0, "6f", {"error": 111}),
    ("d", 0x01, 1, 0, "", {}),
    ("d", 0x01, 2, 0, "", {}),
    ("d", 0x01, 3, 0, "", {}),
    ("*", 0x02, 1, 0, "02 03" + ASK, {"protocol": 2, "data": b"\x68\x11\x0a"}),
    ("d", 0x03, 1, 0, "", {}),
    (
        "u", 0x03, 1, 0, "5345 5452 08 12 11 3412",
        {"vendor": "ES", "chip": "RT", "day": "08", "month": "12", "year": "11",
         "version": "1234"},
    ),
    ("d", 0x03, 2, 0, "", {}),
    ("u", 0x03, 2, 0, "0f", {"noise": 15}),
    ("d", 0x03, 3, 0, "01 10", {"start": 1, "count": 16}),
    (
        "u", 0x03, 3, 0, "09 02" + M + "2107" + X + "1200",
        {"total": 9, "nodes": [(METER, 0x21, 7), (OTHER, 0x12, 0)]},
    ),
    ("d", 0x03, 4, 0, "", {}),
    ("u", 0x03, 4, 0, M, {"addr": METER}),
    ("d", 0x03, 5, 0, "", {}),
    ("u", 0x03, 5, 0, "92 03 6400 0180", {"status": 0x92, "channels": 3, "rates": [100, 0x8001]}),
    ("d", 0x03, 6, 0, "05", {"minutes": 5}),
    ("u", 0x03, 6, 0, "01", {"interference": 1}),
    ("d", 0x03, 7, 0, "", {}),
    ("u", 0x03, 7, 0, "5a", {"timeout": 90}),
    ("d", 0x03, 8, 0, "", {}),
    ("u", 0x03, 8, 0, "0102", {"group": 1, "power": 2}),
    ("d", 0x03, 9, 0, "03 03" + ASK, {"protocol": 3, "data": b"\x68\x11\x0a"}),
    (
        "u", 0x03, 9, 0, "2c01 03 03" + ASK,
        {"delay": 300, "protocol": 3, "data": b"\x68\x11\x0a"},
    ),
    ("d", 0x03, 10, 0, "", {}),
    (
        "u", 0x03, 10, 0,
        "b13701020000 5a 5b00 2c01 0001 07" + M + "0004 1200 130321 140422"
        "464d 4a5a 20 05 14 0200 0180 6400",
        {"mode": b"\xb1\x37\x01\x02\0\0", "timeout": 90, "broadcast_timeout": 91,
         "max_frame": 300, "max_file": 256, "upgrade_wait": 7, "addr": METER, "max_nodes": 1024,
         "nodes": 18, "protocol_date": "130321", "filing_date": "140422", "vendor": "MF",
         "chip": "ZJ", "day": "20", "month": "05", "year": "14", "version": "0002",
         "rates": [0x8001, 100]},
    ),
    ("d", 0x03, 11, 0, "f1", {"afn": 0xF1}),
    (
        "u", 0x03, 11, 0, "03" + "0f" + "00" * 31,
        {"afn": 3, "functions": b"\x0f" + bytes(31)},
    ),
    ("d", 0x03, 12, 0, "", {}),
    ("u", 0x03, 12, 0, "5345 03 02 112233", {"vendor": "ES", "id": (2, b"\x11\x22\x33")}),
    ("d", 0x03, 16, 0, "", {}),
    ("u", 0x03, 16, 0, "02", {"band": 2}),
    ("d", 0x03, 17, 0, "", {}),
    ("d", 0x03, 18, 0, "", {}),
    ("d", 0x03, 100, 0, "", {}),
    ("d", 0x04, 1, 0, "1e", {"seconds": 30}),
    ("d", 0x04, 2, 0, "", {}),
    (
        "d", 0x04, 3, 0, "01" + M + "02 03" + ASK,
        {"rate": 1, "addr": METER, "protocol": 2, "data": b"\x68\x11\x0a"},
    ),
    ("d", 0x05, 1, 0, M, {"addr": METER}),
    ("d", 0x05, 2, 0, "01", {"allow": 1}),
    ("d", 0x05, 3, 0, "02 03" + ASK, {"control": 2, "data": b"\x68\x11\x0a"}),
    ("d", 0x05, 4, 0, "3c", {"timeout": 60}),
    ("d", 0x05, 5, 0, "0301", {"group": 3, "power": 1}),
    ("d", 0x05, 6, 0, "01", {"allow": 1}),
    ("d", 0x05, 10, 0, "04", {"rate": 4}),
    ("d", 0x05, 16, 0, "03", {"band": 3}),
    ("d", 0x05, 17, 0, "010203", {"mode": 1, "channel": 2, "negotiate": 3}),
    ("d", 0x05, 20, 0, "02 0300" + ASK, {"control": 2, "data": b"\x68\x11\x0a"}),
    ("d", 0x05, 101, 0, "512210290626", {"time": "260629102251"}),  # ss mm hh DD MM YY
    ("d", 0x05, 200, 0, "01", {"allow": 1}),
    ("d", 0x05, 200, 1, M, {"addr": METER}),
    (
        "u", 0x06, 1, 0, "02" + M + "02 0100" + X + "03 0201",
        {"nodes": [(METER, 2, 1), (OTHER, 3, 0x0102)]},
    ),
    (
        "u", 0x06, 2, 0, "0300 02 0500 03" + ASK,
        {"index": 3, "protocol": 2, "seconds": 5, "data": b"\x68\x11\x0a"},
    ),
    (
        "u", 0x06, 2, 1, "0300 02 03" + ASK,
        {"index": 3, "protocol": 2, "data": b"\x68\x11\x0a"},
    ),
    ("u", 0x06, 3, 0, "02", {"finished": 2}),
    (
        "u", 0x06, 4, 0, "02" + M + "02 0100 00 03 02" + X + "02" + M + "01" + X + "03 0200 0100",
        {"nodes": [(METER, 2, 1, 0, (3, [(OTHER, 2), (METER, 1)])), (OTHER, 3, 2, 1, (0, []))]},
    ),
    (
        "u", 0x06, 5, 0, "02 04 07 01" + M,
        {"device": 2, "protocol": 4, "content": hexed("01" + M)},
    ),
    ("d", 0x10, 1, 0, "", {}),
    ("u", 0x10, 1, 0, "7301 dc05", {"total": 371, "max": 1500}),
    ("d", 0x10, 2, 0, "0100 0f", {"start": 1, "count": 15}),
    (
        "u", 0x10, 2, 0, "0201 02" + M + "f221" + X + "0130",
        {"total": 0x0102, "nodes": [(METER, 0x21F2), (OTHER, 0x3001)]},
    ),
    ("d", 0x10, 3, 0, M, {"addr": METER}),
    ("u", 0x10, 3, 0, "01" + M + "f221", {"nodes": [(METER, 0x21F2)]}),
    ("d", 0x10, 4, 0, "", {}),
    (
        "u", 0x10, 4, 0, "06 0100 0200 0300 04 0500 010203 060708",
        {"status": 6, "total": 1, "read": 2, "relayed": 3, "switches": 4, "rate": 5,
         "levels": b"\1\2\3", "steps": b"\6\7\x08"},
    ),
    ("d", 0x10, 5, 0, "0100 0f", {"start": 1, "count": 15}),
    ("u", 0x10, 5, 0, "0100 00", {"total": 1, "nodes": []}),
    ("d", 0x10, 6, 0, "0100 0f", {"start": 1, "count": 15}),
    ("u", 0x10, 6, 0, "0100 01" + M + "0000", {"total": 1, "nodes": [(METER, 0)]}),
    ("d", 0x10, 7, 0, "0100 0f", {"start": 1, "count": 15}),
    (
        "u", 0x10, 7, 0, "0200 02" + M + "02 5345 02 01 0102" + X + "03 5452 00 03",
        {"total": 2, "nodes": [(METER, 2, "ES", (1, b"\1\2")), (OTHER, 3, "RT", (3, b""))]},
    ),
    ("d", 0x10, 9, 0, "", {}),
    ("u", 0x10, 9, 0, "0002", {"size": 512}),
    ("d", 0x10, 20, 0, "0100 0f", {"start": 1, "count": 15}),
    (
        "u", 0x10, 20, 0, "0100 0200 01" + M + "0200 0100 21",
        {"total": 1, "start": 2, "nodes": [(METER, 2, 1, 0x21)]},
    ),
    ("d", 0x10, 21, 0, "0100 0f", {"start": 1, "count": 15}),
    (
        "u", 0x10, 21, 0, "0100 0200 01" + M + "0200 0100 21",
        {"total": 1, "start": 2, "nodes": [(METER, 2, 1, 0x21)]},
    ),
    ("d", 0x10, 31, 0, "0100 0f", {"start": 1, "count": 15}),
    (
        "u", 0x10, 31, 0, "0100 0200 01" + M + "1100",
        {"total": 1, "start": 2, "nodes": [(METER, 0x11)]},
    ),
    ("d", 0x10, 40, 0, "01" + M + "02", {"device": 1, "addr": METER, "kind": 2}),
    (
        "u", 0x10, 40, 0, "01" + M + "02 02 abcd",
        {"device": 1, "addr": METER, "kind": 2, "id": b"\xab\xcd"},
    ),
    ("d", 0x10, 100, 0, "", {}),
    ("u", 0x10, 100, 0, "0002", {"size": 512}),
    ("d", 0x10, 104, 0, "", {}),
    ("d", 0x10, 111, 0, "", {}),
    (
        "u", 0x10, 111, 0, "02 010203" + M + "040506 070809",
        {"count": 2, "nid": b"\1\2\3", "addr": METER,
         "neighbours": [b"\4\5\6", b"\7\x08\x09"]},
    ),
    ("d", 0x10, 112, 0, "0100 0f", {"start": 1, "count": 15}),
    (
        "u", 0x10, 112, 0, "0100 0200 01" + M + "01" + "ab" * 24 + "0102",
        {"total": 1, "start": 2, "nodes": [(METER, 1, b"\xab" * 24, "0201")]},
    ),
    ("d", 0x11, 1, 0, "02" + M + "02" + X + "03", {"nodes": [(METER, 2), (OTHER, 3)]}),
    ("d", 0x11, 1, 1, "01" + M + "010002", {"nodes": [(METER, b"\1\0\2")]}),
    ("d", 0x11, 2, 0, "02" + M + X, {"nodes": [METER, OTHER]}),
    ("d", 0x11, 3, 0, M + "01" + X, {"addr": METER, "relays": [OTHER]}),
    ("d", 0x11, 4, 0, "03 6400", {"mode": 3, "rate": 100}),
    (
        "d", 0x11, 5, 0, "000010290626 3c00 02 05",
        {"time": "260629100000", "minutes": 60, "retries": 2, "slots": 5},
    ),
    ("d", 0x11, 6, 0, "", {}),
    ("d", 0x11, 100, 0, "0002", {"size": 512}),
    ("d", 0x11, 101, 0, "", {}),
    ("d", 0x11, 102, 0, "", {}),
    ("d", 0x12, 1, 0, "", {}),
    ("d", 0x12, 2, 0, "", {}),
    ("d", 0x12, 3, 0, "", {}),
    (
        "d", 0x13, 1, 0, "02 00 01" + X + "03" + ASK,
        {"protocol": 2, "delay": 0, "attached": [OTHER], "data": b"\x68\x11\x0a"},
    ),
    (
        "d", 0x13, 1, 1, "02 01" + X + "03" + ASK,
        {"protocol": 2, "attached": [OTHER], "data": b"\x68\x11\x0a"},
    ),
    (
        "u", 0x13, 1, 0, "0100 02 03" + ASK,
        {"seconds": 1, "protocol": 2, "data": b"\x68\x11\x0a"},
    ),
    ("u", 0x13, 1, 0, "5a00 02 00", {"seconds": 90, "protocol": 2, "data": b""}),
    ("u", 0x13, 1, 1, "02 03" + ASK, {"protocol": 2, "data": b"\x68\x11\x0a"}),
    (
        "d", 0x13, 2, 0, "03 01 00 0300" + ASK,
        {"protocol": 3, "delay": 1, "attached": [], "data": b"\x68\x11\x0a"},
    ),
    (
        "u", 0x13, 2, 0, "0100 03 0300" + ASK,
        {"seconds": 1, "protocol": 3, "data": b"\x68\x11\x0a"},
    ),
    ("u", 0x14, 1, 0, "01" + M + "0302", {"phase": 1, "addr": METER, "index": 0x0203}),
    (
        "d", 0x14, 1, 0, "02 01 03" + ASK + "01" + X,
        {"flag": 2, "delay": 1, "data": b"\x68\x11\x0a", "attached": [OTHER]},
    ),
    ("u", 0x14, 2, 0, "", {}),
    ("d", 0x14, 2, 0, "512210290626", {"time": "260629102251"}),
    (
        "u", 0x14, 3, 0, M + "0500 03" + ASK,
        {"addr": METER, "delay": 5, "data": b"\x68\x11\x0a"},
    ),
    ("d", 0x14, 3, 0, "00", {"data": b""}),
    ("u", 0x14, 4, 0, "01 00010000", {"type": 1, "item": b"\0\1\0\0"}),
    (
        "d", 0x14, 4, 0, "01 00010000 1234",
        {"type": 1, "item": b"\0\1\0\0", "data": b"\x12\x34"},
    ),
    (
        "d", 0x15, 1, 0, "07 01 00 0201 04000080 0300" + ASK,
        {"file": 7, "last": 1, "command": 0, "total": 0x0102, "segment": 0x80000004,
         "data": b"\x68\x11\x0a"},
    ),
    ("u", 0x15, 1, 0, "ffffffff", {"segment": 0xFFFFFFFF}),
    (
        "d", 0xF1, 1, 0, "03 00 0300" + ASK,
        {"protocol": 3, "reserved": 0, "data": b"\x68\x11\x0a"},
    ),
    (
        "d", 0xF1, 1, 1, "01" + M + "02 03" + ASK, {"nodes": [(METER, 2, b"\x68\x11\x0a")]},
    ),
    ("u", 0xF1, 1, 0, "03 0300" + ASK, {"protocol": 3, "data": b"\x68\x11\x0a"}),
    ("u", 0xF1, 1, 0, "03 0000", {"protocol": 3, "data": b""}),
)  # fmt: skip
