"""Every kind of device by its name."""

from tools.station.devices.dlt698_kinds import Concentrator698, EndTerminal698, Meter698
from tools.station.devices.ev_charger import EvCharger
from tools.station.devices.meter_645 import Meter645
from tools.station.devices.pv_inverter import PvInverter
from tools.station.devices.residual_current import ResidualCurrent
from tools.station.devices.residual_current_645 import ResidualCurrent645
from tools.station.devices.smart_breaker import SmartBreaker
from tools.station.devices.smart_capacitor import SmartCapacitor
from tools.station.devices.surge_protector import SurgeProtector
from tools.station.devices.temperature_humidity import TemperatureHumidity

KINDS = {
    kind.kind: kind
    for kind in (
        Meter645,
        ResidualCurrent645,
        Meter698,
        Concentrator698,
        EndTerminal698,
        SmartBreaker,
        ResidualCurrent,
        SmartCapacitor,
        SurgeProtector,
        EvCharger,
        PvInverter,
        TemperatureHumidity,
    )
}
