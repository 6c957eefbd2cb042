"""Names with wildcards, as people type them."""


def matches(pattern, text):
    """Whether the whole text fits the pattern: * is any run of characters, ? any single one."""
    at = 0
    star = -1  # index of the last * met, and where in the text its run ends for now
    run = 0
    i = 0
    while i < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, run = at, i
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[i]):
            at += 1
            i += 1
        elif star >= 0:
            run += 1
            at, i = star + 1, run
        else:
            return False
    return pattern[at:].replace("*", "") == ""
