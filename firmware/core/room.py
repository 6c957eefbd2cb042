"""How much of a flash is taken, as littlefs counts it: by going through everything."""


def used(facts):
    """Bytes taken, of what statvfs gives.

    What two files share, or one that is open and written, is counted twice: "used" may be more
    than there is, and "free" below 0, which is a large number where words have 64 bits.
    """
    return facts[0] * facts[2] - free(facts)


def free(facts):
    """Bytes free, of what statvfs gives."""
    return facts[0] * facts[3] if 0 <= facts[3] <= facts[2] else 0
