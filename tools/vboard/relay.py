"""The virtual board: an interpreter behind a serial port, restarted as its resets ask for.

One thread, one loop. It passes bytes between the port and the interpreter, turns Ctrl-C into
what a board's UART interrupt does, plays watchdog and reset logic, and reports every restart.
The caller owns the process: `run` returns after `stop` (or when the interpreter cannot start).
"""

import os
import selectors
import signal
import time

from tools.vboard.child import Child
from tools.vboard.keys import Keys
from tools.vboard.port import SerialPort
from tools.vboard.text import RAW_KEY, LineEnds, ReplMode

PWRON, HARD, WDT, _DEEPSLEEP, SOFT = range(1, 6)  # as machine.*_RESET
BROWNOUT, PANIC = 6, 7  # ports report them as PWRON and HARD, their silicon knows better
CAUSES = {PWRON: "PWRON_RESET", HARD: "HARD_RESET", WDT: "WDT_RESET", SOFT: "SOFT_RESET"}
CAUSES.update({BROWNOUT: "BROWNOUT", PANIC: "PANIC"})
_RAW = {BROWNOUT: (PWRON, "brownout"), PANIC: (HARD, "panic")}
_WISHES = {"reset": HARD, "soft": SOFT, "brownout": BROWNOUT}
_ABSENT_TICK_S = 0.05  # how often to look whether somebody opened the port
_STILLBORN_LIMIT = 3  # starts in a row that did not reach the flash
_BUSY_BOOTS, _BUSY_WINDOW_S, _BUSY_DELAY_S = 10, 1.0, 0.3  # a restart loop must not eat a core


class Relay:
    def __init__(self, argv, env, link=None, on_event=lambda name, **details: None):
        """`argv` and `env` start the interpreter; `on_event(name, **details)` is told of
        `ready`, `boot`, `up`, `reset`, `crash` and `fatal`."""
        self._argv = argv
        self._env = env
        self._on_event = on_event
        self.port = SerialPort(link)
        self._select = selectors.DefaultSelector()
        self._wake_out, self._wake = os.pipe()
        self._select.register(self._wake_out, selectors.EVENT_READ, self._on_stop)
        self._running = True
        self._is_watching = False  # somebody had the port open when we last looked
        self._child = None
        self._is_up = False  # boot code is done; before that input is held back
        self._boots = []  # times of the latest starts
        self._stillborn = 0
        self._request = b""  # beginning of a line the board is still writing
        self._last_words = b""  # output of a start that did not come up
        self._next_cause = None  # why the interpreter was killed
        self._start_at = None  # when to start the next one; None while one runs
        self._bite_at = None  # when the watchdog bites
        self._rtc_us = 0
        self._mode = ReplMode()
        self._ends = LineEnds()
        self._keys = Keys(self._on_keys)

    def watch_owner(self, fd):
        """Stop when this descriptor ends (the owner closed it, or died)."""
        self._select.register(fd, selectors.EVENT_READ, self._on_stop)

    def stop(self):
        """May be called from a signal handler."""
        if self._running:
            os.write(self._wake, b"x")

    def _on_stop(self, _events):
        self._running = False

    def run(self):
        """Serve until stopped; 0, or 1 when the interpreter does not start."""
        self._on_event("ready", pty=self.port.name)
        try:
            self._start(PWRON)
            while self._running:
                self._watch()
                for key, events in self._select.select(self._patience()):
                    # what came before in this batch may have ended the run this key is of
                    if self._select.get_map().get(key.fd) == key:
                        key.data(events)
                self._look_at_clock()
        finally:
            self._power_off()
        return 1 if self._stillborn >= _STILLBORN_LIMIT else 0

    # --- what to wait for

    def _watch(self):
        """Listen to whoever we can serve now; that is all the flow control there is."""
        port = 0
        # looked at once: who opens the port now is found at the next tick
        self._is_watching = self.port.is_open()
        if self._is_watching:
            port = selectors.EVENT_READ if self._keys.have_room() else 0
            port |= selectors.EVENT_WRITE if self.port.waits() else 0
        self._listen(self.port.fd, port, self._on_port)
        child = self._child
        if child:
            out = 0 if self.port.is_full() else selectors.EVENT_READ
            self._listen(child.output, out, lambda _: self._on_output(child))
            keys = self._is_listening() and self._keys.are_waiting()
            room = selectors.EVENT_WRITE if keys else 0
            self._listen(child.input, room, lambda _: self._feed(child))

    def _listen(self, fd, events, call):
        known = self._select.get_map().get(fd)
        if known is None:
            if events:
                self._select.register(fd, events, call)
        elif not events:
            self._select.unregister(fd)
        elif known.events != events:
            self._select.modify(fd, events, call)

    def _patience(self):
        """Seconds until the clock has to be looked at; None for ever."""
        times = [at for at in (self._start_at, self._bite_at) if at is not None]
        waits = [max(0.0, min(times) - time.monotonic())] if times else []
        if not self._is_watching or self.port.is_full():
            waits.append(_ABSENT_TICK_S)
        return min(waits, default=None)

    def _look_at_clock(self):
        now = time.monotonic()
        if self._child and self._bite_at is not None and now >= self._bite_at:
            self._restart(self._child, WDT)
        if self._start_at is not None and now >= self._start_at:
            self._start(self._next_cause)

    # --- user -> board

    def _on_port(self, events):
        if events & selectors.EVENT_WRITE:
            self.port.flush()
        if events & selectors.EVENT_READ:
            self._keys.pressed(self.port.read() or b"")
            if self._child:
                self._feed(self._child)

    def _on_keys(self, data):
        """The interpreter has got this."""
        self._mode.typed(data)
        self._ends.from_user(data)

    def _feed(self, child):
        self._on_control(child)  # a board that asked for a reset listens no more
        if self._is_listening():
            self._keys.feed(child)

    def _is_listening(self):
        return self._is_up and self._next_cause is None

    # --- board -> user

    def _on_output(self, child):
        data = child.read_output()
        if not data:
            self._on_end(child)
            return
        if not self._is_up:
            self._last_words = (self._last_words + data)[-2000:]
        self._mode.printed(data)
        self.port.write(self._ends.to_user(data, lambda: not child.listens_to_ctrl_c()))

    def _on_control(self, child):
        data = child.read_control()
        if data is None:
            return
        if not data:
            self._listen(child.control, 0, None)
        *lines, self._request = (self._request + data).split(b"\n")
        for line in lines:
            word, _, value = line.decode().partition(" ")
            self._obey(child, word, value)

    def _obey(self, child, word, value):
        """One request of the board, see board/unix/shim_host.py."""
        if word.isdecimal():
            self._bite_at = time.monotonic() + int(word) / 1000
        elif word == "up":
            self._is_up = True
            self._stillborn = 0
            self._on_event("up", heap=int(value))
            if self._mode.raw:  # a soft reset stays in the REPL it was asked from
                self._keys.unread(bytes([RAW_KEY]))
            self._feed(child)
        elif word == "rtc":
            self._rtc_us = int(value)
        elif word in _WISHES:
            self._restart(child, _WISHES[word])

    # --- power, reset, watchdog

    def _start(self, cause):
        now = time.monotonic()
        self._boots = [at for at in self._boots if now - at < _BUSY_WINDOW_S] + [now]
        self._start_at = self._next_cause = self._bite_at = None
        self._is_up = False
        self._request = b""
        self._last_words = b""
        if cause != SOFT:
            self._mode = ReplMode()
        told, raw = _RAW.get(cause, (cause, ""))
        env = dict(self._env, TTU_RESET_CAUSE=str(told), TTU_RESET_RAW=raw)
        env["TTU_RTC_US"] = str(self._rtc_us)
        if self._mode.raw:
            env["TTU_SKIP_MAIN"] = "1"
        self._child = child = Child(self._argv, env)
        self._listen(child.control, selectors.EVENT_READ, lambda _: self._on_control(child))
        self._on_event("boot", pid=child.pid, cause=CAUSES[cause])

    def _restart(self, child, cause):
        """Take the power away; the rest happens when the interpreter has ended."""
        self._bite_at = None
        if self._next_cause is None:
            self._next_cause = cause
            child.kill()

    def _on_end(self, child):
        self._on_control(child)  # its last requests
        self._bite_at = None
        status = self._forget(child)
        cause = self._next_cause
        if cause is None:
            # Ctrl-D and SystemExit end the process: that is a soft reset; a signal is a crash
            cause = SOFT if status >= 0 else PANIC
            if status < 0:
                name = signal.Signals(-status).name
                self._say(f"board: crashed by {name}")
                self._on_event("crash", signal=name)
        if not self._is_up:
            self._stillborn += 1
            if self._stillborn >= _STILLBORN_LIMIT:
                self._on_event("fatal", text=self._last_words.decode(errors="replace"))
                self._running = False
                return
        self._is_up = False
        self._say({SOFT: "MPY: soft reboot", WDT: "board: watchdog reset"}.get(cause, ""))
        self._on_event("reset", cause=CAUSES[cause], status=status)
        self._next_cause = cause
        is_busy = len(self._boots) >= _BUSY_BOOTS or cause != SOFT
        self._start_at = time.monotonic() + (_BUSY_DELAY_S if is_busy else 0)

    def _say(self, text):
        if text:
            self.port.write(text.encode() + b"\r\n")

    def _forget(self, child):
        """Wait for its end, keep the keys it has not read; its exit status."""
        for fd in (child.input, child.output, child.control):
            self._listen(fd, 0, None)
        status, rest = child.bury()
        self._keys.unread(rest)
        self._child = None
        return status

    def _power_off(self):
        if self._child:
            self._child.kill()
            self._forget(self._child)
        self._select.close()
        self.port.close()
        os.close(self._wake)
        os.close(self._wake_out)
