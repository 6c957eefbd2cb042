"""What docs/module.md says, taken out of it and put into a tree of its own."""

import re
import shutil
import textwrap

from conftest import ROOT

PAGE = ROOT / "docs" / "module.md"


def blocks(text):
    """The page's two blocks of code: the driver, and its rows of the schema."""
    driver, rows = re.findall(r"^```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return driver, rows


def snippet(words):
    """The indented lines of the page around `words`."""
    for found in re.findall(r"(?:^    .*\n)+", PAGE.read_text(), re.MULTILINE):
        if words in found:
            return textwrap.dedent(found)
    raise AssertionError(f"the page does not say {words}")


def plant(folder, driver, rows=""):
    """A tree in `folder`, as a reader of the page has it: ours and modules/thermo/driver.py."""
    for name in ("firmware", "modules", "board"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tools").symlink_to(ROOT / "tools")
    (folder / "modules" / "thermo").mkdir()
    (folder / "modules" / "thermo" / "driver.py").write_text(driver)
    schema = folder / "firmware" / "config" / "schema.py"
    text = schema.read_text()
    assert text.endswith("\n)\n"), "SCHEMA is no longer the last thing in its file"
    schema.write_text(text[:-2] + rows + ")\n")
    return folder
