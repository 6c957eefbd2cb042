"""The device tests on the emulated Cortex-M3: which run, and how one is run and judged."""

from tools.qemu import image
from tools.qemu.machine import Machine

SCRIPTS = image.ROOT / "tests" / "device"
_TIMEOUT_S = 240

# Everything in tests/device runs, but these: test: why not.
EXCLUDED = {
    "test_control_driver": "plugs an emulated module, which is not in the image",
    "test_control_rs485": "keeps its files in a folder of the host",
    "test_delivering": "needs umqtt, which needs a network",
    "test_delivering_backlog": "needs umqtt, which needs a network",
    "test_expander": "is about a part of another board",
    "test_hplc_answers": "reads device profiles, which are no code",
    "test_hplc_reading": "reads device profiles, which are no code",
    "test_mqtt_codec": "needs umqtt, which needs a network",
    "test_uplink_engine": "needs umqtt, which needs a network",
    "test_uplink_session": "speaks to a broker over a socket",
}

# Ten seconds to a minute each, and nothing in them is about words or floats that others do not
# try: `make test-qemu` runs them.
SLOW = {
    "test_billing",
    "test_curve_damage",
    "test_journal",
    "test_meter",
    "test_record_log",
    "test_schedule",
    "test_time_drift",
    "test_time_steps",
}


def scripts():
    """Paths of the scripts that are to pass, sorted."""
    return [p for p in sorted(SCRIPTS.glob("test_*.py")) if p.stem not in EXCLUDED]


def quick():
    """Those of scripts() that are not slow."""
    return [p for p in scripts() if p.stem not in SLOW]


def run(elf, script):
    """None when `script` passes on a board fresh from reset, else what it said."""
    with Machine(elf) as board:
        code, said = board.mpremote("run", str(script), timeout=_TIMEOUT_S)
    if code == 0 and said.rstrip().endswith("OK"):
        return None
    return said.strip() or "it printed nothing, not even OK"
