"""What a modem says, cut into pieces: lines, prompts, and data of an announced length. Sans-I/O.

Data are handed on only when the whole length came, CR LF stands right behind it, and neither what
follows nor their own last line says that something slipped in; else the frame is broken, and
what it was made of is read again as lines, so that a result code or the next frame in the
middle of it is found.
"""

from micropython import const

LINE = const(1)  # (LINE, text)
PROMPT = const(2)  # (PROMPT, None): the modem waits for data to send
PUSHED = const(3)  # (PUSHED, (socket, bytes)): data it hands on of its own accord
READ = const(4)  # (READ, bytes): data that were asked for
BROKEN = const(5)  # (BROKEN, socket, or -1 when the data were asked for)
GARBAGE = const(6)  # (GARBAGE, count): bytes that are no text

SOCKETS = const(4)  # connection numbers in use: 0 .. 3, a modem has 12
FRAME = const(1500)  # bytes of data in one piece at most
_LINE_BYTES = const(512)  # a longer line is none
_PUSH = b'+QIURC: "recv",'
_ANSWER = b"+QIRD: "
_EDGE = b"\r\n"
_HUNG_UP = b"\r\nNO CARRIER"
# how a line begins that a modem says unasked; whatever else nobody asked for is garbage
UNASKED = (
    "+QIURC:",
    "+QIOPEN:",
    "+CEREG:",
    "+CREG:",
    "+CGREG:",
    "+CPIN:",
    "+CFUN:",
    "+QUSIM:",
    "+QIND:",
    "+CGEV:",
    "+CTZE:",
    "+CTZV:",
    "+CTZDST:",
    "+QNITZ:",
    "+CMTI:",
    "RDY",
    "APP RDY",
    "RING",
    "NO CARRIER",
    "POWERED DOWN",
    "NORMAL POWER DOWN",
)


class Parser:
    def __init__(self):
        self.wants_prompt = False  # set by who has asked for one
        self.wants_data = False  # ... and for data
        self.garbage = 0  # bytes that were thrown away
        self.broken = 0  # frames
        self._buf = bytearray()
        self._length = -1  # of the data that come now; -1: lines come
        self._socket = -1  # they are for, -1: for who asked

    @property
    def is_partial(self):
        """Does a frame of data wait for its rest?"""
        return self._length >= 0

    def clear(self):
        """The modem starts anew."""
        self.wants_prompt = self.wants_data = False
        self._buf = bytearray()
        self._length = -1

    def feed(self, data):
        self._buf += data

    def abandon(self):
        """The rest of the frame does not come: (BROKEN, socket)."""
        self._length = -1
        self.broken += 1
        return BROKEN, self._socket

    def next(self):
        """The next piece, see above; None: more is needed."""
        if self._length >= 0:
            return self._frame()
        self._skip_edges()
        if self.wants_prompt and self._take_prompt():
            return PROMPT, None
        buf = self._buf
        end = buf.find(b"\n")
        if end < 0:
            return self._throw(len(buf)) if len(buf) > _LINE_BYTES else None
        if end > _LINE_BYTES:
            return self._throw(end + 1)
        line = bytes(buf[:end]).rstrip()
        for byte in line:
            if not 32 <= byte < 127:
                return self._throw(end + 1)
        self._buf = buf[end + 1 :]
        if self._begins_frame(line):
            return self._frame()
        return LINE, line.decode()

    def _skip_edges(self):
        at = 0
        buf = self._buf
        while at < len(buf) and buf[at] in _EDGE:
            at += 1
        if at:
            self._buf = buf[at:]

    def _take_prompt(self):
        buf = self._buf
        at = 0
        if buf[:2] != b"> ":  # nothing is said behind it: before it on its line may be garbage
            if not buf.endswith(b"> ") or buf.find(b"\n") >= 0:
                return False
            at = len(buf) - 2
        self.garbage += at
        self._buf = buf[at + 2 :]
        self.wants_prompt = False
        return True

    def _throw(self, count):
        self.garbage += count
        self._buf = self._buf[count:]
        return GARBAGE, count

    def _begins_frame(self, line):
        if line.startswith(_PUSH):
            fields = line[len(_PUSH) :].split(b",")
            if len(fields) == 2:
                socket, length = number(fields[0], SOCKETS - 1), number(fields[1], FRAME)
                if socket >= 0 and length > 0:
                    self._socket, self._length = socket, length
        elif self.wants_data and line.startswith(_ANSWER):
            length = number(line[len(_ANSWER) :], FRAME)
            if length > 0:
                self._socket, self._length = -1, length
        return self._length >= 0

    def _frame(self):
        buf, length = self._buf, self._length
        # what cannot become right need not be waited for
        if len(buf) > length and buf[length] != _EDGE[0]:
            return self.abandon()
        if len(buf) < length + 2:
            return None
        if buf[length + 1] != _EDGE[1]:
            return self.abandon()
        # the next line begins with CR LF of its own
        if len(buf) > length + 2 and buf[length + 2] != _EDGE[0]:
            return self.abandon()
        data = bytes(buf[:length])
        if _ends_as_modem(data):
            return self.abandon()
        self._buf = buf[length + 2 :]
        self._length = -1
        return (READ, data) if self._socket < 0 else (PUSHED, (self._socket, data))


def _ends_as_modem(data):
    """Is NO CARRIER in the data, or their last line one of the modem's? With its CR LF it would
    pass for the end of the frame it slipped into. Data that really read so cost a connection,
    not a byte."""
    if data.find(_HUNG_UP) >= 0:
        return True
    start = data.rfind(_EDGE)
    if start < 0 or len(data) - start > 64:
        return False
    last = data[start + 2 :]
    return any([last.startswith(word.encode()) for word in UNASKED])


def number(text, most):
    """0 .. most as a modem writes it (bytes or str): digits only and no leading zero, so that a
    digit that slipped in is not taken for a number; else -1."""
    if not 0 < len(text) <= 9 or not text.isdigit() or (len(text) > 1 and text[0] in (48, "0")):
        return -1
    value = int(text)
    return value if value <= most else -1


def fields(text):
    """The values behind the colon of an answer, without quotation marks; a comma between them is
    part of the value."""
    out = []
    word, is_quoted = "", False
    for letter in text[text.find(":") + 1 :].strip():
        if letter == '"':
            is_quoted = not is_quoted
        elif letter == "," and not is_quoted:
            out.append(word.strip())
            word = ""
        else:
            word += letter
    out.append(word.strip())
    return out
