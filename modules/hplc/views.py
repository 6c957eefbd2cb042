"""The tables of a carrier module, for people."""

from modules.hplc import nodes as nodes_


def status(driver):
    reading, desk, startup = driver.reading, driver.desk, driver.startup
    nodes = driver.nodes
    rows = (
        ("module", "%s, version %s" % (startup.vendor or "-", startup.version or "-")),
        ("state", driver.state()),
        ("route", driver.route_text()),
        ("work", driver.jobs.running or "-"),
        ("nodes", len(nodes)),
        ("on file in the module", startup.on_file),
        ("not on file as they should", startup.differs),
        ("in the network", nodes.count(nodes_.JOINED)),
        ("answering", nodes.count(nodes_.SEEN) - driver.silent_seen()),
        ("silent", nodes.count(nodes_.LOST)),
        ("without power", nodes.count(nodes_.OUT)),
        ("being asked", driver.asking()),
        ("lanes", "%d, %s" % (reading.lanes, "13H F1" if reading.is_single else "F1H F1")),
        ("last round of data", "-" if reading.due.round_s < 0 else "%d s" % reading.due.round_s),
        ("left of this round", reading.due.round_left),
        ("requests", "%d, %d of them unanswered" % (reading.requests, reading.failed)),
        ("reports", "%d, %d of them again" % (desk.reports, desk.repeated)),
        ("file", driver.transfer.text()),
    )
    return ("what", "value"), rows


def nodes(driver):
    known = driver.nodes
    now_s = driver.now_s()
    rows = []
    for i in range(len(known)):
        seen = "%d s ago" % (now_s - known.seen_s[i]) if known.has(i, nodes_.SEEN) else "-"
        rows.append(
            (
                known.addresses[i],
                known.names[i],
                "698" if known.protocol(i) == 3 else "645",
                known.medium(i),
                known.level(i) or "-",
                known.quality(i) or "-",
                known.phase(i),
                known.state(i),
                seen,
            )
        )
    header = (
        "address", "name", "protocol", "medium", "level", "quality", "phase", "state", "seen",
    )  # fmt: skip
    return header, rows, "quality: 1 best to 15"


def topology(driver):
    """In the order of levels, each with who carries it on."""
    known = driver.nodes
    by_tei = {known.teis[i]: i for i in range(len(known)) if known.teis[i]}
    rows = []
    for level in range(16):
        for i in range(len(known)):
            if known.teis[i] and known.level(i) == level:
                proxy = by_tei.get(known.proxies[i], -1)
                via = known.names[proxy] if proxy >= 0 else "main node"
                rows.append((level, known.teis[i], known.names[i], known.role(i), via))
    note = "" if rows else "the module has not told its topology yet"
    return ("level", "tei", "name", "role", "via"), rows, note
