"""A bill's numbers for people, as (header, rows, note)."""

from firmware.core import decimal
from firmware.metering.demand import KINDS
from firmware.metering.energy_registers import TARIFFS, TOTAL
from firmware.metering.tariff import civil

_ENERGY = ("energy", "import Wh", "export Wh", "I varh", "II varh", "III varh", "IV varh")
_DEMAND = ("demand", "import W", "export W", "I+II var", "III+IV var")


def table(billing, in_force):
    """Of a Billing and the tariff that is in force."""
    energy, demand = billing.energy, billing.demand
    rows = []
    for tariff in range(TARIFFS + 1):
        six = energy.tariffs[6 * tariff : 6 * tariff + 6]
        if any(six) or tariff == in_force:
            rows.append([_name(tariff)] + _thousandths(six))
    rows.append(["total"] + _thousandths(energy.cells[6 * TOTAL : 6 * TOTAL + 6]))
    rows.append(_DEMAND)
    rows.append(["present"] + _thousandths(demand.last))
    for tariff in range(TARIFFS + 1):
        at = tariff * KINDS
        maxima = demand.maxima[at : at + KINDS]
        if any(maxima) or not tariff:
            what = "maximum " + _name(tariff) if tariff else "maximum"
            rows.append([what] + _thousandths(maxima))
            rows.append(["  at (UTC)"] + [_minute(m) for m in demand.stamps[at : at + KINDS]])
    return _ENERGY, rows, _note(demand, in_force)


def _name(tariff):
    return "T%d" % tariff if tariff else "no tariff"


def _thousandths(values):
    return [decimal.text(value, -3) for value in values]


def _minute(utc_min):
    """UTC minutes since 1970; nothing for 0."""
    if not utc_min:
        return ""
    clock = utc_min % 1440
    return "%04d-%02d-%02d %02d:%02d" % (civil(utc_min // 1440) + (clock // 60, clock % 60))


def _note(demand, in_force):
    text = "T%d is in force" % in_force if in_force else "no tariff is known: the clock is not set"
    text += "; demand of 15 minutes, each %d min" % demand.slip_min
    return text if demand.is_complete else text + "; the present one lacks some, sets no maximum"
