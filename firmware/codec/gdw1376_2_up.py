"""Data units that come up, from the module to the terminal, and what is in them.

Layouts are written as gdw1376_2_unit explains; a marked row says how certain it is. The content
of an event (06H F5) is read by gdw1376_2_events.
"""

from collections import namedtuple

from micropython import const

from firmware.codec import gdw1376_2_unit as units

_NODE = const((("addr", "hex", 6),))
_ROUTED = const((("addr", "hex", 6), ("info", "u", 2)))
_LISTED = const(((("total", "u", 2), ("nodes", "list", _ROUTED)),))
_SIZE = const(((("size", "u", 2),),))
_TYPED = const((("addr", "hex", 6), ("protocol", "u", 1)))
_PLACED = const(
    (
        (
            ("total", "u", 2),
            ("start", "u", 2),
            # role 1 station, 2 proxy, 4 coordinator in the high nibble of info, level in the low
            (
                "nodes",
                "list",
                (("addr", "hex", 6), ("tei", "u", 2), ("proxy", "u", 2), ("info", "u", 1)),
            ),
        ),
    )
)

_ROWS = (
    (
        0x03, 1, "S", (
            (
                ("vendor", "txt", 2), ("chip", "txt", 2), ("day", "hex", 1), ("month", "hex", 1),
                ("year", "hex", 1), ("version", "hex", 2),
            ),
        ),
    ),
    (0x03, 2, "1", ((("noise", "u", 1),),)),
    (
        0x03, 3, "1", (
            (
                ("total", "u", 1),
                ("nodes", "list", (("addr", "hex", 6), ("quality", "u", 1), ("hits", "u", 1))),
            ),
        ),
    ),
    (0x03, 4, "S", ((("addr", "hex", 6),),)),
    (
        0x03, 5, "1", (
            (("status", "u", 1), ("channels", "u", 1), ("rates", "many", (("rate", "u", 2),))),
        ),
    ),
    (0x03, 6, "1", ((("interference", "u", 1),),)),
    (0x03, 7, "1", ((("timeout", "u", 1),),)),  # s
    (0x03, 8, "1", ((("group", "u", 1), ("power", "u", 1)),)),
    (0x03, 9, "1", ((("delay", "u", 2), ("protocol", "u", 1), ("data", "blob", 1)),)),
    (
        0x03, 10, "1", (
            (
                ("mode", "raw", 6), ("timeout", "u", 1), ("broadcast_timeout", "u", 2),
                ("max_frame", "u", 2), ("max_file", "u", 2), ("upgrade_wait", "u", 1),
                ("addr", "hex", 6), ("max_nodes", "u", 2), ("nodes", "u", 2),
                ("protocol_date", "dig", 3), ("filing_date", "dig", 3), ("vendor", "txt", 2),
                ("chip", "txt", 2), ("day", "hex", 1), ("month", "hex", 1), ("year", "hex", 1),
                ("version", "hex", 2), ("rates", "many", (("rate", "u", 2),)),
            ),
        ),
    ),
    (0x03, 11, "1", ((("afn", "u", 1), ("functions", "raw", 32)),)),  # bit 0 of byte 0: F1
    (0x03, 12, "1", ((("vendor", "txt", 2), ("id", "id", 0)),)),  # format 1 BCD 2 BIN 3 ASCII
    (0x03, 16, "1", ((("band", "u", 1),),)),
    (
        0x06, 1, "1", (
            (("nodes", "list", (("addr", "hex", 6), ("protocol", "u", 1), ("index", "u", 2))),),
        ),
    ),
    (
        0x06, 2, "1", (  # seconds: how long it was under way
            (
                ("index", "u", 2), ("protocol", "u", 1), ("seconds", "u", 2),
                ("data", "blob", 1),
            ),
            (("index", "u", 2), ("protocol", "u", 1), ("data", "blob", 1)),  # 2009
        ),
    ),
    (0x06, 3, "1", ((("finished", "u", 1),),)),  # 1 reading, 2 search, 3 area identification
    (
        0x06, 4, "1", (
            (
                (
                    "nodes", "list", (
                        ("addr", "hex", 6), ("protocol", "u", 1), ("index", "u", 2),
                        ("device", "u", 1), ("attached", "units", _TYPED),
                    ),
                ),
            ),
        ),
    ),
    (0x06, 5, "1", ((("device", "u", 1), ("protocol", "u", 1), ("content", "blob", 1)),)),
    (0x10, 1, "S", ((("total", "u", 2), ("max", "u", 2)),)),
    (0x10, 2, "S", _LISTED),
    (0x10, 3, "1", ((("nodes", "list", _ROUTED),),)),
    (
        0x10, 4, "?", (
            (
                ("status", "u", 1), ("total", "u", 2), ("read", "u", 2), ("relayed", "u", 2),
                ("switches", "u", 1), ("rate", "u", 2), ("levels", "raw", 3),
                ("steps", "raw", 3),  # one byte a phase
            ),
        ),
    ),
    (0x10, 5, "1", _LISTED),
    (0x10, 6, "1", _LISTED),
    (
        0x10, 7, "1", (
            (
                ("total", "u", 2),
                (
                    "nodes", "list", (
                        ("addr", "hex", 6), ("type", "u", 1), ("vendor", "txt", 2),
                        ("id", "id", 0),
                    ),
                ),
            ),
        ),
    ),
    (0x10, 9, "1", _SIZE),
    (0x10, 20, "?", _PLACED),
    (0x10, 21, "1", _PLACED),
    (0x10, 31, "1", ((("total", "u", 2), ("start", "u", 2), ("nodes", "list", _ROUTED)),)),
    (
        0x10, 40, "1", (  # kind: 1 chip, 24 bytes; 2 module, 11 bytes
            (("device", "u", 1), ("addr", "hex", 6), ("kind", "u", 1), ("id", "blob", 1)),
        ),
    ),
    (0x10, 100, "1", _SIZE),
    (
        0x10, 111, "1", (
            (
                ("count", "u", 1), ("nid", "raw", 3), ("addr", "hex", 6),
                ("neighbours", "many", (("nid", "raw", 3),)),
            ),
        ),
    ),
    (
        0x10, 112, "1", (
            (
                ("total", "u", 2), ("start", "u", 2),
                (
                    "nodes", "list", (
                        ("addr", "hex", 6), ("device", "u", 1), ("chip", "raw", 24),
                        ("version", "hex", 2),
                    ),
                ),
            ),
        ),
    ),
    (
        0x13, 1, "S", (  # data is empty when the node did not answer
            (("seconds", "u", 2), ("protocol", "u", 1), ("data", "blob", 1)),
            (("protocol", "u", 1), ("data", "blob", 1)),  # 2009
        ),
    ),
    (0x13, 2, "1", ((("seconds", "u", 2), ("protocol", "u", 1), ("data", "blob", 2)),)),
    (0x14, 1, "1", ((("phase", "u", 1), ("addr", "hex", 6), ("index", "u", 2)),)),
    (0x14, 2, "1", ((),)),
    (0x14, 3, "1", ((("addr", "hex", 6), ("delay", "u", 2), ("data", "blob", 1)),)),
    (0x14, 4, "1", ((("type", "u", 1), ("item", "raw", 4)),)),  # type 1 645, 2 698
    (0x15, 1, "?", ((("segment", "u", 4),),)),  # FFFFFFFF: error
    (0xF1, 1, "?", ((("protocol", "u", 1), ("data", "blob", 2)),)),  # empty: A1 failed
)  # fmt: skip

# phases: bits 11..8 of the information, whose meaning differs between editions
Route = namedtuple("Route", ("level", "quality", "phases", "protocol"))


def decode(afn, fn, unit):
    """Values by name, or None where the layout is not known; CodecError (gdw1376_2_unit)."""
    return units.decode(units.find(_ROWS, afn, fn), unit)


def encode(afn, fn, values, form=0):
    """The data unit; CodecError when a value is missing, or does not fit (gdw1376_2_unit)."""
    return units.encode(units.find(_ROWS, afn, fn), values, form)


def route(info):
    """The Route in a node's information of 10H F2, F3, F5 and F6 (newer editions)."""
    return Route(info & 15, info >> 4 & 15, info >> 8 & 15, info >> 12 & 7)
