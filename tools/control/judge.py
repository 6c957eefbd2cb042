"""Who decides which operations were legitimate: the rules of control written down once more,
against the requests as they were sent and the module as it really is. Shares no code with the
firmware. It hears what the terminal tells (see terminal.py) and looks at the coils."""

from collections import Counter, deque

SELECT_S, PULSE_MS, TRAVEL_MS = 5, 100, 400
_EDGE_US = 60000  # so close to its end a selection may be held for over, or not
_PULL_US = 9000  # from a relay's coil to its contact, and a little
_DROP_US = 7000
_PULSE_SLACK_S = 0.03
ONE_SHOT_S = 0.5

_RESULTS = {
    "CONTROL_OPERATED": "done",
    "CONTROL_FAILED": "failed",
    "CONTROL_UNKNOWN": "unknown",
    "CONTROL_REFUSED": "refused",
}
_TARGETS = {"close": "closed", "open": "open"}
_SENTENCES = 20  # of what was wrong that are kept


class Operation:
    def __init__(self, request, now_us):
        _, self.output, self.action, self.originator, self.number, _ = request
        self.coil = f"{self.output[-2:]} {self.action}"
        self.began_us = now_us
        self.kept_us = None  # when flash had its number and that it is under way
        self.result = ""
        self.pulses = 0
        self.is_excused = False  # something happened that may have prevented it
        self.end_us = None  # nothing may begin to move later
        self.is_cut = False
        self.dark_us = None  # the module lost its power too


class Judge:
    def __init__(self, time, settings):
        self._time = time
        self.settings = settings
        self.rules = []  # (output, action, point, relation, value)
        self.module = None  # plugged now, or last
        self.module_is_in = False
        self.in_service = False  # surely; else nobody knows
        self.selection = None  # (request, until_us)
        self.ran_out = None  # originator of the one that did
        self.operation = None
        self.highest = Counter()
        self.maybe = Counter()  # originator: the highest number whose request was cut off
        self.is_off = False
        self.counts = Counter()
        self.refusals = Counter()
        self.wrong = []  # sentences
        self.longest_s = 0.0
        self.answer = ""
        self.mismatches = 0
        self._request: list = []  # sent, not answered yet
        self._asked: set = set()  # reasons that are true for it
        self._events = []  # since it was sent
        self._journal = ""  # as flash has it
        self._numbers = {}  # the same
        self._plants = []  # all there were
        self._journal_at_boot = ""
        self._is_told = False  # that something was cut off
        self._recent = deque(maxlen=3)  # operations, the last one may be under way

    def plugged(self, module):
        self.module = module
        self.module_is_in = True
        self._plants.append(module.plant)

    def blame(self, key, text):
        self.counts[key] += 1
        if len(self.wrong) < _SENTENCES:
            self.wrong.append(f"{key} at {self._time.us / 1e6:.3f} s: {text}")

    def excuse(self):
        """Something happens that an operation under way may not survive."""
        if self.operation:
            self.operation.is_excused = True

    def send(self, request):
        self._request = request

    # what the terminal tells

    def hear(self, line):
        self.look()
        mark, _, rest = line.partition(" ")
        if mark == ">":
            self._asked = self._reasons()
            self._events = []
        elif mark == "<":
            self._answered(rest)
        elif mark == "e":
            self._event(*rest.split(" ", 2))
        elif mark == "k":
            self._kept(rest)
        elif mark == "off":
            self._went_off()
        elif mark == "boot":
            self.is_off = False
            self._journal_at_boot = self._journal
            self._is_told = False
        elif mark == "late":
            self.blame("missed_operations", rest)

    def look(self):
        """Coils that were fed since."""
        for plant in self._plants:
            while plant.pulses:
                self._pulse(*plant.pulses.popleft())

    def going_dark(self, takes_module):
        """The power of the terminal went, here is what becomes of the module's."""
        if takes_module and self._recent:
            self._recent[-1].dark_us = self._time.us

    # requests

    def _reasons(self):
        """Why the request must be refused: a set, empty when nothing speaks against it."""
        kind, *words = self._request
        originator, number = words[2:4] if kind != "cancel" else words
        now = self._time.us
        if self.selection and now > self.selection[1]:
            self.ran_out = self.selection[0][3]
            self.selection = None
        reasons = set()
        if number <= self.highest[originator]:
            reasons.add("number")
        if kind == "select":
            if self.operation or self.selection:
                reasons.add("busy")
            return reasons | self._against(*words[:3])
        if not self.selection:
            reasons.add("late" if self.ran_out == originator else "unselected")
            return reasons
        chosen = self.selection[0]
        if chosen[3] != originator:
            reasons.add("originator")
        if kind == "execute":
            if words[:2] != chosen[1:3] or words[4] != chosen[4]:
                reasons.add("other")
            reasons |= self._against(*words[:3])
        return reasons

    def _against(self, output, action, originator):
        """What the settings, the module and the interlocks have against it."""
        reasons = set()
        if not self.module_is_in or output not in ("control-4.q1", "control-4.q2"):
            return {"output"}
        is_remote = not originator.startswith("console")
        status = self.module.status()
        if is_remote and not self.settings["remote"]:
            reasons.add("remote")
        if action == "open" and self.settings["guarantee"]:
            reasons.add("guarantee")
        if (
            status["plate"]
            or not status["supply"]
            or is_remote
            and not status["key"]
            or status["relays"]
            or status[output[-2:]] == _TARGETS[action]
        ):
            reasons.add("module")
        for rule in self.rules:
            if list(rule[:2]) == [output, action] and not self._holds(status, *rule[2:]):
                reasons.add("interlock")
        return reasons

    @staticmethod
    def _holds(status, point, relation, value):
        have = ("moving", "open", "closed", "faulty").index(status[point[-2:]])
        want = int(value)
        return {
            "=": have == want,
            "!=": have != want,
            "<": have < want,
            ">": have > want,
            "<=": have <= want,
            ">=": have >= want,
        }[relation]

    def _answered(self, answer):
        request, self._request = self._request, []
        kind, *words = request
        originator, number = words[2:4] if kind != "cancel" else words
        self.answer = answer
        is_doubtful = self.highest[originator] < number <= self.maybe[originator]
        if self.selection and abs(self._time.us - self.selection[1]) < _EDGE_US:
            is_doubtful = True
        if answer == "ok":
            self._accepted(request, originator, number, is_doubtful)
            return
        self.refusals[answer] += 1
        if not self.in_service and answer in ("output", "module"):
            is_doubtful = True
        if not is_doubtful:
            if not self._asked:
                what = "missed_operations" if kind != "cancel" else "wrong_answers"
                self.blame(what, f"{request} was refused: {answer}")
            elif answer not in self._asked:
                self.blame("wrong_answers", f"{request}: {answer}, not {sorted(self._asked)}")
        if "CONTROL_REFUSED" not in self._events:
            self.blame("untold", f"{request} was refused without an event")
        # the holder of a selection has one try
        if kind == "execute" and answer not in ("number", "late", "unselected", "originator"):
            self.selection = None

    def _accepted(self, request, originator, number, is_doubtful):
        kind = request[0]
        if not self.in_service:
            self._asked -= {"output", "module"}
        if self._asked and not is_doubtful:
            what = "wrong_operations" if kind == "execute" else "wrong_answers"
            self.blame(what, f"{request} was accepted: {sorted(self._asked)}")
        self.highest[originator] = max(number, self.highest[originator])
        if kind == "select":
            self.selection = (request, self._time.us + SELECT_S * 1000000)
            self.ran_out = None
            wanted = "CONTROL_SELECTED"
        elif kind == "cancel":
            self.selection = None
            wanted = "CONTROL_CANCELLED"
        else:
            self.selection = None
            self.operation = Operation(request, self._time.us)
            self.operation.kept_us = self._kept_us(self.operation)
            self.operation.is_excused = not self.in_service
            self._recent.append(self.operation)
            self.counts["accepted"] += 1
            return
        if wanted not in self._events:
            self.blame("untold", f"{request} was accepted without an event")

    # flash, events, power

    def _kept(self, text):
        lines = [line.split() for line in text.split(";") if line]
        self._numbers = {line[0]: int(line[1]) for line in lines if line[0] != "!"}
        journal = [" ".join(line[1:]) for line in lines if line[0] == "!"]
        self._journal = journal[0] if journal else ""

    def _kept_us(self, operation):
        """Now, if flash has what it must have before anything moves."""
        words = f"{operation.output} {operation.action} {operation.originator}"
        if self._journal == words and self._numbers.get(operation.originator) == operation.number:
            return self._time.us
        return None

    def _event(self, name, device, text):
        self._events.append(name)
        if name == "CONTROL_MISMATCH":
            self.mismatches += 1
        if name.startswith("TASK_"):
            self.blame("wrong_answers", f"a task failed: {text}")
        if self._request or name not in _RESULTS:
            return
        if name == "CONTROL_UNKNOWN" and self.operation is None:
            if self._journal_at_boot.split()[:1] != [device]:
                self.blame("wrong_answers", f"unknown is told of {device}: nothing was under way")
            self._is_told = True
            self.counts["unknown"] += 1
        elif self.operation:
            self._ended(_RESULTS[name], text)

    def _ended(self, result, text):
        operation, self.operation = self.operation, None
        operation.result = result
        operation.end_us = self._time.us
        self.counts[result] += 1
        status = self.module.status() if self.module else {}
        if result == "done":
            position = status.get(operation.output[-2:])
            if operation.pulses != 1 or position != _TARGETS[operation.action]:
                self.blame("wrong_answers", f"{operation.coil} is done: {position}, not so")
        elif not operation.is_excused:
            self.blame("missed_operations", f"{operation.coil}: {result}, {text}")
        if result == "refused" and operation.pulses:
            self.blame("wrong_answers", f"{operation.coil} was moved and is told as refused")

    def _went_off(self):
        self.counts["cuts"] += 1
        self.is_off = True
        self.in_service = False
        if self._request:  # nobody knows what came of it
            kind, *words = self._request
            originator, number = words[2:4] if kind != "cancel" else words
            self.maybe[originator] = max(number, self.maybe[originator])
            self._request = []
        operation, self.operation = self.operation, None
        if operation and not self._journal:
            self.blame("unsafe_after_cut", f"{operation.coil} was cut off, flash does not know")
        if operation:
            operation.is_cut = True
            operation.end_us = self._time.us + _PULL_US
        self.selection = self.ran_out = None

    def booted(self):
        """All that is told at a boot has been told."""
        if self._journal_at_boot and not self._is_told:
            self.blame("unsafe_after_cut", f"{self._journal} was cut off and is not told")
        self._journal_at_boot = ""

    def _pulse(self, coil, start_s, length_s):
        """One coil was fed; it is over."""
        self.counts["pulses"] += 1
        self.longest_s = max(self.longest_s, length_s)
        start_us, end_us = round(start_s * 1e6), round((start_s + length_s) * 1e6)
        if length_s > ONE_SHOT_S + 0.001:
            self.blame("long_pulses", f"{coil} was fed {length_s:.3f} s")
        operation = self._owner(coil, start_us)
        if operation is None:
            last = self._recent[-1] if self._recent else None
            is_after = last is not None and last.is_cut
            key = "unsafe_after_cut" if is_after or self.is_off else "wrong_operations"
            self.blame(key, f"{coil} was fed from {start_s:.3f} s on, nobody ordered it")
            return
        operation.pulses += 1
        if operation.pulses > 1:
            self.blame("wrong_operations", f"{coil} was fed twice")
        if operation.kept_us is None:
            self.blame("wrong_operations", f"{coil} was fed before flash knew of it")
        if operation.dark_us is not None and end_us > operation.dark_us + _DROP_US:
            self.blame("unsafe_after_cut", f"{coil} stayed fed without power")
        is_disturbed = operation.is_cut or operation.is_excused
        if not is_disturbed and length_s * 1000 > PULSE_MS + 1000 * _PULSE_SLACK_S:
            self.blame("long_pulses", f"{coil} was fed {length_s:.3f} s")

    def _owner(self, coil, start_us):
        """The operation it belongs to, or None."""
        for operation in self._recent:
            is_begun = operation.coil == coil and operation.began_us <= start_us
            if is_begun and (operation.end_us is None or start_us <= operation.end_us):
                return operation
        return None
