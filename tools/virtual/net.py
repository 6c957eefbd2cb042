"""The network of a virtual bench, the far end: connections of the terminal to one server, with a
delay, and the ways a network fails. tools/virtual/network.py is the terminal's end.

A server is called with a Connection for each that is made and gives what takes its bytes:
feed(data), and gone() when the terminal hung up or was cut off.
"""

UP, REFUSING, SILENT = "up", "refusing", "silent"


class Connection:
    def __init__(self, network, number):
        self.number = number
        self.server = None
        self._network = network

    def send(self, data):
        self._network.later(self._hand, data)

    def _hand(self, data):
        if self.number in self._network.connections:
            self._network.host.news.append(f"s {self.number} {data.hex()}")

    def close(self):
        """From the far side."""
        if self._network.connections.pop(self.number, None):
            self._network.host.news.append(f"e {self.number} 0")


class Network:
    """state UP; REFUSING: nobody answers, and who was connected is cut off; SILENT: half-open,
    nothing comes through either way and nobody is told."""

    def __init__(self, host, serve, delay_s=0.02):
        self.host = host
        self.state = UP
        self.connections = {}
        self._serve = serve
        self._delay_s = delay_s
        host.network = self

    def set(self, state):
        self.state = state
        if state == REFUSING:
            for connection in list(self.connections.values()):
                self._lose(connection)
                connection.close()

    def act(self, mark, words):
        """What the terminal does: see tools/virtual/device.py."""
        number = int(words[0])
        if mark == "k":
            self.host.time.later(self._delay_s, lambda: self._connect(number))
        elif mark == "s":
            self.later(self._feed, number, bytes.fromhex(words[1]))
        else:
            connection = self.connections.pop(number, None)
            if connection:
                self._lose(connection)

    def later(self, call, *words):
        """call(*words) when it has crossed the network, if it does."""
        if self.state == UP:
            self.host.time.later(self._delay_s, lambda: self.state == UP and call(*words))

    def _connect(self, number):
        if self.state == SILENT:
            return  # the terminal's own bound ends it
        is_made = self.state == UP
        if is_made:
            connection = self.connections[number] = Connection(self, number)
            connection.server = self._serve(connection)
        self.host.news.append(f"k {number} {int(is_made)}")

    def _feed(self, number, data):
        connection = self.connections.get(number)
        if connection:
            connection.server.feed(data)

    @staticmethod
    def _lose(connection):
        connection.server.gone()
