"""`make bench`: what metering costs. Instructions on an emulated Cortex-M3, repeatable to a few
parts in ten thousand, are held against their bars; times on this machine are only printed.
The last line is one JSON object. Instructions are not cycles: see tools/qemu/README.md.
"""

import json
import sys

from rich.console import Console
from rich.table import Table

from tools.bench import counts, host
from tools.qemu.need import QemuError
from tools.vboard.setup import BoardError

# key: (what it is, greatest value allowed)
BARS = {
    "kernel_insn_per_set": ("kernel, from raw bursts", 480),
    "pipeline_insn_per_set": ("pipeline: crossings, half cycles, windows, values", 700),
    "harmonics_insn_per_window": ("harmonics of 7 channels to the 50th", 6e6),
    "heap_kernel_bytes": ("heap a window, kernel", 0),
    "heap_window_bytes": ("heap a window, all that is measured, greediest", 2048),
    "repeat_spread": ("spread of all repeats and boots, relative", 0.001),
}
OTHERS = {
    "kernel_insn_per_set_in_burst": "kernel, calls of 64 sets included",
    "whole_insn_per_set": "all that is measured, harmonics included",
    "whole_insn_worst_burst": "that, the dearest burst",
    "pipeline_insn_worst_burst": "pipeline, the burst that closes a window",
    "harmonics_insn_worst_step": "harmonics, the longest step",
    "heap_window_mean_bytes": "heap a window, all that is measured, mean",
    "heap_pipeline_bytes": "heap a window, pipeline",
    "heap_harmonics_bytes": "heap a window, harmonics",
    "thumb_insn_per_set": "kernel in Thumb, for Cortex-M",
    "pipeline_thumb_insn_per_set": "pipeline with that",
    "whole_thumb_insn_per_set": "all that is measured with that",
    "bytecode_insn_per_set": "the kernel's work in byte code, exact",
    "c_insn_per_set": "the kernel's work in C -O2, exact",
    "ratio": "kernel over C",
    "viper_over_c": "on this machine: kernel over C",
    "bytecode_over_viper": "on this machine: byte code over kernel",
}


def figures(cases):
    """What the emulated board said, by the names of the last line."""
    kernel, pipeline, c = cases["kernel"], cases["pipeline"], cases["c"]
    harmonics, whole = cases["harmonics"], cases["whole"]
    return {
        "kernel_insn_per_set": round(kernel.value, 2),
        "pipeline_insn_per_set": round(pipeline.value, 2),
        "harmonics_insn_per_window": round(harmonics.value),
        "c_insn_per_set": round(c.value, 2),
        "ratio": round(kernel.value / c.value, 3),
        "repeat_spread": round(max(case.spread for case in cases.values()), 6),
        "heap_kernel_bytes": kernel.more["heap"],
        "heap_window_bytes": whole.more["heap"],
        "heap_window_mean_bytes": whole.more["mean"],
        "heap_pipeline_bytes": pipeline.more["heap"],
        "heap_harmonics_bytes": harmonics.more["heap"],
        "kernel_insn_per_set_in_burst": round(kernel.instructions("call") / 64, 2),
        "whole_insn_per_set": round(whole.value, 1),
        "whole_thumb_insn_per_set": round(cases["whole_thumb"].value, 1),
        "whole_insn_worst_burst": round(whole.instructions("worst")),
        "pipeline_insn_worst_burst": round(pipeline.instructions("worst")),
        "harmonics_insn_worst_step": round(harmonics.instructions("worst")),
        "thumb_insn_per_set": round(cases["thumb"].value, 2),
        "pipeline_thumb_insn_per_set": round(cases["pipeline_thumb"].value, 2),
        "bytecode_insn_per_set": round(cases["bytecode"].value, 1),
    }


def missed(result):
    """Keys whose bar is missed; what was not measured has missed it."""
    return [k for k, (_, bar) in BARS.items() if result.get(k) is None or result[k] > bar]


def show(result):
    table = Table(title="Cortex-M3 under QEMU", title_justify="left")
    table.add_column("")
    table.add_column("measured", justify="right")
    table.add_column("bar", justify="right")
    table.add_column("")
    bad = missed(result)
    for key, (text, bar) in BARS.items():
        verdict = "MISSED" if key in bad else "ok"
        table.add_row(text, _number(result.get(key)), _number(bar), verdict)
    table.add_section()
    for key, text in OTHERS.items():
        table.add_row(text, _number(result.get(key)), "", "")
    Console().print(table)


def _number(value):
    if value is None:
        return "not there"
    return f"{value:,.0f}" if value >= 10000 or value == int(value) else f"{value:.6g}"


def main():
    result = figures(counts.measure())
    times = host.measure()
    if times is None:
        print("SKIPPED: times on this machine (no C compiler: apt install gcc)")
    else:
        c, viper, bytecode = times
        result["viper_over_c"] = round(viper / c, 2)
        result["bytecode_over_viper"] = round(bytecode / viper, 2)
    show(result)
    for key in missed(result):
        print(f"missed: {key} is {_number(result.get(key))}, the bar is {_number(BARS[key][1])}")
    print(json.dumps(result))
    return 1 if missed(result) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (QemuError, BoardError) as error:
        sys.exit(f"bench: {error}")
