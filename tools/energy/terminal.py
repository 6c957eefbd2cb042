"""The side of `make energy` that runs under MicroPython: a terminal that meters a load, keeps its
energies on a flash in RAM with its real code, and loses its power again and again.

argv: one JSON object, {"name": text that seeds it, "cuts": count, "plant": 0..}. Lines of
progress, the last line is the JSON of what was found. Energies are judged in ms of full load.
"""

import gc
import json
import random
import sys

from firmware.core.crc import crc32
from firmware.core.errors import StoreError
from firmware.core.twin import Twin
from firmware.energy_keeper import Keeper
from firmware.metering import billing
from firmware.metering.energy_registers import EnergyRegisters
from firmware.metering.three_ways import Ways
from firmware.store.checkpoint import LIMIT, Checkpoint
from firmware.store.journal import Journal
from tools.energy import world
from tools.powercut.device.disk import Disk, format
from tools.powercut.device.nor import Nor, PowerCut

FULL_W = 3 * 230 * 200  # m * Un * Imax: 46 % of a phase's full scale in the world
_RATED = 46
_FILES, _RAW = 32, 16  # blocks
_TICK = 800  # samples between two looks
_SKEW_MS = 40  # of full load: a latch of the unit, and a late reading, at a reboot
_EVERY = 100
_HOWS = "alive", "dead", "warned"  # the unit survives; all dies; all dies after a warning


def draw(low, high):
    """A whole number low..high, each as likely."""
    return low + random.getrandbits(30) % (high - low + 1)


class Found:
    def __init__(self):
        self.counts = dict.fromkeys(
            ("cuts", "alive", "dead", "warned", "at_flash", "at_boot", "records", "erases")
            + ("backwards", "jumps", "zero", "boots_reused", "not_restored", "stamps_wrong")
            + ("parts_wrong", "refused"),
            0,
        )
        self.most = {"dead_ms": 0, "warned_ms": 0, "alive_ms": 0, "gain_ms": 0, "lag_ms": 0}
        self.texts = []

    def add(self, name, text=""):
        self.counts[name] += 1
        if text and len(self.texts) < 10:
            self.texts.append(name + ": " + text)

    def top(self, name, value):
        self.most[name] = max(self.most[name], value)


def ms_of(mwh):
    """mWh as ms of full load."""
    return mwh * 3600 // FULL_W


class Terminal(world.Terminal):
    """The world's, with the whole chain to flash."""

    def __init__(self, load, unit, found):
        self.chip = Nor(_FILES + _RAW)
        format(self.chip.region(0, _FILES))
        self.found = found
        self.told = [0] * 24  # the most that anybody was told
        self.told_tariffs = [0] * 54
        self.boot_number = 0
        self.tariff = 0
        self.disk = None
        self.owed = 0  # mWh that were lost with a unit that died
        self.drift = 0  # mWh more than the truth, of all skews so far
        self.failed_ms = 0  # when the supply failed last
        super().__init__(load, unit)

    def boot(self, is_resumed=True):
        """PowerCut when it comes during the boot."""
        self.saved = None
        self.is_streaming = False
        super().boot(is_resumed)
        self.is_streaming = False
        self.disk = Disk(self.chip.region(0, _FILES), self.chip)
        journal = Journal(self.chip.region(_FILES, _RAW))
        checkpoint = Checkpoint(Twin("/energy.a", "/energy.b", LIMIT, self.disk), journal)
        clock = self.ways.clock
        record, wrong = checkpoint.read(clock.utc_ms())
        if checkpoint.boot <= self.boot_number:
            self.found.add("boots_reused", "%d after %d" % (checkpoint.boot, self.boot_number))
        self.boot_number = checkpoint.boot
        if self.ever_booted() and record is None:
            self.found.add("zero", "nothing was restored: " + wrong)
        calendar, _ = billing.plan('{"days":[[0,1,1,2,2,3,3,4]],"seasons":[101,1,1,1]}')
        self.billing = billing.Billing(self, self.ways, calendar, 0, 1)
        if record:
            for text in self.billing.restore(record):
                self.found.add("parts_wrong", text)
        self.journal, self.checkpoint = journal, checkpoint
        self.keeper = Keeper(clock, checkpoint, self.billing, FULL_W, 10, self.emit)
        self.restored = self.net_kept()

    def ever_booted(self):
        return self.boot_number > 1

    def emit(self, code, device, text):
        self.found.add("refused", text)

    def net_kept(self):
        cells = self.energy.cells
        return cells[18] - cells[19]

    def begin(self, is_resumed):
        """The link has found the unit."""
        self._raw = [0] * 6 if not is_resumed else self.unit.registers()
        self._count = [self._signed(v) for v in self._raw]
        self.ways.mode("both")
        self.start(is_resumed)

    def live(self, samples):
        """Meter for so long."""
        end = self.load.t + samples
        while self.load.t < end:
            before = self.load.t // 8000
            self.run(min(_TICK, end - self.load.t))
            if self.load.t // 8000 != before and self.is_streaming:
                self.ways.take(*self.look_at_registers())
            clock = self.ways.clock
            self.billing.settle(clock.utc_ms(), clock.ms())
            if not self.keeper.look():
                self.journal.ahead()
            self.judge()

    def look_at_registers(self):
        raw = self.unit.registers()
        for k in range(6):
            self._count[k] += self._signed((raw[k] - self._raw[k]) & (1 << world.BITS) - 1)
        self._raw = raw
        return self._count[0::2], self._count[1::2]

    def judge(self):
        """What anybody is told now."""
        if self.billing.is_doubtful():
            return
        energy, told = self.energy, self.told
        for k in range(24):
            if energy.told[k] < told[k]:
                self.found.add("backwards", "%d: %d < %d" % (k, energy.told[k], told[k]))
            if told[k] and not energy.told[k]:
                self.found.add("zero")
            told[k] = energy.told[k]
        tariffs = list(energy.told_tariffs)
        if min([now - then for now, then in zip(tariffs, self.told_tariffs)]) < 0:
            self.found.add("backwards", "by tariff: %s" % tariffs)
        self.told_tariffs = tariffs
        over = ms_of(told[18] - told[19] - self.truth() - self.drift)
        self.found.top("lag_ms", -over)
        if over > _SKEW_MS:
            self.found.add("jumps", "%d ms of full load" % over)

    def truth(self):
        """Net mWh of what could be kept, since ever."""
        return self.load.mwh()[3] - self.owed

    def error(self):
        """Net mWh more than the truth, with all that is metered."""
        self.close()
        self.energy.settle(self.tariff)
        return self.net_kept() - self.truth()


def some_load():
    """P, Q of three phases in % of full scale: the total is never fed back, a phase may be."""
    if not draw(0, 3):
        return [_RATED, 0] * 3
    reactive = [draw(-20, _RATED) for _ in range(3)]
    return [draw(-9, _RATED), reactive[0], draw(9, _RATED), reactive[1], draw(0, 20), reactive[2]]


def one_life(terminal, found):
    """From a boot with a known energy to a cut; the unit survives it, or not."""
    load, chip = terminal.load, terminal.chip
    how = _HOWS[draw(0, 2)]
    at_flash = how != "warned" and draw(0, 1)
    samples = draw(1, 8000 * draw(1, 40))
    try:
        if at_flash:
            chip.arm(draw(0, 12), draw(-1, 300))
        while samples > 0 or at_flash:
            part = draw(1, 8000 * 4)
            load.change(*some_load())
            if not at_flash:
                part = min(part, samples)
            samples -= part
            terminal.live(part)
            if not draw(0, 5):
                terminal.keeper.copy()  # lives are too short for one each quarter of an hour
        if how == "warned":
            terminal.failed_ms = terminal.ways.clock.utc_ms()
            terminal.keeper.fail(terminal.failed_ms)
            terminal.live(draw(0, 400))
    except PowerCut:
        found.add("at_flash")
    except StoreError as error:
        found.add("refused", str(error))
    found.add("cuts")
    found.add(how)
    power_off(terminal)
    return how


def power_off(terminal):
    found = terminal.found
    found.counts["erases"] += terminal.journal.erases
    found.counts["records"] += terminal.journal.records
    if terminal.disk:
        terminal.disk.shut()
    terminal.chip = terminal.chip.again()


def back(terminal, how, error, found):
    """The boot after it, until all is known; the new error."""
    load, unit = terminal.load, terminal.unit
    at_cut = load.mwh()[3]
    if how != "alive":
        load.change()  # the power that nobody meters is not counted
        load.t += draw(80, 8000 * 60)
        unit.reset()
    else:
        load.t += draw(80, 8000 * 20)
    for _ in range(1 + (not draw(0, 9))):  # sometimes the boot is cut as well
        try:
            if not draw(0, 4):
                terminal.chip.arm(draw(0, 2), draw(-1, 300))
            terminal.boot(how == "alive")
        except PowerCut:
            found.add("at_boot")
            power_off(terminal)
            load.t += 8000
            terminal.boot(how == "alive")
    if how != "alive":
        lost = at_cut - terminal.owed + error - terminal.net_kept()
        found.top(how + "_ms", ms_of(lost))
        found.top("gain_ms", ms_of(-lost))
        terminal.owed += lost
    if how == "warned" and abs(terminal.checkpoint.failed_ms - terminal.failed_ms) > 2:
        found.add("stamps_wrong", "%d ms" % (terminal.checkpoint.failed_ms - terminal.failed_ms))
    terminal.chip.arm(-1)
    terminal.keeper.keep()  # as the supply does when the end before it was told
    load.t += draw(80, 16000)  # until the link has found the unit
    if how != "alive":
        unit.reset()
    terminal.begin(how == "alive")
    load.change(draw(0, _RATED), 3, draw(0, _RATED), 4, draw(0, _RATED), 5)
    terminal.live(8000 * 6)
    if terminal.billing.is_restoring():
        found.add("not_restored", "after 6 s")
    fresh = terminal.error()
    if how == "alive":
        found.top("alive_ms", ms_of(error - fresh))
        found.top("gain_ms", ms_of(fresh - error))
    terminal.drift = fresh
    return fresh


def main():
    job = json.loads(sys.argv[1])
    random.seed(crc32(job["name"].encode()) & 0x3FFFFFFF)
    plant(job["plant"])
    found = Found()
    load = world.Load()
    unit = world.Unit(load)
    terminal = Terminal(load, unit, found)
    load.change(30, 3, 20, 4, 10, 5)
    terminal.begin(True)
    terminal.live(8000 * 6)
    terminal.keeper.copy()
    error = terminal.error()
    while found.counts["cuts"] < job["cuts"]:
        how = one_life(terminal, found)
        error = back(terminal, how, error, found)
        if found.counts["cuts"] % _EVERY == 0:
            print("cuts", found.counts["cuts"])
        gc.collect()
    print(json.dumps({"counts": found.counts, "most": found.most, "texts": found.texts}))


def plant(number):
    """A defect, which must be found: see tools/energy/__main__.py."""
    if number == 1:
        Checkpoint._begin = lambda *_: None
    elif number == 2:
        Keeper._is_used_up = lambda _: False
    elif number == 3:
        EnergyRegisters.hold = lambda _: None
    elif number == 4:
        Ways.is_restoring = lambda _: False
    elif number == 5:
        Ways.record = lambda _: None
    elif number == 6:
        Keeper.fail = lambda *_: None
    elif number == 7:
        Checkpoint._advance_tariffs = lambda *_: None


main()
