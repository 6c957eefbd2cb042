"""What tests share: whether something is refused, and in a sentence."""

from firmware.core.errors import CodecError, ConfigError, StoreError


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


def why(function, *args):
    """The sentence of a setting or a file that refuses; it must."""
    try:
        function(*args)
    except (ConfigError, StoreError) as error:
        text = str(error)
        assert "\n" not in text and 10 < len(text) < 160, text
        return text
    raise AssertionError("%r was accepted" % (args,))
