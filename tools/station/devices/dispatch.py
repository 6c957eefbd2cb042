"""Who on a bus answers a transmission. Knows neither wires nor time."""


class Bus:
    def __init__(self, devices):
        """`devices` share a line; their speeds may differ."""
        self.devices = list(devices)
        self._lines = {}  # (baud, parity) -> [(class of the protocol, {address: device})]
        for device in self.devices:
            for parity in (device.parity, None):
                self._join(self._lines.setdefault((device.baud, parity), {}), device)

    @staticmethod
    def _join(line, device):
        _, there = line.setdefault(device.protocol, (type(device), {}))
        if there.setdefault(device.address, device) is not device:
            raise ValueError(f"two devices have the {device.protocol} address {device.address}")

    def hear(self, data, baud, parity=None):
        """[(device, reply bytes)] to a whole transmission at a line's speed; parity None: not
        judged. Devices of other speeds hear noise. Several answers are a collision, which is
        for the caller to turn into noise."""
        answers = []
        for kind, there in self._lines.get((baud, parity), {}).values():
            request = kind.parse(data)
            if request is None:
                continue
            target = kind.target(request)
            if target is None:
                meant = there.values()
            else:
                meant = (there[target],) if target in there else ()
            for device in meant:
                reply = device.answer(request)
                if reply is not None:
                    answers.append((device, reply))
        return answers
