"""AT commands that people may give: those that only ask. Anything else could change what the
driver relies on, take the port into another mode, or make the modem swallow what comes next.
"""

from firmware.core.errors import SlotError

# that ask without a question mark; with "=" only these
_ASKS = (
    "AT",
    "ATI",
    "AT+CSQ",
    "AT+GSN",
    "AT+CGSN",
    "AT+CGMI",
    "AT+CGMM",
    "AT+CGMR",
    "AT+GMI",
    "AT+GMM",
    "AT+GMR",
    "AT+CIMI",
    "AT+QCCID",
    "AT+QNWINFO",
    "AT+QCSQ",
    "AT+QGMR",
    "AT+QTEMP",
    "AT+QLTS",
    "AT+CGPADDR",
    "AT+CEER",
    "AT+QIGETERROR",
    "AT+QENG",
    "AT+QSPN",
    "AT+CESQ",
)
_SET = ("AT+QLTS", "AT+QENG", "AT+CGPADDR")  # with "=" they ask too


def judge(text):
    """The command as it is given to the modem; SlotError with a sentence when it is refused."""
    text = str(text).strip()
    for letter in text:
        if not " " <= letter < "\x7f" or letter == ";":
            raise SlotError("one command of plain letters, without a semicolon")
    name = text.split("=")[0].upper().replace("?", "")
    is_asking = name.startswith("AT+") and text[len(name) :] in ("?", "=?")
    if not 2 <= len(text) <= 100 or not name.startswith("AT"):
        raise SlotError("an AT command has 2 to 100 letters and begins with AT")
    if is_asking or name in (_SET if "=" in text else _ASKS):
        return name + text[len(name) :]
    raise SlotError(
        "only commands that ask are given to the modem, such as AT+CSQ or AT+COPS?; "
        "what is set belongs into the settings cellular.*"
    )
