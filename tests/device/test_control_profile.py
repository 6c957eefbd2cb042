"""Outputs in a profile: laid out as the pages say, or refused with one sentence."""

from rs485_world import Profiles, modbus

from firmware.core.errors import SlotError
from firmware.devices import dialect_modbus, profile

CLOSING = [[65, 21930], [64, 1]]
OPENING = [[65, 21930], [64, 2]]
POINTS = [["a", "A", -1, "data", 0, "u16"], ["state", "", 0, "key", 32, "u16"]]

profiles = Profiles()


def load(**more):
    profiles.put("one", modbus(POINTS, **more))
    return profile.load("one", lambda protocol: dialect_modbus.Dialect())


def refused(**more):
    try:
        load(**more)
    except SlotError as error:
        assert "\n" not in str(error) and str(error).startswith("profile one"), error
        return True
    return False


good = ["breaker", CLOSING, OPENING, "state", 3]
assert load().outputs == ()
(output,) = load(outputs=[good]).outputs
assert output.orders == (((65, 21930), (64, 1)), ((65, 21930), (64, 2)))
assert (output.name, output.point, output.bit) == ("breaker", 1, 3)
assert output.read[0] == (3, 32, 1)  # its register alone
assert load(outputs=[good] * 4, travel_ms=100).travel_ms == 100
assert refused(outputs=[good] * 5) and refused(outputs=[good], travel_ms=99)
for at, values in (
    (1, ([], 5, [[64]], [[64, 70000]], [["x", 1]], [[1, 1]] * 5, None)),
    (3, ("status", None, 0)),
    (4, (16, -1, "0", None)),
):
    for value in values:
        wrong = list(good)
        wrong[at] = value
        assert refused(outputs=[wrong]), wrong
for wrong in ("breaker", good[:4], good + [1], {}, None):
    assert refused(outputs=[wrong]), wrong
print("OK")
