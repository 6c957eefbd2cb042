"""How a station's buses fare as they fill up, as a table and a picture: `make poll SWEEP=docs`."""

import copy
from pathlib import Path

SIZES = (50, 100, 150, 200, 250, 300, 350, 400)
_DEAD = 0.1  # share of the devices that never answer

# head of the column, key, format
_COLUMNS = (
    ("complete %", "complete_pct", "{:.1f}"),
    ("key alarm p99 s", "key_alarm_p99_s", "{:.2f}"),
    ("alarm p99 s", "alarm_p99_s", "{:.1f}"),
    ("live slowdown", "live_slowdown", "{:.3f}"),
    ("wire efficiency", "wire_efficiency", "{:.3f}"),
    ("bus load %", "load_pct", "{:.0f}"),
    ("quarantine %", "quarantine_pct", "{:.1f}"),
    ("heap KB", "heap_data_bytes", "{:.0f}"),
)


def cases(plan):
    """(name, plan) of every run: the sizes, and what is wrong with some stations."""
    for size in SIZES:
        yield f"{size} devices", vary(plan, devices=size, dead=round(size * _DEAD))
    yield "200, nobody dead", vary(plan, devices=200, dead=0)
    yield "200, 20 % dead", vary(plan, devices=200, dead=40)
    yield "200, one babbles", vary(plan, devices=200, dead=20, babble=True)


def vary(plan, **values):
    other = copy.copy(plan)
    # 20 points a device, and the table of a smaller station is smaller
    vars(other).update(values, points=20 * values["devices"])
    return other


def sweep(plan, poll, say):
    """[(name, numbers)] of all cases; `poll(plan, say)` gives the numbers of one."""
    results = []
    for name, case in cases(plan):
        say(f"--- {name}")
        results.append((name, poll(case, lambda text: None)))
    return results


def write(folder, plan, results):
    """polling.md and polling.svg into `folder`; their paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "polling.md"
    page.write_text(_page(plan, results))
    picture = folder / "polling.svg"
    _draw(picture, plan, results[: len(SIZES)])
    return page, picture


def _page(plan, results):
    lines = [
        "# How the buses fill up",
        "",
        f"`make poll SWEEP=docs SEED={plan.seed}` wrote this page: {plan.buses} RS-485 buses with "
        f"DL/T 645, DL/T 698.45 and Modbus devices",
        f"mixed, {plan.keys} with key alarms on each, {plan.minutes} minutes of virtual time, "
        "replies of 20 to 200 ms, one device in ten dead unless",
        "the row says otherwise. How each number is made: "
        "[tools/poll/README.md](../tools/poll/README.md).",
        "",
        "![key alarms, alarms and load over the number of devices](polling.svg)",
        "",
        "| station | " + " | ".join(head for head, _, _ in _COLUMNS) + " |",
        "| --- |" + " ---: |" * len(_COLUMNS),
    ]
    for name, result in results:
        lines.append(f"| {name} | " + " | ".join(_cells(result)) + " |")
    lines += [
        "",
        "A bus with eight key alarms is never idle: they are looked at as often as the others "
        "leave room for, at most once a",
        "second. What grows with the number of devices is therefore the age of a key alarm, "
        "not the load. Beyond what a bus",
        "can carry, data come late first, then ordinary alarms.",
    ]
    return "\n".join(lines) + "\n"


def _cells(result):
    for _, key, form in _COLUMNS:
        value = result[key]
        if key == "heap_data_bytes":
            value /= 1000
        yield "-" if value is None else form.format(value)


def _draw(path, plan, results):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "ttu"  # the same picture for the same numbers
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 1, figsize=(7, 8), sharex=True)
    rows = (
        (axes[0], "key_alarm_p99_s", "key alarm p99, s", 2.0),
        (axes[1], "alarm_p99_s", "alarm p99, s", 60.0),
        (axes[2], "complete_pct", "data complete, %", 100.0),
    )
    for axis, key, label, bar in rows:
        axis.plot(SIZES, [result[key] for _, result in results], marker="o", color="#1f5fa8")
        axis.axhline(bar, linestyle="--", color="#a33", linewidth=1, label="wanted")
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    axes[0].legend(loc="lower right")
    axes[0].set_title(f"{plan.buses} buses, one device in ten dead, seed {plan.seed}")
    axes[-1].set_xlabel("devices")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
