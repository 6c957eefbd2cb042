"""Data units that go down, from the terminal to the module, and what is in them.

Layouts are written as gdw1376_2_unit explains; a marked row says how certain it is. Protocols:
0 transparent, 1 645-1997, 2 645-2007, 3 698.45. Times are twelve digits YYMMDDhhmmss.
"""

from micropython import const

from firmware.codec import gdw1376_2_unit as units

_NONE = const(((),))
_ADDRESS = const(((("addr", "hex", 6),),))
_PAGE = const(((("start", "u", 2), ("count", "u", 1)),))
_NODE = const((("addr", "hex", 6),))
_STAMP = const(((("time", "hex", 6),),))

_ROWS = (
    (0x01, 1, "S", _NONE),  # initialise: the hardware,
    (0x01, 2, "S", _NONE),  # parameters (node list),
    (0x01, 3, "S", _NONE),  # data (routes)
    (0x03, 1, "1", _NONE),
    (0x03, 2, "1", _NONE),
    (0x03, 3, "1", ((("start", "u", 1), ("count", "u", 1)),)),  # at most 16
    (0x03, 4, "1", _NONE),
    (0x03, 5, "1", _NONE),
    (0x03, 6, "1", ((("minutes", "u", 1),),)),
    (0x03, 7, "1", _NONE),
    (0x03, 8, "1", _NONE),
    (0x03, 9, "1", ((("protocol", "u", 1), ("data", "blob", 1)),)),
    (0x03, 10, "1", _NONE),
    (0x03, 11, "1", ((("afn", "u", 1),),)),
    (0x03, 12, "1", _NONE),
    (0x03, 16, "1", _NONE),
    (0x03, 17, "1", _NONE),
    (0x03, 18, "1", _NONE),
    (0x03, 100, "1", _NONE),
    (0x04, 1, "1", ((("seconds", "u", 1),),)),  # 0 stops
    (0x04, 2, "1", _NONE),
    (
        0x04, 3, "1", (
            (("rate", "u", 1), ("addr", "hex", 6), ("protocol", "u", 1), ("data", "blob", 1)),
        ),
    ),
    (0x05, 1, "S", _ADDRESS),  # of the main node
    (0x05, 2, "1", ((("allow", "u", 1),),)),  # reports of events
    (0x05, 3, "S", ((("control", "u", 1), ("data", "blob", 1)),)),  # 3: phase identification
    (0x05, 4, "1", ((("timeout", "u", 1),),)),  # s
    (0x05, 5, "1", ((("group", "u", 1), ("power", "u", 1)),)),
    (0x05, 6, "1", ((("allow", "u", 1),),)),  # area identification
    (0x05, 10, "1", ((("rate", "u", 1),),)),  # 9600, 19200, 38400, 57600, 115200
    (0x05, 16, "1", ((("band", "u", 1),),)),
    (0x05, 17, "1", ((("mode", "u", 1), ("channel", "u", 1), ("negotiate", "u", 1)),)),
    (0x05, 20, "1", ((("control", "u", 1), ("data", "blob", 2)),)),
    (0x05, 101, "1", _STAMP),
    (0x05, 200, "?", ((("allow", "u", 1),), (("addr", "hex", 6),))),  # the sources contradict
    (0x10, 1, "1", _NONE),
    (0x10, 2, "S", _PAGE),  # start counts from 1
    (0x10, 3, "1", _ADDRESS),
    (0x10, 4, "1", _NONE),
    (0x10, 5, "1", _PAGE),  # nodes not read
    (0x10, 6, "1", _PAGE),  # nodes registered by themselves
    (0x10, 7, "1", _PAGE),
    (0x10, 9, "1", _NONE),
    (0x10, 20, "1", _PAGE),
    (0x10, 21, "1", _PAGE),
    (0x10, 31, "1", _PAGE),
    (0x10, 40, "1", ((("device", "u", 1), ("addr", "hex", 6), ("kind", "u", 1)),)),
    (0x10, 100, "1", _NONE),
    (0x10, 104, "?", _NONE),
    (0x10, 111, "1", _NONE),
    (0x10, 112, "1", _PAGE),
    (
        0x11, 1, "S", (  # add nodes
            (("nodes", "list", (("addr", "hex", 6), ("protocol", "u", 1))),),
            # 2009: an index of two bytes as well, it is not certain where
            (("nodes", "list", (("addr", "hex", 6), ("more", "raw", 3))),),
        ),
    ),
    (0x11, 2, "1", ((("nodes", "list", _NODE),),)),  # remove nodes
    (0x11, 3, "1", ((("addr", "hex", 6), ("relays", "list", _NODE)),)),
    (0x11, 4, "1", ((("mode", "u", 1), ("rate", "u", 2)),)),  # bit 0: learn, 1: registration
    (
        0x11, 5, "1", (  # slots of 150 ms
            (("time", "hex", 6), ("minutes", "u", 2), ("retries", "u", 1), ("slots", "u", 1)),
        ),
    ),
    (0x11, 6, "1", _NONE),
    (0x11, 100, "1", ((("size", "u", 2),),)),
    (0x11, 101, "1", _NONE),
    (0x11, 102, "1", _NONE),
    (0x12, 1, "S", _NONE),  # the route: restart,
    (0x12, 2, "S", _NONE),  # pause,
    (0x12, 3, "S", _NONE),  # resume
    (
        0x13, 1, "1", (
            (
                ("protocol", "u", 1), ("delay", "u", 1), ("attached", "list", _NODE),
                ("data", "blob", 1),
            ),
            (("protocol", "u", 1), ("attached", "list", _NODE), ("data", "blob", 1)),  # 2009
        ),
    ),
    (
        0x13, 2, "1", (
            (
                ("protocol", "u", 1), ("delay", "u", 1), ("attached", "list", _NODE),
                ("data", "blob", 2),
            ),
        ),
    ),
    (
        0x14, 1, "1", (  # flag: 0 failed, 1 nothing to read, 2 read this
            (
                ("flag", "u", 1), ("delay", "u", 1), ("data", "blob", 1),
                ("attached", "list", _NODE),
            ),
        ),
    ),
    (0x14, 2, "1", _STAMP),
    (0x14, 3, "1", ((("data", "blob", 1),),)),  # empty: give up
    (0x14, 4, "1", ((("type", "u", 1), ("item", "raw", 4), ("data", "tail", 0)),)),
    (
        0x15, 1, "?", (
            (
                ("file", "u", 1),  # 0 clear, 3 this module, 7 main and slaves, 8 slaves
                ("last", "u", 1), ("command", "u", 1), ("total", "u", 2), ("segment", "u", 4),
                ("data", "blob", 2),
            ),
        ),
    ),
    (
        0xF1, 1, "?", (
            (("protocol", "u", 1), ("reserved", "u", 1), ("data", "blob", 2)),
            (("nodes", "list", (("addr", "hex", 6), ("protocol", "u", 1), ("data", "blob", 1))),),
        ),
    ),
)  # fmt: skip


def decode(afn, fn, unit):
    """Values by name, or None where the layout is not known; CodecError (gdw1376_2_unit)."""
    return units.decode(units.find(_ROWS, afn, fn), unit)


def encode(afn, fn, values, form=0):
    """The data unit; CodecError when a value is missing, or does not fit (gdw1376_2_unit)."""
    return units.encode(units.find(_ROWS, afn, fn), values, form)
