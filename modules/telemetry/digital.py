"""The digital half of a telemetry module: interrupts, looks, and what they mean for the points.

The interrupt's handler stamps and sets a flag. The driver's task does the rest: it reads the chip
at once, judges what is steady, and looks without being asked as well, so that an interrupt that
got lost costs 150 ms and the time of the change, not the change.
"""

import asyncio

from micropython import const

from firmware.core.errors import SlotError
from firmware.core.quality import BL, NT
from modules.telemetry.inputs import Inputs
from modules.telemetry.ports import COUNT
from modules.telemetry.position import Position
from modules.telemetry.sequence import CHATTERS, Sequence

_LOOK_MS = const(150)  # without an interrupt
_HELD_MS = const(5)  # ... while somebody holds the line, which hides an edge of ours
_HELD_LOOKS = const(10)
_GRACE_MS = const(2)  # a chip that has asked is asked no faster than its interrupt comes
_REST_MS = const(20)  # an input that chatters interrupts once in this time
_MISSED_MS = const(10000)  # changes that were found late are told so often
_NOBODY = const(0xFF)


class Digital:
    def __init__(self, wires, clock, ports, cfg):
        """cfg: as the driver has it."""
        self.inputs = Inputs(
            cfg.get("debounce_ms", 10), cfg.get("chatter", 20), cfg.get("calm_s", 5)
        )
        self.sequence = Sequence()
        self.positions = []  # (point, Position)
        self.singles = bytearray([_NOBODY] * COUNT)  # the point of each input that is one
        self.profile = None
        self.has_line = False
        self.interrupts = 0  # that were ours
        self.looks = 0
        self.late = 0  # looks that found what no interrupt had told
        self._ports = ports
        self._clock = clock
        self._wires = wires
        self._news = None
        self._armed = 0  # inputs that may interrupt
        self._look_ms = 0  # when to look at the latest
        self._arm_ms = 0  # when those that chatter may interrupt again
        self._held = 0  # looks after which the line was low still
        self._told_ms = None  # when changes that were found late were told
        self._untold = 0  # of them, since
        # shared with the interrupt: it writes while _is_hit is False, we read and reset it then
        self._is_hit = False
        self._stamp = 0
        self._flag = asyncio.ThreadSafeFlag()
        self._handler = self._hit  # a bound method is made once

    def open(self, profile):
        """What hangs on the inputs."""
        self.profile = profile
        for point, i in profile.singles:
            self.singles[i] = point
        for point, on, off, moving_ms in profile.doubles:
            self.positions.append((point, Position(on, off, moving_ms)))

    def attend(self):
        """Interrupts come from here on, where there is a line."""
        self.has_line = self._wires.attend(self._handler)

    def leave(self):
        """... and no more."""
        self._wires.attend(None)

    def start(self, news, now):
        """Tell what the inputs are. SlotError when the chip is gone."""
        self._news = news
        used = self._armed = self.profile.used
        self._ports.arm(used)
        self._ports.look()
        self._is_hit = False
        utc_ms = self._clock.utc_ms()
        inputs = self.inputs
        inputs.start(self._logical(self._ports.levels))
        for point, i in self.profile.singles:
            news.put(0, point, inputs.states >> i & 1, 0, utc_ms, True)
        for _, position in self.positions:
            position.see(inputs.states, utc_ms, now)
        self._look_ms = now

    async def serve(self):
        """All that is due now. SlotError when the chip is gone or was reset."""
        if self._is_look_due(self._clock.ms()):
            await self._look()
        now = self._clock.ms()
        self.inputs.judge(now, self)
        self._judge_positions(now)

    async def wait(self, now, most_ms):
        """Until an interrupt, or something is due, or for most_ms."""
        wait = min(self._look_ms - now, self.inputs.wait_ms(now), most_ms)
        if self._armed != self.profile.used:
            wait = min(wait, self._arm_ms - now)
        for _, position in self.positions:
            patience = None if self._is_blocked(position) else position.wait_ms(now)
            if patience is not None:
                wait = min(wait, patience)
        try:
            # the flag may be set already: others get their turn all the same
            await asyncio.wait_for_ms(self._flag.wait(), max(1, wait))
        except asyncio.TimeoutError:
            pass

    def _hit(self, _pin):
        """The interrupt; allocates nothing."""
        if not self._is_hit:
            self._stamp = self._wires.stamp_us()
            self._is_hit = True
        self._flag.set()

    def _logical(self, levels):
        return (levels ^ self.profile.inverted) & self.profile.used

    def _is_look_due(self, now):
        is_rested = self._armed != self.profile.used and now >= self._arm_ms
        return self._is_hit or is_rested or now >= self._look_ms or not self.inputs.wait_ms(now)

    async def _look(self):
        """Read the chip; what it says has the interrupt's stamp."""
        self._arm(self._clock.ms())
        stamp_us = self._taken()
        self.looks += 1
        self._ports.look()
        causes = self._ports.causes
        if causes and stamp_us is None and self.has_line:
            await asyncio.sleep_ms(_GRACE_MS)
            stamp_us = self._taken()
        now, utc_ms = self._clock.ms(), self._clock.utc_us() // 1000
        if causes:
            self.interrupts += 1
            at = utc_ms if stamp_us is None else self._utc_ms(stamp_us)
            changed = self.inputs.see(self._logical(self._ports.captured), at, now)
            self._find_missed(causes, changed, stamp_us is None)
        # a second change while the first was read
        at = self._utc_ms(self._stamp) if self._is_hit else utc_ms
        self.inputs.see(self._logical(self._ports.levels), at, now)
        self._calm_down(causes, now)
        self._tell_missed(now)
        self._look_ms = now + self._pause_ms()

    def _taken(self):
        """Stamp of the interrupt that came, None: none did. The next may come."""
        if not self._is_hit:
            return None
        stamp_us = self._stamp
        self._flag.clear()
        self._is_hit = False
        return stamp_us

    def _utc_ms(self, stamp_us):
        clock = self._clock
        return (clock.utc_us() - clock.diff_us(clock.us(), stamp_us)) // 1000

    def _pause_ms(self):
        """Until the next look. Somebody who holds the line hides our next edge from us; another
        module that never lets go is not waited for."""
        if not self.has_line or self._wires.interrupt():
            self._held = 0
            return _LOOK_MS
        self._held += 1
        return _HELD_MS if self._held <= _HELD_LOOKS else _LOOK_MS

    def _arm(self, now):
        """Inputs that chatter interrupt again after a rest."""
        if self._armed != self.profile.used and now >= self._arm_ms:
            self._armed = self.profile.used
            self._ports.arm(self._armed)

    def _calm_down(self, causes, now):
        """One interrupt in _REST_MS is enough to know that an input is not calm."""
        tired = causes & self.inputs.noisy & self._armed
        if tired:
            self._armed &= ~tired
            self._ports.arm(self._armed)
            self._arm_ms = now + _REST_MS

    def _find_missed(self, causes, changed, is_late):
        """Changes of which the time, or a part, is not known: those without an interrupt's stamp,
        and inputs that asked and are as they were."""
        if is_late and self.has_line:
            self.late += 1
            found = causes
        else:
            found = causes & ~changed & ~self.inputs.noisy
        count = 0
        for i in range(COUNT):
            count += found >> i & 1
        self.sequence.lost += count
        self._untold += count

    def _tell_missed(self, now):
        if self._untold and (self._told_ms is None or now - self._told_ms >= _MISSED_MS):
            self._told_ms = now
            text = "changes found late or in part: %d, by up to %d ms" % (self._untold, _LOOK_MS)
            self._news.event("INPUTS_MISSED", text, 0)
            self._untold = 0

    # what Inputs.judge tells

    def changed(self, i, state, stamp_ms):
        self.sequence.add(stamp_ms, i, state)
        point = self.singles[i]
        if point != _NOBODY:
            self._news.put(0, point, state, 0, stamp_ms, True)
        else:
            self._see_positions(stamp_ms)

    def chatters(self, i, stamp_ms):
        self.sequence.add(stamp_ms, i, CHATTERS)
        # blocked: it stays as it was told last
        self._news.put(0, self._point_of(i), 0, BL | NT)
        for _, position in self.positions:
            if i in (position.on, position.off):
                position.forget()
        self._news.event("INPUT_CHATTER", "%s chatters" % self.input_name(i), 0, stamp_ms)

    def calm(self, i, state, stamp_ms, edges):
        self.sequence.add(stamp_ms, i, state)
        if self.singles[i] != _NOBODY:
            self._news.put(0, self.singles[i], state, 0, stamp_ms, True)
        else:
            self._see_positions(stamp_ms)
        text = "%s is calm after %d more changes" % (self.input_name(i), edges)
        self._news.event("INPUT_CHATTER", text, 0)

    # switches with two contacts

    def _see_positions(self, stamp_ms):
        now = self._clock.ms()
        for point, position in self.positions:
            if position.see(self.inputs.states, stamp_ms, now):
                self._news.put(0, point, 0, NT)

    def _judge_positions(self, now):
        for point, position in self.positions:
            if self._is_blocked(position) or position.wait_ms(now) != 0:
                continue
            position.told = position.seen
            self._news.put(0, point, position.seen, 0, position.stamp_ms, True)

    def _is_blocked(self, position):
        return self.inputs.noisy >> position.on & 1 or self.inputs.noisy >> position.off & 1

    def _point_of(self, i):
        """The point that an input belongs to."""
        if self.singles[i] != _NOBODY:
            return self.singles[i]
        for point, position in self.positions:
            if i in (position.on, position.off):
                return point
        raise SlotError("input %d belongs to no point" % (i + 1))

    def input_name(self, i):
        """As in the profile, with the contact of a switch that has two."""
        name = self.profile.points[self._point_of(i)][0]
        if self.singles[i] != _NOBODY:
            return name
        is_on = [True for _, position in self.positions if position.on == i]
        return name + (" on" if is_on else " off")
