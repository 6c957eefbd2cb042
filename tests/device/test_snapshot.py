"""Waveform snapshots: what is frozen and when, the files, retention, bad flash and power cuts."""

import struct

from flash import each_cut, formatted
from places import everywhere

from firmware.metering import comtrade, modular, pq_events, snapshot
from firmware.metering.records import Records
from firmware.metering.ring import WaveRing

BEFORE, AFTER = 40, 60
SETS = BEFORE + AFTER
BASE_US = 1767225599990000  # 10 ms before 2026 UTC
CONFIG = comtrade.Config("ttu", "meter", 500000, 400000, 74532013, 50)
BYTES = SETS * 22 + 600


def word(sample, channel):
    return ((sample * 37 + channel * 5) % 2000 - 1000) << 12


class Rig:
    """A ring that is fed and a snapshot of it."""

    def __init__(self, fs, capacity=256, most=3, most_bytes=1 << 20, start=0, spare=0):
        self.ring = WaveRing(capacity)
        self.records = Records("/waves", most, most_bytes, fs, spare)
        self.records.start()
        self.told = []
        self.snapshot = snapshot.Snapshot(
            self.ring, self.records, CONFIG, BEFORE, AFTER, self.utc_us, self.tell
        )
        self.fs = fs
        self.sample = start

    def utc_us(self, sample):
        return BASE_US + sample * 125

    def tell(self, number, _what, sample):
        self.told.append((number, sample))

    def trigger(self, sample):
        self.snapshot.trigger(pq_events.DIP, sample)

    def feed(self, sets, steps=1):
        while sets:
            n = min(sets, 16)
            words = [word(self.sample + k, c) for k in range(n) for c in range(7)]
            self.ring.pack(struct.pack(">%di" % (7 * n), *words), 0, n, self.sample)
            self.sample += n
            sets -= n
            for _ in range(steps):
                self.snapshot.step()

    def finish(self):
        for _ in range(20):
            self.snapshot.step()

    def rows(self, number):
        """Checks the data file of a record; (first sample, sets)."""
        with self.fs.open(self.records.path(number, "dat"), "rb") as file:
            data = file.read()
        count = len(data) // 22
        assert len(data) == 22 * count
        first = None
        for k in range(count):
            row = struct.unpack_from("<II7h", data, 22 * k)
            assert row[:2] == (k + 1, 125 * k), row
            if first is None:
                first = [n for n in range(self.sample) if word(n, 0) >> 12 == row[2]][-1]
            for c in range(7):
                assert row[2 + c] == word(first + k, c) >> 12, (number, k, c)
        return first, count

    def config(self, number):
        with self.fs.open(self.records.path(number, "cfg"), "rb") as file:
            return file.read().decode().split("\r\n")


def test_record(fs):
    rig = Rig(fs)
    rig.feed(100)
    rig.trigger(90)
    rig.feed(200)
    rig.finish()
    assert rig.told == [(1, 90)] and rig.snapshot.written == 1
    assert rig.rows(1) == (50, SETS)
    lines = rig.config(1)
    assert lines[0] == "ttu,meter dip,1999" and lines[1] == "7,7A,0D"
    assert lines[2] == "1,IA,A,,A,2.19825003E-2,0,0,-32767,32767,1,1,P", lines[2]
    assert lines[3] == "2,VA,A,,V,2.74781254E-2,0,0,-32767,32767,1,1,P", lines[3]
    assert lines[8].startswith("7,IN,N,,A,2.19825003E-2,")
    assert lines[9:12] == ["50", "1", "8.00000000E3,%d" % SETS]
    assert lines[12] == "31/12/2025,23:59:59.996250", lines[12]  # sample 50
    assert lines[13] == "01/01/2026,00:00:00.001250", lines[13]  # sample 90
    assert lines[14:] == ["BINARY", "1", ""]
    # no configuration is larger than it was taken for
    assert len("\r\n".join(lines)) < 600


def test_succession(fs):
    """Events in quick succession: covered, kept waiting, or counted as lost."""
    rig = Rig(fs, 1024, 9)
    rig.feed(100, 0)
    for at in (50, 60, 109, 110, 111, 180):
        rig.trigger(at)
    assert rig.snapshot.merged == 3  # 60 and 109 by 50, 111 by 110
    for at in (300, 400, 500):
        rig.trigger(at)
    assert rig.snapshot.dropped == 2  # 50 110 180 300 wait
    rig.feed(500)
    for _ in range(40):
        rig.finish()
    assert [sample for _, sample in rig.told] == [50, 110, 180, 300]
    assert rig.rows(1) == (10, SETS) and rig.rows(2) == (70, SETS) and rig.rows(4) == (260, SETS)
    assert rig.snapshot.cut == rig.snapshot.failed == 0


def test_missing_samples(fs):
    # the stream has just begun
    rig = Rig(fs, most=2)
    rig.feed(20)
    rig.trigger(16)
    rig.feed(100)
    rig.finish()
    assert rig.rows(1) == (0, 76) and rig.snapshot.cut == 1
    # the step comes late: what was before is overwritten
    rig.trigger(rig.sample)
    trigger = rig.sample
    rig.feed(250, 0)
    rig.finish()
    assert rig.rows(2) == (trigger - 6, AFTER + 6) and rig.snapshot.cut == 2
    # it comes much too late
    rig.trigger(rig.sample)
    rig.feed(600, 0)
    rig.finish()
    assert rig.snapshot.failed == 1 and len(rig.told) == 2
    # a gap after the trigger
    rig.trigger(rig.sample)
    trigger = rig.sample
    rig.feed(16, 4)
    rig.sample += 500
    rig.feed(100)
    rig.finish()
    assert rig.rows(3) == (trigger - BEFORE, BEFORE + 16) and rig.snapshot.cut == 3
    # and before it
    rig.trigger(rig.sample)
    trigger = rig.sample
    rig.feed(200)
    rig.finish()
    assert rig.rows(4) == (trigger - BEFORE, SETS)
    # the stream begins anew
    rig.trigger(rig.sample)
    rig.feed(16, 4)
    rig.sample = 0
    rig.feed(200)
    rig.finish()
    assert len(rig.told) == 5 and rig.snapshot.failed == 1
    rig.trigger(150)
    rig.feed(200)
    rig.finish()
    assert rig.rows(6) == (110, SETS)


def test_numbers(fs):
    """The sample comes with its low 30 bits, a little before or after the newest."""
    start = (1 << 30) - 90
    rig = Rig(fs, start=start)
    rig.feed(96)
    for sample in (start + 96, start + 50):
        assert modular.whole(modular.number(sample), rig.ring.newest) == sample
    rig.trigger(modular.number(start + 96))
    rig.feed(200)
    rig.finish()
    assert rig.told == [(1, start + 96)], rig.told


def test_retention(fs):
    for most, most_bytes in ((3, 1 << 20), (9, 3 * BYTES + 10)):
        rig = Rig(fs, most=most, most_bytes=most_bytes)
        old = len(rig.records.numbers)
        for _ in range(5):
            rig.feed(64)
            rig.trigger(rig.sample)
            rig.feed(160)
            rig.finish()
        assert len(rig.told) == 5 and len(rig.records.numbers) == 3
        assert rig.records.replaced == 2 + old
        # a new start finds the same, and goes on counting
        again = Records("/waves", most, most_bytes, fs, 0)
        again.start()
        assert again.numbers == rig.records.numbers and again.next == rig.records.next
        assert len(list(fs.ilistdir("/waves"))) == 6
    # none are wanted, or a single one is too large
    for most, most_bytes in ((0, 1 << 20), (5, 500)):
        rig = Rig(fs, most=most, most_bytes=most_bytes)
        kept = list(rig.records.numbers)
        rig.feed(64)
        rig.trigger(rig.sample)
        rig.feed(160)
        rig.finish()
        assert rig.snapshot.failed == (most > 0) and rig.records.numbers == kept


def test_what(fs):
    """A record says what it is of, and what else began within it."""
    rig = Rig(fs, 1024)
    rig.feed(200)
    rig.snapshot.trigger(pq_events.DIP, 100)
    rig.snapshot.trigger(pq_events.OVERCURRENT, 95)
    rig.feed(20)
    rig.snapshot.trigger(pq_events.INTERRUPTION, 130)
    rig.snapshot.trigger(pq_events.SWELL, 160)
    rig.feed(200)
    rig.finish()
    rig.finish()
    assert [comtrade.summary(rig.records.read(n)) for n in (1, 2)] == [
        ("dip+interruption+overcurrent", "2026-01-01 00:00:00.002", SETS),
        ("swell", "2026-01-01 00:00:00.010", SETS),
    ]
    # the numbers of a new stream are others
    rig.snapshot.restart()
    rig.sample = 0
    rig.feed(170)
    rig.trigger(161)
    rig.feed(200)
    rig.finish()
    assert rig.told[-1] == (3, 161)
    for text in ("", "a,b,1999", "\r\n" * 20, rig.records.read(1)[:-12]):
        try:
            comtrade.summary(text)
            raise AssertionError(text)
        except ValueError:
            pass


def test_spare():
    """Records leave the others on this flash their room, older records making some."""
    fs = formatted()[1]
    sizes = []
    for spare in (6000, 10000, 12000):
        rig = Rig(fs, most=9, spare=spare)
        for _ in range(5):
            rig.feed(64)
            rig.trigger(rig.sample)
            rig.feed(160)
            rig.finish()
            room = fs.statvfs("/")
            assert room[0] * room[4] > spare
        sizes.append((len(rig.records.numbers), rig.snapshot.failed))
        assert rig.snapshot.failed or rig.rows(rig.told[-1][0])[1] == SETS
    assert sizes == [(2, 0), (1, 0), (0, 5)], sizes


def test_no_folder():
    """Without a folder nothing is kept and nothing breaks; it is looked for again."""
    fs = formatted()[1]
    with fs.open("/waves", "wb") as file:
        file.write(b"in the way")
    records = Records("/waves", 3, 1 << 20, fs, 0)
    try:
        records.start()
        raise AssertionError("a file is no folder")
    except OSError:
        pass
    assert records.begin(100) is None and not records.numbers
    fs.remove("/waves")
    records.start()
    assert records.next == 1


def test_full_flash():
    """Flash that has no room costs the record, not the terminal; later ones are written."""
    fs = formatted()[1]
    with fs.open("/other", "wb") as file:
        file.write(bytes(12000))
    rig = Rig(fs)
    for _ in range(2):
        rig.feed(64)
        rig.trigger(rig.sample)
        rig.feed(160)
        rig.finish()
    assert rig.snapshot.failed >= 1
    fs.remove("/other")
    rig.feed(64)
    rig.trigger(rig.sample)
    rig.feed(160)
    rig.finish()
    number = rig.told[-1][0]
    assert rig.rows(number)[1] == SETS and rig.records.numbers[-1] == number


def test_power_cuts():
    """Cut at any moment there are whole records only, and the older one is not harmed."""
    flash, fs = formatted()

    def write(fs):
        rig = Rig(fs, most=2)
        for _ in range(1 if rig.records.numbers else 2):
            rig.feed(64)
            rig.trigger(rig.sample)
            rig.feed(160, 8)
            rig.finish()
        if rig.snapshot.failed:
            raise OSError(5)

    write(fs)
    cuts = 0
    for after, is_done, _ in each_cut(flash.bytes, write):
        records = Records("/waves", 2, 1 << 20, after, 0)
        records.start()
        assert records.numbers in ([1, 2], [2], [2, 3]), records.numbers
        assert not is_done or records.numbers == [2, 3]
        for number in records.numbers:
            with after.open(records.path(number, "dat"), "rb") as file:
                assert len(file.read()) == SETS * 22
            with after.open(records.path(number, "cfg"), "rb") as file:
                assert file.read().endswith(b"BINARY\r\n1\r\n")
        assert len(list(after.ilistdir("/waves"))) == 2 * len(records.numbers)
        cuts += 1
    print("cuts: %d" % cuts)


def test_real():
    for num, den, text in (
        (1, 1, "1.00000000E0"),
        (1, 3, "3.33333333E-1"),
        (2, 3, "6.66666667E-1"),
        (999999999999, 1000000000000, "1.00000000E0"),
        (123456789, 1, "1.23456789E8"),
        (12345678955, 10, "1.23456790E9"),
        (8000 * 10**9, 10**9 + 43000, "7.99965601E3"),
        (1, 10**12, "1.00000000E-12"),
    ):
        assert comtrade.real(num, den) == text, (num, den, comtrade.real(num, den))


everywhere(test_record)
everywhere(test_succession)
everywhere(test_missing_samples)
everywhere(test_numbers)
everywhere(test_retention)
everywhere(test_what)
test_spare()
test_no_folder()
test_full_flash()
test_power_cuts()
test_real()
print("OK")
