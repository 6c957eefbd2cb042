"""An MQTT 3.1.1 broker of one client and the head-end behind it: takes QoS 1, acknowledges at once and
writes down what came. It shares no code with the firmware.
"""

import json

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 4, 8, 12, 14


class Broker:
    """What is kept over all connections."""

    def __init__(self):
        self.events = {}  # (boot, sequence): times it came
        self.live = 0  # messages with values
        self.connects = 0
        self.wrong = []  # sentences

    def serve(self, connection):
        return Client(self, connection)

    def publish(self, topic, payload):
        if topic.endswith("/event"):
            message = json.loads(payload)
            key = message["boot"], message["seq"]
            self.events[key] = self.events.get(key, 0) + 1
        else:
            self.live += 1


class Client:
    def __init__(self, broker, connection):
        self._broker = broker
        self._connection = connection
        self._rx = bytearray()

    def feed(self, data):
        self._rx += data
        while True:
            packet = _take(self._rx)
            if packet is None:
                return
            self._act(packet[0] >> 4, packet[0] & 15, packet[1])

    def closed(self):
        """The terminal hung up, or was cut off."""

    def _act(self, kind, flags, body):
        send = self._connection.send
        if kind == CONNECT:
            self._broker.connects += 1
            send(b"\x20\x02\0\0")
        elif kind == PUBLISH:
            size = int.from_bytes(body[:2], "big")
            topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
            if flags >> 1 & 3:
                send(b"\x40\x02" + rest[:2])
                rest = rest[2:]
            self._broker.publish(topic, rest)
        elif kind == SUBSCRIBE:
            send(b"\x90\x03" + body[:2] + b"\x01")
        elif kind == PINGREQ:
            send(b"\xd0\0")
        elif kind not in (PUBACK, DISCONNECT):
            self._broker.wrong.append(f"the terminal sent a packet of type {kind}")


def _take(rx):
    """(first byte, body) of a whole packet off the front, or None."""
    length = 0
    for at in range(1, 5):
        if at >= len(rx):
            return None
        length |= (rx[at] & 0x7F) << 7 * (at - 1)
        if not rx[at] & 0x80:
            break
    end = at + 1 + length
    if len(rx) < end:
        return None
    packet = rx[0], bytes(rx[at + 1 : end])
    del rx[:end]
    return packet
