"""What streams carry: every byte follows from the stream's number and its place, each way another
series, so that a byte that is lost, twice, or of somebody else is seen at once. Both halves of the
bench use it: no feature of one interpreter only."""

GREETING = 4  # bytes at the beginning of a connection that say which stream it is, and which time


def byte(number, turn, at, is_back):
    """The byte at place `at` of connection `turn` of stream `number`."""
    mix = at * 167 + (at >> 8) * 59 + number * 101 + turn * 31 + (0x5A if is_back else 0)
    return (mix ^ (mix >> 7)) & 255


def piece(number, turn, at, count, is_back):
    return bytes([byte(number, turn, i, is_back) for i in range(at, at + count)])


def greeting(number, turn):
    return bytes((0xA5, number, turn >> 8 & 255, turn & 255))


def who(data):
    """(stream, turn) of a greeting, None when it is none."""
    if len(data) < GREETING or data[0] != 0xA5:
        return None
    return data[1], data[2] << 8 | data[3]
