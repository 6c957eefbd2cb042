"""The few roots every error of the terminal derives from.

A codec, driver or store raises; the task that owns it judges. Messages are one
plain sentence for the person who reads them, or empty.
"""


class CodecError(Exception):
    """Bytes that are not what their protocol says."""


class LinkError(Exception):
    """The metrology unit is absent, answers wrongly or lost its configuration."""


class SlotError(Exception):
    """A module or a device behind it does not do what its driver expects."""


class StoreError(Exception):
    """Flash could not be read or written as promised."""


class ConfigError(Exception):
    """A setting that the schema does not allow."""


class UplinkError(Exception):
    """The far side of the northbound link broke its protocol or went away."""


class ControlError(Exception):
    """A control request that is refused: nothing has moved. `reason` is one word for counting."""

    def __init__(self, text, reason=""):
        super().__init__(text)
        self.reason = reason
