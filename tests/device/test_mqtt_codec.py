"""umqtt.simple as a codec: bytes written out from OASIS MQTT 3.1.1, and all it must refuse."""

from umqtt import simple

from firmware.core.errors import CodecError, UplinkError
from firmware.uplink import mqtt
from firmware.uplink.mqtt import Codec, Framer


def refuses(function, *arguments):
    try:
        function(*arguments)
    except CodecError:
        return True
    return False


def test_connect():
    # 3.1: fixed header, "MQTT", level 4, flags, keepalive, then the strings of the payload
    plain = Codec(b"st1", keepalive_s=30)
    assert plain.connect() == b"\x10\x0f\0\x04MQTT\x04\x02\0\x1e\0\x03st1"
    # user + password + will retained at QoS 1 + clean session: 0x80|0x40|0x20|0x08|0x04|0x02
    full = Codec(b"st1", b"me", b"pw!", 300, (b"w/t", b"gone", True, 1))
    assert full.connect() == (
        b"\x10\x23\0\x04MQTT\x04\xee\x01\x2c\0\x03st1\0\x03w/t\0\x04gone\0\x02me\0\x03pw!"
    )
    assert full.connect() == full.connect()  # the next connection asks the same
    nameless = Codec(b"st1", b"me")
    assert nameless.connect() == b"\x10\x15\0\x04MQTT\x04\xc2\0\x1e\0\x03st1\0\x02me\0\0"
    assert hasattr(simple.socket, "getaddrinfo") and hasattr(simple.socket, "AF_INET")
    long = Codec(b"x" * 200).connect()
    assert long[:3] == b"\x10\xd4\x01" and len(long) == 3 + 212
    assert refuses(Codec, b"st1", None, None, 30, (b"a/+", b"", False, 0))


def test_publish():
    codec = Codec(b"st1")
    # 3.3: QoS 1 is 0x32, retained 0x33; topic, packet id, payload
    assert codec.publish(1, b"a/b", b"hi") == b"\x32\x09\0\x03a/b\0\x01hi"
    assert codec.publish(0x1234, b"a/b", b"hi", True) == b"\x33\x09\0\x03a/b\x12\x34hi"
    assert codec.publish(65535, b"\xc3\xbc", b"") == b"\x32\x06\0\x02\xc3\xbc\xff\xff"
    for size in (120, 121, 8192, 16376, 16377, 20000):
        packet = codec.publish(7, b"t", b"p" * size)
        framer = Framer(1 << 20)
        framer.feed(packet)
        assert framer.next() == packet and not framer.is_partial
        assert packet.endswith(b"\0\x01t\0\x07" + b"p" * size)
    for topic in (b"", b"a/+", b"#", b"a\0b"):
        assert refuses(codec.publish, 1, topic, b"")
    assert codec.ping() == b"\xc0\0"
    assert codec.ping() != codec.publish(1, b"a", b"")  # nothing is left over between calls


def test_subscribe():
    codec = Codec(b"st1")
    # 3.8: 0x82, id, filter, asked QoS
    assert codec.subscribe(10, b"a/#") == b"\x82\x08\0\x0a\0\x03a/#\x01"
    longest = b"x" * 120
    assert codec.subscribe(1, longest) == b"\x82\x7d\0\x01\0\x78" + longest + b"\x01"
    assert refuses(codec.subscribe, 1, b"x" * 121) and refuses(codec.subscribe, 1, b"")


def test_ids_wrap():
    codec = Codec(b"st1")
    codec.last_pid = 65533
    assert [codec.next_pid(()) for _ in range(4)] == [65534, 65535, 1, 2]
    codec.last_pid = 65534
    assert codec.next_pid((65535, 1, 3)) == 2
    assert codec.next_pid((3,)) == 4


def test_answers():
    codec = Codec(b"st1")
    assert codec.decode(b"\x20\x02\0\0") == (mqtt.CONNACK, 0, 0)
    assert codec.decode(b"\x20\x02\x01\x05") == (mqtt.CONNACK, 5, 0)
    assert codec.decode(b"\x40\x02\x12\x34") == (mqtt.PUBACK, 0x1234, 0)
    assert codec.decode(b"\x90\x03\0\x0a\x80") == (mqtt.SUBACK, 10, 0x80)
    assert codec.decode(b"\xd0\0") == (mqtt.PINGRESP, 0, 0)
    for packet in (b"\x20\x03\0\0\0", b"\x40\0", b"\xd0\x01\0", b"\xe0\0", b"\x41\x02\0\x01"):
        assert refuses(codec.decode, packet), packet
    mqtt.check_connack(0)
    for code in (1, 5, 6, 255):
        try:
            mqtt.check_connack(code)
        except UplinkError:
            continue
        raise AssertionError(code)


def test_messages():
    codec = Codec(b"st1")
    assert codec.decode(b"\x30\x05\0\x01thi") == (mqtt.PUBLISH, (b"t", b"hi"), b"")
    at_qos_1 = codec.decode(b"\x32\x07\0\x01t\x12\x34hi")
    assert at_qos_1 == (mqtt.PUBLISH, (b"t", b"hi"), b"\x40\x02\x12\x34")
    assert codec.decode(b"\x3b\x05\0\x01t\0\x01") == (mqtt.PUBLISH, (b"t", b""), b"\x40\x02\0\x01")
    body = b"\0\x01t" + b"z" * 300
    assert codec.decode(b"\x30\xaf\x02" + body)[1] == (b"t", b"z" * 300)
    for packet in (
        b"\x30\0",
        b"\x30\x01\0",
        b"\x30\x03\0\x02t",  # topic longer than the packet
        b"\x32\x04\0\x01t\0",  # half an id
        b"\x34\x05\0\x01t\0\x01",  # QoS 2: never asked for
        b"\x36\x05\0\x01t\0\x01",
    ):
        assert refuses(codec.decode, packet), packet


def test_framer_splits():
    packets = (
        b"\x20\x02\0\0",
        b"\x30\xaf\x02" + b"\0\x01t" + b"z" * 300,
        b"\xd0\0",
        b"\x40\x02\0\x01",
    )
    stream = b"".join(packets)
    for cut in range(len(stream) + 1):
        framer = Framer(1000)
        out = []
        for part in (stream[:cut], stream[cut:]):
            framer.feed(part)
            packet = framer.next()
            while packet is not None:
                out.append(packet)
                packet = framer.next()
        assert tuple(out) == packets and not framer.is_partial
    framer = Framer(1000)
    out = []
    for byte in stream:
        framer.feed(bytes((byte,)))
        packet = framer.next()
        if packet is not None:
            out.append(packet)
    assert tuple(out) == packets


def test_framer_refuses():
    for stream in (
        b"\x30\xff\xff\xff\x7f",  # 256 MB
        b"\x30\xe7\x07",  # limit 1000 with its header, one too many
        b"\x30\xff\xff\xff\xff",  # a length of more than four bytes
        b"HTTP/1.1 400",
        b"\x00",
        b"\xf0",
        b"\x41",
    ):
        framer = Framer(1001)
        framer.feed(stream)
        assert refuses(framer.next), stream
    framer = Framer(1002)
    framer.feed(b"\x30\xe7\x07")
    assert framer.next() is None and framer.is_partial


def test_matches():
    # examples of 4.7.1
    for pattern, topic, result in (
        (b"a/b", b"a/b", True),
        (b"a/b", b"a/b/c", False),
        (b"a/#", b"a/b/c", True),
        (b"a/#", b"a", True),
        (b"#", b"a/b", True),
        (b"a/+", b"a/b", True),
        (b"a/+", b"a", False),
        (b"a/+", b"a/", True),
        (b"+/+", b"/a", True),
        (b"+", b"/a", False),
        (b"a/+/c", b"a/b/c", True),
    ):
        assert mqtt.matches(pattern, topic) == result, (pattern, topic)


test_connect()
test_publish()
test_subscribe()
test_ids_wrap()
test_answers()
test_messages()
test_framer_splits()
test_framer_refuses()
test_matches()
print("OK")
