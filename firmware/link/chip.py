"""What a metrology IC is to the link, and which there are.

A chip object stands for one IC on the data channel; the link, the metering and main know no
other face of it. It is used by one caller at a time, the link task, and every failure of its
bus is a LinkError. Attributes:

    name            for people; `version` and `state` (the step of start-up walked last) too
    has_samples     True: it delivers waveforms (`feed`), False: readings of registers
    period_us       how often there is something to serve when all is well
    sample_hz       waveform samples a second; `full_scale` is the word at the ADC's full scale
    mark, mark_us   the newest sample number that had an interrupt when `serve` was called last,
                    and when that was within +-1 ms; `look_us` is when it was found. One is due
                    every `period_sets` samples
    register_ratio  (num, den): mWh of one count of what `sink.registers` gets
    register_bits   width of those counters in the IC
    pulse_ratio     (num, den): mWh of one energy pulse
    attach(sink)    who takes what comes; before anything else
    start(has_pulses)   coroutine: bring it to metering. True: it metered on and was only taken
                    over. `has_pulses()` tells whether its pulse channel is alive
    serve()         take what is there: how many pieces
    slow()          the slow user of the bus, once a second: registers, reset, configuration
    set_calibration(rows)   (register, value) to be in force from the next `slow` or `start` on
    rows()          (text, value) of its counters, for people
"""

from firmware.core.errors import LinkError


class Restart(LinkError):
    """The IC lost its configuration: it has to be started anew at once."""


def make(name, wires, clock, cfg, link_cfg, history, calibration=(), expected_crc=None):
    """The chip called `name` in the settings. `wires` has spi, select(level) and reset(level);
    `cfg` and `link_cfg` carry the settings below `metering` and `link`; `history` is how many
    older sets a consumer of samples wants before those at hand; `calibration` are rows and
    `expected_crc` is the checksum of the configuration that goes with them, if known."""
    # imported here: only the chip at hand takes memory
    if name == "ade9000":
        from firmware.link.ade9000.chip import Ade9000

        return Ade9000(wires, clock, cfg, link_cfg, history, calibration, expected_crc)
    from firmware.link.atm90e3x import registers
    from firmware.link.atm90e3x.chip import Atm90

    part = registers.E36A if name == "atm90e36a" else registers.E32AS
    return Atm90(part, wires, clock, cfg, calibration, expected_crc)
