"""`python -m tools.vectors`: all vectors of DL/T 645, DL/T 698.45 and Q/GDW 1376.2 pass under
MicroPython, each cut at every byte; defects are caught; what cannot be replayed is said in one
sentence."""

import json
import shutil

import pytest
from conftest import ROOT

PROTOCOL = "dlt645-2007"
REPLY = "6801000000000068910833333433ab8967451716"  # 00010000 of 000000000001: 123456.78 kWh
DECODED = {"addr": "000000000001", "c": "0x91", "di": "00010000", "value": "123456.78"}


@pytest.fixture
def folder(tmp_path):
    """folder(vectors) -> a folder with one file of them."""

    def write(vectors, name="some.json"):
        (tmp_path / name).write_text(json.dumps(vectors), encoding="utf-8")
        return tmp_path

    return write


FILES = ("dlt645.json", "dlt698.json", "dlt698-apdu.json", "gdw1376-2.json", "negative.json")


def ours(shared):
    """The shared vectors of the protocols that have a codec."""
    folder = shared / "reference" / "vectors"
    vectors = [v for name in FILES for v in json.loads((folder / name).read_text("utf-8"))]
    return [v for v in vectors if v["protocol"].startswith(("dlt645", "dlt698", "gdw1376"))]


def one(raw=REPLY, kind="constructed", **decoded):
    return {"protocol": PROTOCOL, "hex": raw, "kind": kind, "decoded": decoded or DECODED}


def last_line(done):
    return done.stdout.splitlines()[-1]


def test_all_published_vectors_pass(replay, folder, shared):
    vectors = ours(shared)
    assert len(vectors) >= 118
    done = replay(folder(vectors))
    assert last_line(done) == f"{len(vectors)} passed, 0 failed", done.stdout + done.stderr
    assert done.returncode == 0


def test_the_whole_shared_folder_passes(replay, shared):
    done = replay(shared / "reference" / "vectors")
    assert last_line(done).endswith(" passed, 0 failed"), done.stdout
    assert done.returncode == 0


def test_protocols_without_codec_are_named(replay, folder):
    done = replay(folder([one(), dict(one(), protocol="dlms"), dict(one(), protocol="dlms")]))
    assert "FAILED 2 vectors of dlms: no codec yet" in done.stdout
    assert last_line(done) == "1 passed, 2 failed"
    assert done.returncode == 1


# GET answer of 201605190907: voltage A is 241.3 V; and the request of that
ANSWER = "8501002000020101" + "12096d" + "0000"
QUESTION = "050100200002" + "0100"


def apdu(raw, **decoded):
    return {"protocol": "dlt698.45-apdu", "hex": raw, "kind": "constructed", "decoded": decoded}


def frame698(**decoded):
    raw = "681c00c30500000000000000bcff850100200002010112096d0000def116"
    return {"protocol": "dlt698.45", "hex": raw, "kind": "public-source", "decoded": decoded}


WRONG = (
    one(**dict(DECODED, value="123456.7")),
    one(**dict(DECODED, value="-123456.78")),
    one(**dict(DECODED, addr="000000000010")),
    one(**dict(DECODED, di="00020000")),
    one(**dict(DECODED, c="0x11")),
    one(**dict(DECODED, unit="kvarh")),
    one(err="0x02"),
    one(data="00"),
    one(time="2017-06-05 10:22:51"),
    one(REPLY[:-2] + "17"),  # no frame at all
    one(REPLY + REPLY),  # two
    one(kind="invalid", reject="checksum"),  # it is valid
    one(REPLY[:-4] + "1816", kind="invalid", reject="end byte"),  # refused for another reason
    one(REPLY, kind="resync", frame_at=1),
    one(nonsense=1),
    frame698(sa="000000000001"),
    frame698(ca="0x01"),
    frame698(control="0x43"),
    frame698(sa_type="wildcard"),
    frame698(apdu=ANSWER[:-2] + "01"),
    apdu(ANSWER, oad="20000202"),
    apdu(ANSWER, data="long-unsigned 2414"),
    apdu(ANSWER, data="long 2413"),
    apdu(ANSWER, dar=4),
    apdu(ANSWER, service="GET-Response 2"),
    apdu(ANSWER, service="SET-Response"),
    apdu(ANSWER[:-2]),
    apdu(ANSWER + "00"),
    apdu(QUESTION[:-2]),
    apdu(QUESTION, oad="20000202"),
    apdu(ANSWER, reject="length"),  # it is valid
    {"protocol": "no such protocol", "hex": REPLY, "decoded": {}},
    {"protocol": PROTOCOL, "hex": "6x", "decoded": {}},
)


def test_wrong_vectors_fail(replay, folder):
    done = replay(folder([*WRONG, one()]))
    assert last_line(done) == f"1 passed, {len(WRONG)} failed", done.stdout
    assert done.returncode == 1


MORE = (
    one("aa" + REPLY + "68" + REPLY, kind="resync", frame_at=1),
    one("fe" * 9 + REPLY),
    one(REPLY.upper(), data="78563412", more=False),
    one(REPLY[:-4] + "1816", kind="invalid", reject="checksum"),
    one(REPLY[:-2], kind="invalid", reject="incomplete"),
    frame698(sa="000000000000", ca="0x00", data="long-unsigned 2413", oad="20000201", dar=0),
    # a CONNECT whose password is no text
    apdu("0201" + "0010" + "ff" * 24 + "0400040001040000000064" + "0101ff00", reject="length"),
    apdu(ANSWER, service="GET-Response", oad="20000201"),
    apdu(QUESTION, service="GET-Request 1", oad="20000201"),
    apdu(ANSWER[:-2], reject="incomplete"),
    # length byte says 200: the frame behind it must come out all the same
    one("680100000000006891c8" + REPLY, kind="resync", frame_at=10),
)


def test_other_shapes_of_vectors_pass(replay, folder):
    done = replay(folder(MORE))
    assert last_line(done) == f"{len(MORE)} passed, 0 failed", done.stdout


# A defect in the codec, each a change of one line: (file, from, to)
DEFECTS = (
    ("dlt645_values.py", "return -value if negative else value", "return value"),
    ("dlt645_values.py", "100 ** (size - 1)", "10 ** (size - 1)"),
    ("dlt645_items.py", "_KWH = (NUMBER, 4, -2,", "_KWH = (NUMBER, 4, -1,"),
    ("dlt645.py", "return framer.CHECKSUM", "return last + 1 - at"),
    ("dlt645.py", "(byte - 0x33) & 0xFF", "(byte - 0x32) & 0xFF"),
    ("gdw1376_2.py", "return dt2 * 8 + bit + 1", "return dt2 * 8 + bit"),
    ("gdw1376_2.py", "return framer.CHECKSUM", "return size"),
    ("gdw1376_2.py", "out.append(afn)", "out.append(0)"),
    ("gdw1376_2_info.py", "if first & _MODULE else 0", "if first else 0"),
    ("gdw1376_2_info.py", '_pick(info.kind, 15, "characteristic") << 4', "0"),
    ("gdw1376_2_unit.py", "reversed(raw)", "raw"),
    ("gdw1376_2_unit.py", '"little")', '"big")'),
    (
        "gdw1376_2_unit.py",
        'self.items(argument, self.number(1))\n        if kind == "many"',
        'self.items(argument, 1)\n        if kind == "many"',
    ),
    ("dlt698.py", "return framer.HCS", "pass"),
    ("dlt698.py", "return framer.FCS", "pass"),
    ("dlt698_reader.py", "if size > self.end - at:", "if False:"),  # a length taken on trust
    ("dlt698_reader.py", "if value >> 8 * size - 1 else", "if False else"),
    ("dlt698_fields.py", 'DATE_TIME_S = "211111"', 'DATE_TIME_S = "2111111"'),
    ("dlt698_segment.py", "| (data[1] & 15) << 8", "| 0"),
    ("framer.py", "self._head = at + 1\n", "self._head = self._tail\n"),
    ("framer.py", "elif at < self._cut:", "elif at <= self._cut:"),
)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect[2])
def test_planted_defect_is_caught(replay, folder, shared, tmp_path_factory, defect):
    vectors = ours(shared)
    tree = tmp_path_factory.mktemp("tree")
    for part in ("firmware/core", "firmware/codec", "tools/vectors"):
        shutil.copytree(ROOT / part, tree / part)
    path = tree / "firmware" / "codec" / defect[0]
    source = path.read_text(encoding="utf-8")
    assert source.count(defect[1]) == 1
    path.write_text(source.replace(defect[1], defect[2]), encoding="utf-8")
    done = replay(folder(vectors), tree)
    assert done.returncode == 1, done.stdout
    assert not last_line(done).endswith(" 0 failed")


@pytest.mark.parametrize(
    "text", ["{", "{}", "[1]", '[{"hex": "00"}]', '[{"protocol": "a", "hex": "00", "decoded": 1}]']
)
def test_unusable_file_fails_alone(replay, tmp_path, text):
    """It is named and counted; the good file beside it is replayed all the same."""
    (tmp_path / "bad.json").write_text(text)
    good = [{"protocol": "dlt645-2007", "hex": "68aaaaaaaaaaaa681300df16", "decoded": {}}]
    (tmp_path / "good.json").write_text(json.dumps(good))
    done = replay(tmp_path)
    assert done.returncode == 1
    assert "FAILED bad.json" in done.stdout
    assert last_line(done) == "1 passed, 1 failed"


def test_a_vector_that_makes_no_sense_fails_alone(replay, tmp_path):
    frame = {"protocol": "dlt645-2007", "hex": "68aaaaaaaaaaaa681300df16"}
    odd = [{**frame, "decoded": {"addr": 5}}, {**frame, "decoded": {"addr": "AAAAAAAAAAAA"}}]
    (tmp_path / "odd.json").write_text(json.dumps(odd))
    done = replay(tmp_path)
    assert "FAILED odd.json[0]" in done.stdout
    assert last_line(done) == "1 passed, 1 failed"


def test_missing_or_empty_folder_is_one_sentence(replay, tmp_path):
    for place in (tmp_path / "nowhere", tmp_path):
        done = replay(place)
        assert done.returncode == 2 and done.stdout == ""
        assert str(place) in done.stderr and len(done.stderr.splitlines()) == 1
