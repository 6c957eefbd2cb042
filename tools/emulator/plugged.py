"""A place of the backplane, and the module that is plugged into it."""


class Module:
    """What is plugged: what it is (modules.py), its EEPROM's contents, its line and port."""

    def __init__(self, kind, model, serial, line, port, eeprom):
        self.kind = kind
        self.model = model
        self.serial = serial
        self.line = line
        self.port = port
        self.eeprom = eeprom  # None: it has none that answers

    def close(self):
        self.port.close()
        self.model.close()
        self.line.close()


class Slot:
    """One place of the backplane. Power and reset are the board's, and stay when a module goes."""

    def __init__(self):
        self.module: Module | None = None
        self.is_powered = False
        self.is_held = False  # in reset
        self.resets = 0  # of modules with power
        self.interrupt = 1  # level of its line
        self._was_on = False  # what the module was told last

    def is_on(self):
        return self.is_powered and not self.is_held

    def refresh(self):
        """The module learns whether it has power."""
        if self.module and self.is_on() != self._was_on:
            self._was_on = not self._was_on
            self.module.model.power(self._was_on)

    def put(self, module):
        self.module = module
        self._was_on = False
        self.refresh()

    def status(self):
        module = self.module
        return {
            "module": module.kind if module else None,
            "serial": module.serial if module else None,
            "is_powered": self.is_powered,
            "resets": self.resets,
            "bytes_up": module.line.bytes_up if module else 0,
            "bytes_down": module.line.bytes_down if module else 0,
        }
