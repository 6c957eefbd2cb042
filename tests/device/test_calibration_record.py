"""The calibration's record on flash: kept, undone, sealed, damaged, with the power cut."""

from flash import each_cut, formatted, mounted

from firmware.core.errors import ConfigError
from firmware.core.twin import Twin
from firmware.store.calibration import CalibrationRecord, checksum

ROWS = ((0x000, -5), (0x006, 2918560), (0x00B, (1 << 31) - 1), (0x00F, -(1 << 31)))
OTHER = ((0x000, 7),)


def record(fs):
    kept = CalibrationRecord(Twin("/a", "/b", 4096, fs))
    return kept, kept.load()


def entry(rows, operator, settings):
    facts = {"rows": rows, "done": ["gain UA"], "utc_ms": 1790000000000}
    return dict(facts, operator=operator, settings=settings)


def fresh(fs):
    """A record as the next boot finds it."""
    kept, wrong = record(fs)
    assert wrong == "", wrong
    return kept


flash, fs = formatted()

# nothing is kept yet
kept = fresh(fs)
assert kept.rows == () and not kept.is_kept() and kept.settings == -1
assert kept.facts() == [("calibration", "none")]
try:
    kept.undo(1)
    raise AssertionError("undone without a calibration")
except ConfigError as error:
    assert "no earlier calibration" in str(error)
kept.seal("u=1", 0x1111)
assert not fresh(fs).is_kept() and fresh(fs).expected_crc("u=1") == 0x1111

# kept, replaced, undone: twice is forward again
kept.replace(entry(ROWS, "Li", 3))
assert fresh(fs).rows == ROWS and fresh(fs).settings == 3 and fresh(fs).done == ["gain UA"]
kept.replace(entry(OTHER, "Wu", 4))
assert fresh(fs).rows == OTHER
kept.undo(5)
again = fresh(fs)
assert again.rows == ROWS and again.settings == 5 and again.facts()[0] == ("calibrated by", "Li")
again.undo(6)
assert fresh(fs).rows == OTHER and fresh(fs).facts()[0] == ("calibrated by", "Wu")

# CRC-32 of each register and value as 32-bit words; as zlib has it for these bytes
assert checksum(()) == 0 and checksum(OTHER) == 0xFB464ACA, hex(checksum(OTHER))
assert checksum(ROWS) != checksum(ROWS[1:])

# the unit's own checksum belongs to these settings and rows
kept = fresh(fs)
assert kept.expected_crc("u=1") is None  # sealed with other rows
kept.seal("u=1", 0x1234)
kept.seal("u=1", None)  # a unit that has none
assert fresh(fs).expected_crc("u=1") == 0x1234 and fresh(fs).expected_crc("u=2") is None
kept.undo(7)
assert fresh(fs).expected_crc("u=1") is None

# a record that is not what was kept is not used
twin = Twin("/a", "/b", 4096, fs)
payload = twin.load()[0]
for old, new in (
    (b'"checksum": ', b'"checksum": 1'),
    (b"2918560", b"2918561"),
    (b'"rows"', b'"rews"'),
    (b"{", b"["),
):
    assert old in payload, payload
    twin.save(payload.replace(old, new))
    damaged, wrong = record(fs)
    assert "not what this firmware keeps" in wrong and damaged.rows == ()
    assert not damaged.is_kept()
twin.save(payload)
assert fresh(fs).rows == ROWS

# the power goes at each operation of flash in turn: the old calibration or the new one
cuts = 0
for fs, is_done, _ in each_cut(
    bytes(flash.bytes), lambda fs: fresh(fs).replace(entry(OTHER, "Z", 8))
):
    found = fresh(fs)
    assert found.rows == OTHER or (found.rows == ROWS and not is_done)
    cuts += 1
assert cuts > 10
mounted(flash)

print("OK")
