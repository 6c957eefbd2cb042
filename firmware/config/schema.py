"""Every setting of the terminal, one row each, in the order people see them.

A row is (path, kind, default, low, high, choices, unit, help). What the kinds allow is judged in
config/entry.py:
  int        a whole number low..high
  bool       True or False
  text       low..high characters of the alphabet that `choices` names (None: any printable)
  secret     such a text that is never shown
  choice     one of `choices`
"""

_CHIPS = ("ade9000", "atm90e36a", "atm90e32as")
# four tariffs on every day: sharp peak 1, peak 2, flat 3, valley 4; the times are an example
_TARIFFS = (
    '{"days":[[0,4,700,3,800,2,1100,3,1800,2,1900,1,2100,2,2200,3,2300,4]],"seasons":[101,1,1,1]}'
)
_BAUDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
_PARITIES = ("none", "even", "odd")
_WAYS = ("network", "cellular")
_MODES = ("push", "buffer", "ppp")
_SPEEDS = (9600, 19200, 38400, 57600, 115200)
_FAST = (115200, 230400, 460800, 921600)
_CLOCKS = ("off", "read", "set")
_LEVELS = ("debug", "info", "warn", "error")

SCHEMA = (
    ("station.name", "text", "ttu", 1, 32, "name", "", "name of the terminal in its messages"),
    ("station.points", "int", 2000, 300, 8000, None, "", "points of all devices, 17 bytes each"),
    (
        "metering.u_full_scale_mv",
        "int",
        500000,
        1000,
        1000000000,
        None,
        "mV",
        "peak at full scale",
    ),
    ("metering.i_full_scale_ma", "int", 400000, 100, 1000000000, None, "mA", "peak at full scale"),
    ("metering.nominal_v", "int", 230, 10, 100000, None, "V", "nominal phase voltage"),
    ("metering.nominal_hz", "choice", 50, None, None, (50, 60), "Hz", "nominal frequency"),
    ("metering.pulse_constant", "int", 1000, 1, 1000000, None, "imp/kWh", "CF pulses"),
    ("link.chip", "choice", "ade9000", None, None, _CHIPS, "", "metrology IC on the link"),
    ("link.burst_crc", "bool", True, None, None, None, "", "check waveform bursts by their CRC"),
    ("link.timeout_ms", "int", 200, 50, 5000, None, "ms", "silence that counts as lost"),
    ("pq.dip", "int", 90, 50, 95, None, "%", "a voltage below is a dip"),
    ("pq.swell", "int", 110, 105, 150, None, "%", "a voltage above is a swell"),
    ("pq.interruption", "int", 5, 1, 20, None, "%", "all voltages below is an interruption"),
    ("pq.hysteresis", "int", 2, 1, 4, None, "%", "way back beyond a limit that ends an event"),
    ("pq.rated_a", "int", 200, 1, 1000000, None, "A", "rated current of a phase"),
    ("pq.overcurrent", "int", 120, 50, 1000, None, "%", "a current above is an overcurrent"),
    ("pq.voltage_loss", "int", 78, 20, 90, None, "%", "a voltage below is lost"),
    ("pq.phase_loss", "int", 60, 20, 90, None, "%", "a loaded phase below is lost"),
    ("pq.loss_current", "int", 5, 0, 50, None, "%", "a current above is a load"),
    ("pq.loss_s", "int", 3, 0, 600, None, "s", "a loss or reversed sequence lasts so long"),
    ("pq.imbalance", "int", 25, 5, 100, None, "%", "(Imax - Imin) / Imax above is an imbalance"),
    ("pq.imbalance_s", "int", 60, 0, 7200, None, "s", "an imbalance lasts so long"),
    ("pq.before_cycles", "int", 3, 0, 10, None, "", "cycles of a snapshot before its event"),
    ("pq.after_cycles", "int", 7, 1, 20, None, "", "cycles of a snapshot after its event"),
    ("pq.snapshots", "int", 8, 0, 100, None, "", "waveform snapshots kept; 0: none"),
    ("pq.snapshots_kb", "int", 512, 16, 65536, None, "KB", "flash all snapshots may take"),
    ("energy.tariffs", "text", _TARIFFS, 20, 900, None, "", "tariff plan, see metering/tariff.py"),
    ("energy.zone_min", "int", 480, -720, 840, None, "min", "local time ahead of UTC"),
    (
        "energy.demand_slip_min",
        "choice",
        1,
        None,
        None,
        (1, 3, 5, 15),
        "min",
        "slip of the demand",
    ),
    ("uplink.enabled", "bool", True, None, None, None, "", "report over MQTT"),
    ("uplink.host", "text", "127.0.0.1", 1, 64, "host", "", "address of the MQTT broker"),
    ("uplink.port", "int", 1883, 1, 65535, None, "", "TCP port of the MQTT broker"),
    ("uplink.user", "text", "", 0, 64, None, "", "user name at the broker; empty: none"),
    ("uplink.password", "secret", "", 0, 64, None, "", "password at the broker"),
    (
        "uplink.via",
        "choice",
        "network",
        None,
        None,
        _WAYS,
        "",
        "the board's own, or the 4G module",
    ),
    ("uplink.tls", "bool", False, None, None, None, "", "TLS, with the certificates in /tls"),
    ("uplink.keepalive_s", "int", 30, 10, 600, None, "s", "MQTT keep-alive"),
    ("uplink.period_s", "int", 5, 1, 3600, None, "s", "time between two reports of a device"),
    ("uplink.backoff_max_s", "int", 300, 1, 300, None, "s", "longest wait between attempts"),
    ("rs485.key_s", "int", 1, 1, 60, None, "s", "a key alarm is looked at so often"),
    ("rs485.alarm_s", "int", 60, 2, 3600, None, "s", "an ordinary alarm is looked at so often"),
    ("rs485.data_s", "int", 900, 1, 86400, None, "s", "data are read so often"),
    ("rs485.reply_ms", "int", 500, 50, 60000, None, "ms", "longest wait for an answer"),
    ("hplc.alarm_s", "int", 300, 10, 86400, None, "s", "status words of meters are read so often"),
    ("hplc.data_s", "int", 900, 10, 86400, None, "s", "data are read so often"),
    ("hplc.reply_s", "int", 30, 1, 90, None, "s", "longest wait for a node's answer"),
    ("hplc.lanes", "int", 5, 1, 15, None, "", "nodes that are asked at the same time"),
    ("hplc.quiet_ms", "int", 400, 50, 2000, None, "ms", "pause that ends an outage's reports"),
    ("hplc.main", "text", "000000000001", 12, 12, "digits", "", "address of the main node"),
    ("hplc.baud", "choice", 9600, None, None, _SPEEDS, "", "speed of the module's port"),
    ("cellular.mode", "choice", "push", None, None, _MODES, "", "how TCP runs over the modem"),
    ("cellular.apn", "text", "", 0, 64, None, "", "access point name; empty: the SIM's own"),
    ("cellular.user", "text", "", 0, 64, None, "", "user name at the access point"),
    ("cellular.password", "secret", "", 0, 64, None, "", "password at the access point"),
    ("cellular.pin", "secret", "", 0, 8, None, "", "PIN of the SIM; empty: none"),
    ("cellular.baud", "choice", 921600, None, None, _FAST, "", "speed of the modem's port"),
    ("control.remote", "bool", False, None, None, None, "", "others than people here may operate"),
    ("control.guarantee", "bool", False, None, None, None, "", "supply is guaranteed: no opening"),
    ("control.select_s", "int", 30, 5, 300, None, "s", "a selection runs out after it"),
    ("control.pulse_ms", "int", 200, 50, 400, None, "ms", "a coil is fed so long"),
    (
        "control.travel_ms",
        "int",
        1000,
        100,
        10000,
        None,
        "ms",
        "a switch reaches its position in it",
    ),
    ("telemetry.debounce_ms", "int", 10, 1, 200, None, "ms", "an input is steady so long"),
    ("telemetry.chatter", "int", 20, 4, 200, None, "1/s", "changes a second that are chatter"),
    ("telemetry.calm_s", "int", 5, 1, 60, None, "s", "chatter is over after such a pause"),
    ("telemetry.analog_s", "int", 1, 1, 60, None, "s", "analog inputs are read so often"),
    ("pass_through.port", "int", 0, 0, 65535, None, "", "TCP port for a vendor's tool; 0: off"),
    (
        "pass_through.host",
        "text",
        "127.0.0.1",
        1,
        64,
        "host",
        "",
        "who may connect, without any password: 0.0.0.0 is everybody",
    ),
    ("pass_through.slot", "int", 1, 1, 6, None, "", "slot whose bus the tool speaks on"),
    ("pass_through.baud", "choice", 9600, None, None, _BAUDS, "", "speed of the tool's devices"),
    ("pass_through.parity", "choice", "even", None, None, _PARITIES, "", "of the tool's devices"),
    ("pass_through.reply_ms", "int", 1000, 20, 10000, None, "ms", "longest wait for an answer"),
    ("pass_through.gap_ms", "int", 100, 5, 5000, None, "ms", "an answer ends at such a pause"),
    ("pass_through.idle_s", "int", 300, 1, 86400, None, "s", "a silent tool is hung up on"),
    ("time.sntp", "text", "", 0, 64, "host", "", "time server, :port if not 123; empty: none"),
    ("time.sntp_s", "int", 1800, 64, 86400, None, "s", "it is asked so often"),
    ("time.master", "bool", False, None, None, None, "", "a master may step more than 15 min"),
    ("time.meters", "choice", "set", None, None, _CLOCKS, "", "what is done to meters' clocks"),
    ("time.meters_at", "int", 200, 0, 1439, None, "min", "... at this minute of the local day"),
    ("log.level", "choice", "info", None, None, _LEVELS, "", "least weight of a line to print"),
    ("wdt.timeout_ms", "int", 8000, 1000, 60000, None, "ms", "reset when unfed so long"),
)
