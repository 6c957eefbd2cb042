"""The JSON face, judged by CPython's json and Decimal: exact numbers, any text, stable order."""

import json
from decimal import Decimal

import pytest

from firmware.core.errors import CodecError
from firmware.uplink import json_face

NAMES = ("ua", "ia", "ep", "cos")


def test_message_is_exact_and_ordered():
    body = json_face.message(
        "Zähler 3", 1_795_392_000_123, 7, NAMES, (-1, -3, 2, -3), (2305, -5, 7, 0), (0, 0, 0, 0)
    )
    assert (
        body
        == (
            '{"device":"Zähler 3","stamp_ms":1795392000123,"seq":7,'
            '"values":{"ua":230.5,"ia":-0.005,"ep":700,"cos":0.000}}'
        ).encode()
    )


@pytest.mark.parametrize("power", range(-6, 4))
@pytest.mark.parametrize("value", [0, 1, -1, 9, 10, -99, 12345, 2**63 - 1, -(2**63)])
def test_every_digit_survives(value, power):
    body = json_face.message("d", 0, 0, ("v",), (power,), (value,), (0,))
    read = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    assert read["values"]["v"] == Decimal(value).scaleb(power)


def test_bad_quality_is_null_and_says_why():
    body = json_face.message("d", 0, 0, NAMES, (0,) * 4, (1, 2, 3, 4), (0, 0x80, 0x40, 0xC1))
    read = json.loads(body)
    assert read["values"] == {"ua": 1, "ia": None, "ep": None, "cos": None}
    assert read["q"] == {"ia": 0x80, "ep": 0x40, "cos": 0xC1}


def test_a_substituted_value_is_shown_with_its_mark():
    read = json.loads(json_face.message("d", 0, 0, "ab", (0, 0), (1, 2), (0x20, 0xA0)))
    assert read["values"] == {"a": 1, "b": None} and read["q"] == {"a": 0x20, "b": 0xA0}


def test_plain_iterables_will_do():
    body = json_face.message("d", 0, 0, iter("ab"), iter([0, -1]), iter([1, 2]), iter([0, 0]))
    assert json.loads(body)["values"] == {"a": 1, "b": 0.2}


TEXTS = [
    "",
    'say "no"',
    "back\\slash",
    "tab\tline\nend\r",
    "".join(map(chr, range(129))),
    "电表 ü ✓ 𝄞",
]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text(text):
    assert json.loads(json_face.quoted(text)) == text
    body = json_face.message(text, 0, 0, (text,), (0,), (1,), (4,))
    assert json.loads(body)["q"] == {text: 4}
    event = json_face.event(text, text, 5, 2, 9, text)
    assert list(json.loads(event).items()) == [
        ("event", text),
        ("device", text),
        ("stamp_ms", 5),
        ("boot", 2),
        ("seq", 9),
        ("text", text),
    ]


def test_event_of_the_terminal_itself():
    assert json_face.event(1001, None, 5, 2, 9, "x") == (
        b'{"event":1001,"device":null,"stamp_ms":5,"boot":2,"seq":9,"text":"x"}'
    )


def test_topics():
    assert json_face.data_topic("st1", "meter-01") == b"ttu/st1/meter-01/data"
    assert json_face.event_topic("st1") == b"ttu/st1/event"
    assert json_face.status_topic("st1") == b"ttu/st1/status"
    # reserved characters are one level still, and two names never share a topic
    names = ["a/b", "a+b", "a#b", "a%2Fb", "a\0b", "ä"]
    topics = [json_face.data_topic("s", name) for name in names]
    assert topics[0] == b"ttu/s/a%2Fb/data" and topics[3] == b"ttu/s/a%252Fb/data"
    assert len(set(topics)) == len(names)
    for topic in topics:
        assert topic.count(b"/") == 3 and not set(b"+#\0") & set(topic)
    with pytest.raises(CodecError):
        json_face.data_topic("s", "")


def test_status_is_json():
    assert json.loads(json_face.ONLINE) == {"state": "online"}
    assert json.loads(json_face.OFFLINE) == {"state": "offline"}
