"""A head-end that does not tell the truth: what it says instead of its acknowledgements."""

import json

KINDS = {
    "nothing": "acknowledges nothing",
    "late": "acknowledges, but only after --late seconds",
    "garbage": "answers with what is no acknowledgement",
    "unsent": "acknowledges what was never sent as well, and everything to come",
    "die": "acknowledges, forgets it and ends after --count acknowledgements",
}

GARBAGE = (
    b"",
    b"\x00\xff\xfe",
    b"{",
    b"[[[[[[",
    b"null",
    b'{"events":7}',
    b'{"events":[[true,1]]}',
    b'{"events":[["1","2"]]}',
    b'{"curve":[[1,2]]}',
    b'{"upto":[1]}',
    b'{"upto":[1,-1]}',
    b'{"curve_upto":1.5}',
    b'{"events":[[1,1e3]]}',
    b"x" * 5000,
)

UNSENT = json.dumps(
    {
        "upto": [1 << 20, 1 << 40],
        "curve_upto": 1 << 60,
        "events": [[0, 0], [99999, *range(200)]],
        "curve": [[1, "no such device"]],
    }
).encode()
