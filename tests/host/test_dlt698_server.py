"""The DL/T 698.45 master against the server of the independent package `dlt698`, over a pipe of
bytes in this process: its association, its fragments and its blocks, random data."""

import pytest
from dlt698 import _native as peer
from dlt698_draw import Draw

from firmware.codec import dlt698, dlt698_address
from firmware.codec import dlt698_data as data
from firmware.codec import dlt698_replies as replies
from firmware.codec import dlt698_requests as requests
from firmware.codec.dlt698_master import DONE, SEND, WAIT, Transaction

METER = dlt698_address.meter("201605190907")
MOST = 12000  # bytes of the longest answer here


def plain(value):
    """A Data of the package as decoded without its types; test_dlt698_peer proves the codec."""
    return data.decode(peer.encode_data(value))


class Server:
    """The package's server at one end, a Transaction at the other. `results` are handed out by
    whatever is asked next; `asked` is what the package read in it."""

    def __init__(self, frame=0, apdu=MOST, blocks=False):
        self.executor = peer.ManualExecutor()
        self.near, far = peer.MemoryChannel.pair(self.executor)
        options = peer.SessionOptions(
            role=peer.Role.server,
            server=peer.ServerAddress(
                bytes=bytes.fromhex(METER.digits)[::-1], type=peer.AddressType.single
            ),
            require_login=False,
            prefer_get_blocks=blocks,
        )
        terms = requests.TERMS._replace(apdu=apdu)
        if frame:
            terms = terms._replace(send=frame, receive=frame)
        parameters = options.parameters
        parameters.apdu_bytes = apdu
        parameters.send_frame_bytes = parameters.receive_frame_bytes = terms.send
        options.parameters = parameters
        self.session = peer.SessionHandle(far, self.executor, options)
        self.asked = None
        self.results = []
        for name, make in (
            ("request", self.get),
            ("record", self.get_record),
            ("set", self.write),
            ("action", self.call),
        ):
            getattr(self.session, f"set_{name}_handler")(make)
        self.heard = []
        self.session.start()
        self.near.async_read(self.hear)
        self.line = Transaction(frame or dlt698.MAX_FRAME - 2, MOST)
        self.sizes = []  # of the frames the server sent
        self.sends = 0  # of the master's, in the last exchange
        assert self.ask(requests.connect(0, terms)).results.result == 0

    def hear(self, chunk):
        assert isinstance(chunk, bytes), chunk
        self.heard.append(chunk)
        self.near.async_read(self.hear)

    def get(self, request):
        self.asked = request
        return peer.GetResponse(attributes=self.results, list=request.list, piid_acd=request.piid)

    def get_record(self, request):
        self.asked = request
        return peer.GetRecordResponse(
            records=self.results, list=request.list, piid_acd=request.piid
        )

    def write(self, request):
        self.asked = request
        return peer.SetResponse(attributes=self.results, list=request.list, piid_acd=request.piid)

    def call(self, request):
        self.asked = request
        return peer.ActionResponse(methods=self.results, list=request.list, piid_acd=request.piid)

    def ask(self, apdu, room=0):
        """The Reply, by as many frames as it takes; its bytes arrive in pieces."""
        self.say(self.line.begin(METER, apdu, room))
        self.sizes, self.sends = [], 1
        while True:
            state = self.take()
            if state != SEND:
                break
            self.sends += 1
            self.say(self.line.request)
        assert state == DONE and self.line.address == METER
        assert (self.line.alien, self.line.late, self.line.stale) == (0, 0, 0)
        return self.line.reply

    def say(self, frame):
        self.near.async_write(frame, lambda error: None)
        for _ in range(4):
            self.executor.run_ready()

    def take(self):
        while self.heard:
            chunk = self.heard.pop(0)
            self.sizes.append(len(chunk))
            for at in range(0, len(chunk), 64):
                self.line.feed(chunk[at : at + 64])
                state = self.line.take()
                if state != WAIT:
                    return state
        return WAIT


@pytest.fixture(scope="module")
def server():
    return Server()


def read(draw, count):
    """`count` different OADs with what they hold: (our results, the package's)."""
    pairs = []
    while len(pairs) < count:
        ours, theirs = draw.result()
        if ours[0] not in [other[0] for other, _ in pairs]:
            value = plain(theirs.result) if ours[1] == 0 else None
            pairs.append((ours[:2] + (value,), theirs))
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


@pytest.mark.parametrize("seed", range(60))
def test_reading(server, seed):
    draw = Draw(seed)
    ours, server.results = read(draw, 1 + seed % 6)
    oads = [result[0] for result in ours]
    priority = 0x80 * (seed % 2)
    reply = server.ask(requests.get_list(priority, oads))
    assert (reply.service, reply.choice) == (replies.GET, 2)
    assert list(reply.results) == ours
    assert [f"{a.oi:04X}{a.attribute:02X}{a.index:02X}" for a in server.asked.attributes] == oads
    assert server.asked.piid & 0x80 == priority
    server.results = server.results[:1]
    assert list(server.ask(requests.get(priority, oads[0])).results) == ours[:1]


@pytest.mark.parametrize("seed", range(30))
def test_writing(server, seed):
    draw = Draw(seed)
    writes = [(draw.oad(), draw.value(2)[0], seed % 5) for _ in range(1 + seed % 4)]
    server.results = [peer.SetResult(attribute=oad[1], dar=dar) for oad, _, dar in writes]
    reply = server.ask(requests.set_list(0, [(oad[0], value) for oad, value, _ in writes]))
    assert [r[:2] for r in reply.results] == [(oad[0], dar) for oad, _, dar in writes]
    (omd, their_omd), (value, their_value) = draw.omd(), draw.value(2)
    while value is None:
        value, their_value = draw.value(2)
    server.results = [peer.ActionResult(method=their_omd, dar=0, data=their_value)]
    reply = server.ask(requests.action(0, omd, value))
    assert reply.results[0] == (omd, 0, plain(their_value))
    assert server.asked.methods[0].parameter == their_value


@pytest.mark.parametrize("size", [10, 150, 900])
def test_a_long_request_goes_out_in_fragments(size):
    server = Server(frame=128)
    value = Draw(size).rng.randbytes(size)
    server.results = [peer.SetResult(attribute=peer.Oad(oi=0x4001, attribute=2, index=0), dar=0)]
    for room in (0, 30):
        server.ask(requests.set_one(0, "40010200", value), room)
        assert server.asked.attributes[0].value == peer.Data.octet_string(value)
        body = (room or 128 - 15) - 2
        assert server.sends == (1 if size + 11 <= body + 2 else -(-(size + 11) // body))


def octets(count, size):
    """`count` results of `size` bytes each."""
    ours = [(f"{0x4100 + k:04X}0200", 0, bytes([k]) * size) for k in range(count)]
    theirs = [
        peer.AttributeResult(
            attribute=peer.Oad(oi=0x4100 + k, attribute=2, index=0),
            result=peer.Data.octet_string(value),
        )
        for k, (_, _, value) in enumerate(ours)
    ]
    return ours, theirs


@pytest.mark.parametrize("blocks", [False, True], ids=["fragments", "blocks"])
@pytest.mark.parametrize("count", [3, 20, 60])
def test_a_long_answer(blocks, count):
    """In fragments of one APDU; or, where the server prefers, in blocks."""
    server = Server(frame=256, apdu=600 if blocks else MOST, blocks=blocks)
    ours, server.results = octets(count, 150)
    reply = server.ask(requests.get_list(0, [result[0] for result in ours]))
    assert list(reply.results) == ours and reply.choice == 2
    assert max(server.sizes) <= 256 + 2 and server.sends >= count // 2
    assert server.line.framer.dropped == 0


@pytest.mark.parametrize("blocks", [False, True], ids=["fragments", "blocks"])
@pytest.mark.parametrize("rows", [0, 1, 40, 200])
def test_a_table(blocks, rows):
    server = Server(frame=256, apdu=400 if blocks else MOST, blocks=blocks)
    number, energy = ("20230200", "00100200")
    oads = [peer.Oad(oi=oi, attribute=2, index=0) for oi in (0x5004, 0x2023, 0x0010)]
    table = [(k, [k * 3, k * 5]) for k in range(rows)]
    server.results = [
        peer.RecordResult(
            attribute=oads[0],
            columns=oads[1:],
            result=[
                [peer.Data.uint32(k), peer.Data.array([peer.Data.uint32(v) for v in values])]
                for k, values in table
            ],
        )
    ]
    reply = server.ask(requests.get_record(0, "50040200", (9, 1), (number, energy)))
    assert reply.choice == 3
    assert reply.results == (("50040200", 0, (number, energy), tuple(table)),)
    assert server.sends > rows // 20


def test_an_error_is_an_answer(server):
    server.results = [object()]  # the package cannot send it, and says so to who asked
    reply = server.ask(requests.get(0, "40010200"))
    assert reply.service == replies.ERROR


def test_a_report_meanwhile():
    server = Server()
    oad = peer.Oad(oi=0x3011, attribute=2, index=0)
    result = peer.AttributeResult(attribute=oad, result=peer.Data.uint8(7))
    answered = []
    server.session.async_exchange(peer.ReportNotification(payload=[result]), answered.append)
    server.executor.run_ready()
    ours, server.results = octets(1, 5)
    assert list(server.ask(requests.get(0, ours[0][0])).results) == ours
    (frame,) = server.line.unasked
    report = replies.parse(frame.data)
    assert report.results == (("30110200", 0, 7),) and not answered
    back = requests.report_received(report.piid, report.choice, ["30110200"])
    control = dlt698.answer_control(frame.control)
    server.say(dlt698.build(control, frame.address, frame.client, back))
    assert isinstance(answered[0], peer.ReportResponse)
    server.ask(requests.release(0))
