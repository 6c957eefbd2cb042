"""What the tests of the codecs share: whether something is refused, and in a sentence."""

from firmware.core.errors import CodecError


def complaint(function, *arguments):
    """The sentence of the CodecError, "" when there is none."""
    try:
        function(*arguments)
    except CodecError as error:
        assert str(error)
        return str(error)
    return ""


def refused(function, *arguments):
    return complaint(function, *arguments) != ""
