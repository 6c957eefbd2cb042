"""The settings below one name as attributes, such as `cfg.port` for pass_through.port."""


class Group:
    """The values of the moment it is made."""

    def __init__(self, settings, name):
        self._values = dict(settings.group(name))

    def __getattr__(self, name):
        return self._values[name]
