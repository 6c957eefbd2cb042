"""RecordLog: order, batches, recovery, damage, the ring, a full disk and bad blocks."""

import gc

from short_of_heap import Short

from firmware.core.errors import StoreError
from firmware.store.record_log import RecordLog
from tools.powercut.device import disk, nor

FOLDER = "/log/x"


def world(blocks=16):
    gc.collect()
    chip = nor.Nor(blocks)
    disk.format(chip)
    return chip, disk.Disk(chip)


def opened(files, **names):
    names = dict({"slot": 32, "segment": 512, "kept": 4}, **names)
    log = RecordLog(FOLDER, fs=files, **names)
    log.load()
    return log


def payload(i):
    return b"%d-" % i + bytes([i & 0xFF]) * (i * 7 % 90)


def check(log, first, last):
    found = list(log.records())
    assert [row[0] for row in found] == list(range(first, last + 1)), found
    for i, data in found:
        assert data == payload(i), (i, data)


def test_order():
    chip, files = world()
    log = opened(files)
    assert list(log.records()) == [] and (log.first, log.last, log.flushed) == (1, 0, 0)
    for i in range(1, 31):
        assert log.append(payload(i)) == i
        if i % 5 == 0:
            check(log, 1, i)
            log.flush()
            check(log, 1, i)
    assert (log.last, log.flushed, log.waiting, log.damaged) == (30, 30, 0, 0)
    log.append(payload(31))
    assert (log.last, log.flushed, log.waiting) == (31, 30, 1)
    log = opened(files)
    check(log, 1, 30)  # what was not flushed is gone
    assert [row[0] for row in log.records(7, 12)] == [7, 8, 9, 10, 11, 12]
    assert [row[0] for row in log.records(29)] == [29, 30] and list(log.records(31)) == []
    assert log.append(b"") == 31 and log.append(b"x") == 32
    log.discard()
    assert log.append(payload(31)) == 31
    log.flush()
    check(opened(files), 1, 31)


def test_ring():
    chip, files = world()
    log = opened(files)
    gone = []
    log.on_drop = lambda first, last: gone.append(
        (first, last, len(list(log.records(first, last))))
    )
    for i in range(1, 301):
        log.append(payload(i))
        if i % 3 == 0:
            log.flush()
            assert len(files_of(files)) <= 4
    assert log.last == 300 and log.first > 200 and log.used >= 3 * 512
    check(log, log.first, 300)
    check(opened(files), log.first, 300)
    for first, last, count in gone:
        assert count == last - first + 1
    assert gone[0][0] == 1 and gone[-1][1] == log.first - 1
    # reading survives that the ring goes on meanwhile
    seen = []
    for sequence, _ in log.records():
        seen.append(sequence)
        log.append(payload(log.last + 1))
        log.flush()
    assert seen == sorted(seen) and len(set(seen)) == len(seen)
    small = opened(files)
    for sequence in (1, log.first, log.first + 9, log.last):
        at = small.find(lambda data, end=sequence: int(data[: data.find(b"-")]) < end)
        assert at <= max(sequence, small.first), (at, sequence)


def test_batch():
    chip, files = world()
    log = opened(files, limit=200, batch=200)
    for _ in range(10):
        log.append(bytes(50))
    assert (log.waiting, log.dropped) == (4, 6)
    log.flush()
    assert [row[0] for row in log.records()] == [7, 8, 9, 10]
    try:
        log.append(bytes(201))
        raise RuntimeError("too long")
    except StoreError:
        pass
    log = opened(files, limit=200, batch=200)
    assert (log.first, log.last, log.damaged) == (7, 10, 0)


def test_long():
    """Records longer than what is read at a time, and than a segment."""
    _, files = world()
    log = opened(files)
    sizes = (1, 500, 501, 502, 503, 1024, 2048, 0, 2048, 3)
    for size in sizes:
        log.append(bytes([size & 0xFF]) * size)
        log.flush()
    for reader in (log, opened(files)):
        found = list(reader.records())
        first = reader.first
        expected = [(i + 1, bytes([sizes[i] & 0xFF]) * sizes[i]) for i in range(first - 1, 10)]
        assert found == expected and not reader.damaged and first < 8


def files_of(files):
    return sorted([row[0] for row in files.ilistdir(FOLDER)])


def content(files, name):
    with files.open(FOLDER + "/" + name, "rb") as file:
        return bytearray(file.read())


def put(files, name, data):
    with files.open(FOLDER + "/" + name, "wb") as file:
        file.write(data)


def test_flips():
    """Every bit of every record: found, not served, counted, the neighbours stay."""
    chip, files = world()
    log = opened(files)
    sizes = (3, 40, 0, 22, 60)
    for size in sizes:
        log.append(b"a" * size)
    log.flush()
    name = files_of(files)[0]
    good = content(files, name)
    slots = [(10 + size + 31) // 32 for size in sizes]
    assert sum(slots) * 32 == len(good)
    owner = [i for i, n in enumerate(slots) for _ in range(n * 32)]
    for at in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            put(files, name, bad)
            log = opened(files)
            found = [row[0] for row in log.records()]
            expected = [i + 1 for i in range(5) if i != owner[at]]
            assert found == expected, (at, bit, found)
            lost = 1 if owner[at] < 4 else slots[4]  # at the end nobody knows how many
            assert log.damaged == lost and log.last == 4 + lost, (at, bit, log.damaged)
    # and nothing is put behind a damaged end
    log.append(b"new")
    log.flush()
    log = opened(files)
    assert [row[0] for row in log.records()] == [1, 2, 3, 4, 5 + slots[4]]
    assert log.damaged == slots[4]


def test_torn():
    """A file that ends anywhere, as no commit of littlefs leaves it."""
    chip, files = world()
    log = opened(files)
    for i in range(1, 6):
        log.append(payload(i))
    log.flush()
    name = files_of(files)[0]
    good = content(files, name)
    for size in range(0, len(good) + 1, 5):
        put(files, name, good[:size])
        log = opened(files)
        n = len(list(log.records()))
        check(log, 1, n)
        assert log.append(b"x") > n
        log.flush()
        assert len(list(opened(files).records())) == n + 1
        for other in files_of(files)[1:]:
            files.remove(FOLDER + "/" + other)
    # one that was begun and took nothing does not stand in for the one before it
    put(files, name, good)
    put(files, "%08x" % 6, b"")
    log = opened(files)
    assert not log.drop_oldest() and log.append(b"x") == 6
    log.flush()
    assert log.drop_oldest() and [row[0] for row in log.records()] == [6]
    files.remove(FOLDER + "/%08x" % 6)
    # a piece of one log in another place is no record
    put(files, name, good[32:])
    assert list(opened(files).records()) == []
    put(files, "%08x" % 2, good)
    files.remove(FOLDER + "/" + name)
    assert [row[0] for row in opened(files).records()] == [2, 3, 4, 5]


def test_bad_blocks():
    for kind in nor.KINDS:
        for block in range(10):
            chip, files = world(16)
            log = opened(files, kept=3)
            for i in range(1, 12):
                log.append(payload(i))
                log.flush()
            chip.bad[block] = kind
            failed = 0
            for i in range(12, 40):
                log.append(payload(i))
                try:
                    log.flush()
                except StoreError:
                    failed += 1
            found = list(log.records())  # no other exception
            for i, data in found:
                assert data == payload(i)
            order = [row[0] for row in found]
            assert order == sorted(set(order))
            if kind != nor.READ_ERROR and block > 1:  # 0 and 1 are the root of the file system
                assert not failed and order[-1] == 39 and not log.damaged, (kind, block, failed)


def test_full():
    chip, files = world(18)
    with files.open("/other", "wb") as file:
        file.write(bytes(4096 * 5))
    log = opened(files, kept=60, segment=1024)
    for i in range(1, 400):
        log.append(payload(i))
        if i % 4 == 0:
            log.flush()
    assert log.first > 1 and log.last == 399
    check(log, log.first, 399)
    log.make_room = lambda: False
    try:
        for i in range(400, 900):
            log.append(payload(i))
            log.flush()
        raise RuntimeError("it never got full")
    except StoreError as error:
        assert "full" in str(error)
    check(log, log.first, log.last)  # from flash and RAM
    log.make_room = log.drop_oldest
    log.flush()
    check(opened(files, kept=60, segment=1024), log.first, log.last)


def test_no_heap():
    """A flush that ends half-way with another error than flash's: all later ones count."""
    for left in range(1, 5):
        files = Short(world()[1])
        log = opened(files, kept=9)
        done = 0
        for size, short in ((3, 0), (4, left), (2, 0), (9, left), (1, 0)):
            for _ in range(size):
                done = log.append(payload(log.last + 1))
            files.left = short
            try:
                log.flush()
            except MemoryError:
                files.left = 0
        log.flush()
        check(log, 1, done)
        check(opened(files, kept=9), 1, done)


def test_cuts():
    """A cut at every operation of a flush that begins a segment and lets one go."""
    chip, files = world(12)
    log = opened(files)
    done = log.append(payload(1))
    log.flush()
    while len(files_of(files)) < 4 or log._sizes[-1] < 512:
        done = log.append(payload(done + 1))
        log.flush()
    oldest, at, torn = log.first, 0, 0
    while True:
        gc.collect()
        other = chip.copy()
        other.arm(at, torn)
        files = disk.Disk(other)
        log = opened(files)
        for i in range(3):
            log.append(payload(done + 1 + i))
        try:
            log.flush()
            break
        except nor.PowerCut:
            files.shut()
        log = opened(disk.Disk(other.again()))
        assert log.last in (done, done + 3) and log.damaged == 0
        check(log, log.first, log.last)
        assert log.first == oldest or log.last == done + 3
        at += 1
        torn = at * 37
    assert at > 3, at


test_order()
test_ring()
test_batch()
test_long()
test_flips()
test_torn()
test_bad_blocks()
test_full()
test_no_heap()
test_cuts()
print("OK")
