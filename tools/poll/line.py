"""One bus as it is on the wire, in virtual time: who hears a transmission, who answers and when.

It keeps the truth the terminal is judged by. Times are us. The lower bound of a transaction is
its bytes at the device's speed, the device's own reply delay, and, where the terminal had to
wait for it, the silence of 3.5 characters before the request.
"""

from tools.station.faults import noise

_DE_US = 1000  # the master's driver lets go of the line so long after its last byte
_SILENCE = 3.5  # characters between two frames, at least 1.75 ms (Modbus RTU)
_NEXT_US = 2000  # a request that comes so soon behind the silence has waited for it: whole ms
_DELAY_S = (0.02, 0.2)  # of a reply
_LATE_S = (0.52, 0.98)  # ... of one that comes when the terminal, which waits 0.5 s, has given up
_BABBLE_EVERY_S = (1.0, 4.0)
_BABBLE_BYTES = (8, 64)


class Line:
    """`bus`: tools.station.devices Bus; `dead`: devices that never answer; `babbler`: a speed at
    which somebody talks without being asked, or None; `late`: share of the replies that come
    too late."""

    def __init__(self, bus, dead, rng, babbler=None, late=0):
        self.bus = bus
        self.dead = dead
        self.rng = rng
        self.babbler = babbler
        self.late = late
        self.alarms = []  # (us, device, on), the latest first
        # what each device held: at first, and whenever it raised or took back its alarm
        self.past = {device.name: [] for device in bus.devices}
        self.bound_us = 0.0
        self.requests = 0
        self.answered = {}  # name: [answers, us of the first, us of the last]
        self.short_silences = 0  # requests that came too soon behind what was before
        self._free_us = 0.0  # end of the last byte on the line
        self._bursts = []  # (start, end, bytes) of the babbler, not heard yet
        self._babble_us = rng.uniform(*_BABBLE_EVERY_S) * 1e6

    def begin(self):
        """The alarms are planned, the devices hold what they hold."""
        for device in self.bus.devices:
            self.past[device.name].append(device.truth())

    def carry(self, us, baud, parity, data):
        """[(us of the end, bytes)] of everything the master hears from `us` on until the answer
        to `data`, which it sends now."""
        char_us = (10 if parity == "N" else 11) * 1e6 / baud
        silence_us = max(1750.0, _SILENCE * char_us)
        self.requests += 1
        gap_us = us - self._free_us
        self.short_silences += gap_us < silence_us - 1
        end = us + len(data) * char_us
        self._free_us = end
        self.bound_us += len(data) * char_us
        if gap_us < silence_us + _NEXT_US:  # else it passed while there was nothing to do
            self.bound_us += silence_us
        while self.alarms and self.alarms[-1][0] <= end:
            _, device, on = self.alarms.pop()
            device.raise_alarm(on)
            self.past[device.name].append(device.truth())
        answers = self.bus.hear(data, baud, parity)
        answers = [(device, reply) for device, reply in answers if device.name not in self.dead]
        if self.babbler and self._babbles(us, end):
            answers = []  # nobody understood the request
        heard = self._noise(us)
        for one in answers:
            at, reply = self._answer(*one, end, char_us, len(answers) > 1)
            # the first byte when it comes, the others when the last one does
            heard += [(round(at - (len(reply) - 1) * char_us), reply[:1]), (at, reply[1:])]
        return sorted(heard)

    def _answer(self, device, reply, end, char_us, collides):
        if self.late and self.rng.random() < self.late:
            # whole even if something else is on the line by then: the worst that can happen
            at = end + self.rng.uniform(*_LATE_S) * 1e6 + len(reply) * char_us
            return round(at), reply
        delay_us = self.rng.uniform(*_DELAY_S) * 1e6
        assert delay_us > _DE_US
        at = end + delay_us + len(reply) * char_us
        self._free_us = max(self._free_us, at)
        self.bound_us += delay_us + len(reply) * char_us
        if collides or (self.babbler and self._babbles(end + delay_us, at)):
            reply = noise(self.rng, len(reply))
        else:
            entry = self.answered.setdefault(device.name, [0, at, at])
            entry[0] += 1
            entry[2] = at
        return round(at + 0.5), reply

    def _babbles(self, start, end):
        """Is the babbler heard between these times?"""
        while self._babble_us < end:
            count = self.rng.randint(*_BABBLE_BYTES)
            stop = self._babble_us + count * 10e6 / self.babbler
            self._bursts.append((self._babble_us, stop, count))
            self._babble_us = stop + self.rng.uniform(*_BABBLE_EVERY_S) * 1e6
        return any(begin < end and stop > start for begin, stop, _ in self._bursts)

    def _noise(self, us):
        """The bursts that the master hears from `us` on."""
        heard = [burst for burst in self._bursts if burst[1] > us]
        self._bursts = []
        self._free_us = max([self._free_us] + [stop for _, stop, _ in heard])
        return [(round(stop), noise(self.rng, count)) for _, stop, count in heard]
