"""Reads the machine's apt sources (sources.list(5), both forms) as stanzas of fields."""

import re
from pathlib import Path

_RELEASES = {"stable", "testing", "unstable", "sid"}
_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)")


def stanzas(text):
    """The paragraphs of a deb822 text: {field in lower case: value}; comments are dropped."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        fields, name = {}, None
        for line in paragraph.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if line[0] in " \t" and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields:
            found.append(fields)
    return found


def lines(text):
    """The same from the one-line form: `deb [options] uri suite component...`."""
    found = []
    for line in text.splitlines():
        match = _LINE.match(line.split("#")[0].strip())
        if not match:
            continue
        suite, *components = match["rest"].split()
        fields = {"types": "deb", "uris": match["uri"], "suites": suite}
        fields["components"] = " ".join(components)
        for option in (match["options"] or "").split():
            name, _, value = option.partition("=")
            fields[name.lower()] = value.replace(",", " ")
        found.append(fields)
    return found


def machine(etc=Path("/etc/apt")):
    """Every stanza of the machine, in apt's order."""
    found = []
    parts = sorted((etc / "sources.list.d").glob("*"))
    for path in [etc / "sources.list", *parts]:
        if path.suffix == ".list" and path.is_file():
            found += lines(path.read_text())
        elif path.suffix == ".sources" and path.is_file():
            found += stanzas(path.read_text())
    return found


def debian_main(found, codename):
    """The stanza of Debian's main archive: it carries a whole release, not its updates, and
    Debian's own keys vouch for it. None when the machine knows no such archive."""
    for fields in found:
        suites = fields.get("suites", "").split()
        if (
            fields.get("enabled", "yes").lower() not in ("no", "false", "0")
            and "deb" in fields.get("types", "").split()
            and "main" in fields.get("components", "").split()
            and (_RELEASES | {codename}).intersection(suites)
        ):
            return fields
    return None
