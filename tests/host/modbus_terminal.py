"""The terminal's side of test_modbus_peer, under MicroPython. One JSON object a line:
{"build": name, "args": [...]} -> the request as hex; {"feed": hex} -> what became of the answer.
"""

import json
import sys
from binascii import hexlify, unhexlify

from firmware.codec import modbus, modbus_values
from firmware.codec.modbus_master import DONE, Transaction

transaction = Transaction()


def judge(raw):
    for byte in raw:
        transaction.feed(bytes([byte]))
    if transaction.take() != DONE:
        return None
    reply = transaction.reply
    read = {}
    if reply.error < 0 and reply.function in (1, 2):
        read["bits"] = modbus_values.bits(reply.data, 8 * len(reply.data))
    elif reply.error < 0:
        read["registers"] = modbus_values.registers(reply.data)
    return dict(unit=reply.unit, function=reply.function, error=reply.error, **read)


while True:
    line = sys.stdin.readline()
    if not line:
        break
    job = json.loads(line)
    if "build" in job:
        request = getattr(modbus, job["build"])(*job["args"])
        print(json.dumps(hexlify(transaction.begin(request)).decode()))
    else:
        print(json.dumps(judge(unhexlify(job["feed"]))))
