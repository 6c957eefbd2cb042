"""The tables of a telemetry module for people."""

from firmware.core import decimal
from modules.telemetry import front_end, position
from modules.telemetry.ports import COUNT

NAMES = ("status", "inputs", "analogs", "soe")

_STATES = ("0", "1", "chatters")


def view(driver, name):
    """(header, rows) or (header, rows, note)."""
    if name == "inputs":
        return ("input", "name", "state", "edges", "changes"), _inputs(driver)
    if name == "analogs":
        return ("input", "name", "type", "value", "unit", "condition", "code"), _analogs(driver)
    if name == "soe":
        sequence = driver.digital.sequence
        note = "%d in all, %d with an uncertain time" % (sequence.count, sequence.lost)
        return ("number", "utc_ms", "input", "name", "state"), _soe(driver), note
    return ("what", "value"), _status(driver)


def measured(channel):
    """What an analog input says, in one sentence."""
    spec = channel.spec
    condition = front_end.NAMES[channel.condition]
    if channel.value is None:
        return "%s is %s" % (spec.name, condition)
    value = decimal.text(channel.value, spec.power)
    return ("%s is %s, %s %s" % (spec.name, condition, value, spec.unit)).rstrip()


def _status(driver):
    rows = [
        ("profile", driver.profile_name),
        ("interrupt line", "yes" if driver.digital.has_line else "no"),
    ]
    for point, switch in driver.digital.positions:
        told = "not known" if switch.told is None else position.NAMES[switch.told]
        rows.append((driver.profile.points[point][0], told))
    return rows + sorted(driver.stats().items())


def _inputs(driver):
    inputs = driver.digital.inputs
    rows = []
    for i in range(COUNT):
        if driver.profile.used >> i & 1:
            state = _STATES[2] if inputs.noisy >> i & 1 else _STATES[inputs.states >> i & 1]
            rows.append(
                (i + 1, driver.digital.input_name(i), state, inputs.edges[i], inputs.changes[i])
            )
    return rows


def _analogs(driver):
    rows = []
    for channel in driver.channels:
        spec = channel.spec
        value = "" if channel.value is None else decimal.text(channel.value, spec.power)
        condition = front_end.NAMES[channel.condition]
        rows.append((spec.at + 1, spec.name, spec.kind, value, spec.unit, condition, channel.code))
    return rows


def _soe(driver):
    for number, stamp_ms, i, state in driver.digital.sequence.rows():
        yield number, stamp_ms, i + 1, driver.digital.input_name(i), _STATES[state]
