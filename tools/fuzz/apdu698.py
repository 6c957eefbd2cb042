"""What a server of DL/T 698.45 says, read by the fuzzer's own few lines.

Written from the layout of the services, not from the codec. `read_reply` gives nested tuples as a
reader of the codec must give them, or raises Refused (data698).
"""

from tools.fuzz.data698 import Cursor, Refused, column, data, tsa


def _is_data(c):
    choice = c.u()
    if choice > 1:
        raise Refused
    return choice


def _result(c):
    oad = c.oad()
    return (oad, 0, data(c)) if _is_data(c) else (oad, c.u(), None)


def _record(c):
    oad, columns = c.oad(), c.many(column)
    if not _is_data(c):
        return oad, c.u(), columns, ()
    return oad, 0, columns, c.many(lambda c: tuple(data(c) for _ in columns))


def _block(c):
    last, number, choice = c.u() != 0, c.u(2), c.u()
    if choice > 2:
        raise Refused
    if choice == 0:
        return last, number, c.u(), ()
    return last, number, 0, c.many(_result if choice == 1 else _record)


def _set(c):
    return c.oad(), c.u(), None


def _action(c):
    omd, dar = c.oad(), c.u()
    return omd, dar, data(c) if _is_data(c) else None


def _forwarded(c):
    return c.oad(), c.many(Cursor.octets)


def _target(c):
    return tsa(c), c.many(_result)


def _transparent(c):
    port = c.oad()
    return (port, 0, c.octets()) if _is_data(c) else (port, c.u(), None)


def _one(read):
    return lambda c: (read(c),)


def _many(read):
    return lambda c: c.many(read)


def _with_read(read):
    return lambda c: c.many(lambda c: (read(c), _result(c)))


_BODIES = {
    (0x85, 1): _one(_result), (0x85, 2): _many(_result), (0x85, 3): _one(_record),
    (0x85, 4): _many(_record), (0x85, 5): _block,
    (0x86, 1): _one(_set), (0x86, 2): _many(_set), (0x86, 3): _with_read(_set),
    (0x87, 1): _one(_action), (0x87, 2): _many(_action), (0x87, 3): _with_read(_action),
    (0x88, 1): _many(_result), (0x88, 2): _many(_record), (0x88, 3): _forwarded,
    (0x89, 1): _many(_target), (0x89, 7): _transparent,
}  # fmt: skip


def _association(c):
    factory = tuple(c.take(size) for size in (4, 4, 6, 4, 6, 8))
    terms = (c.u(2), c.take(8), c.take(16), c.u(2), c.u(2), c.u(), c.u(2), c.u(4))
    result = c.u()
    return factory, terms, result, (c.octets(), c.octets()) if c.u() else ()


def _time_tag(c):
    return (c.time("211111"), (c.u(), c.u(2))) if c.u() else None


def _tail(c):
    if not c.u():
        return (), _time_tag(c)
    rest = Cursor(c.data[c.at :])
    try:
        follow = rest.many(_result if rest.u() == 1 else _record)
        tag = _time_tag(rest)
        rest.end()
    except Refused:
        return c.take(len(c.data) - c.at), None
    c.marks += [(at + c.at, size, is_length) for at, size, is_length in rest.marks]
    c.at = len(c.data)
    return follow, tag


def reply(c):
    """(service, choice, piid, acd, results, follow, tag)"""
    service = c.u()
    if service == 0x90:
        choice = c.u()
        if choice > 2:
            raise Refused
        body = c.u() if choice == 2 else c.octets()
        return 0x90, choice, 0, False, (choice, body, c.take(len(c.data) - c.at)), (), None
    if not (0x85 <= service <= 0x89 or service in (0x01, 0x82, 0x83, 0x84, 0xEE)):
        raise Refused
    choice = c.u() if 0x85 <= service <= 0x89 else 0
    piid = c.u()
    follow, tag = (), None
    if service == 0x01:
        results = c.u(), c.u(2), c.time("21111112")
    elif (
        service == 0x84
        or (choice and (service, choice) not in _BODIES)
        or (service in (0x85, 0x86, 0x87, 0x88, 0x89) and not choice)
    ):
        results, follow = c.take(len(c.data) - c.at), b""
    else:
        if service == 0x82:
            results = _association(c)
        elif service in (0x83, 0xEE):
            results = (c.u(),)
        else:
            results = _BODIES[service, choice](c)
        if service != 0xEE or c.at < len(c.data):
            follow, tag = _tail(c)
    c.end()
    return service, choice, piid & 0xBF, bool(piid & 0x40), results, follow, tag


def read_reply(raw):
    return reply(Cursor(raw))


def marks(raw, read):
    """Lengths and counts in an APDU, as far as it can be read."""
    c = Cursor(raw)
    try:
        read(c)
    except Refused:
        pass
    return c.marks
