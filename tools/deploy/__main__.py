"""`make deploy PORT=...`: build the tree for the board behind PORT and copy what changed."""

import argparse
import hashlib
import sys
from pathlib import PurePosixPath

from tools.deploy import build, remote, tree

_OURS = ("/lib/firmware/", "/lib/modules/", "/lib/board/", "/lib/umqtt/", "/lib/ttu.mpy")
_BATCH = 40  # files of one mpremote call


def plan(wanted, present):
    """(files to copy, paths to delete): `wanted` is [(local, remote)], `present` {remote: sha}."""
    copy = [
        (local, path)
        for local, path in wanted
        if present.get(path) != hashlib.sha256(local.read_bytes()).hexdigest()
    ]
    keep = {path for _, path in wanted}
    stale = [path for path in present if path.startswith(_OURS) and path not in keep]
    return copy, sorted(stale)


def folders(paths):
    """Every folder the paths need, parents first."""
    found = set()
    for path in paths:
        found |= {str(p) for p in PurePosixPath(path).parents if str(p) != "/"}
    return sorted(found)


def push(port, copy, stale):
    """Copy and delete through mpremote."""
    if stale:
        remote.mpremote(port, "exec", f"import os\nfor p in {stale!r}:\n os.remove(p)")
    if copy:
        make = folders(path for _, path in copy)
        remote.mpremote(
            port,
            "exec",
            f"import os\nfor p in {make!r}:\n try:\n  os.mkdir(p)\n except OSError:\n  pass",
        )
    for at in range(0, len(copy), _BATCH):
        words = []
        for local, path in copy[at : at + _BATCH]:
            words += ["+"] if words else []
            words += ["fs", "cp", str(local), ":" + path]
        remote.mpremote(port, *words)
        print(f"  {min(at + _BATCH, len(copy))} of {len(copy)} files")


def deploy(port, board=None):
    """The number of files that were copied."""
    platform, march, present = remote.survey(port)
    board = board or tree.PLATFORMS.get(platform)
    if board is None:
        raise remote.RemoteError(
            f"no board folder is known for the platform {platform!r}: say BOARD=<folder of board/>"
        )
    wanted = build.build(board, march or tree.BOARDS[board])
    if board != "unix":  # a real board takes micropython-lib's own package
        wanted = [(local, path) for local, path in wanted if not path.startswith("/lib/umqtt/")]
        if not any(path.startswith("/lib/umqtt/simple") for path in present):
            remote.mpremote(port, "mip", "install", "umqtt.simple")
        present = {p: sha for p, sha in present.items() if not p.startswith("/lib/umqtt/")}
    copy, stale = plan(wanted, present)
    print(f"{board} ({march}) at {port}: {len(copy)} of {len(wanted)} files to copy, "
          f"{len(stale)} to delete")  # fmt: skip
    push(port, copy, stale)
    if copy or stale:
        remote.mpremote(port, "reset")
        print("the board was reset and starts the terminal")
    return len(copy)


def main():
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__)
    parser.add_argument("port", help="serial port or PTY of the board")
    parser.add_argument("--board", choices=sorted(tree.BOARDS), help="folder of board/")
    arguments = parser.parse_args()
    try:
        deploy(arguments.port, arguments.board)
    except (build.BuildError, remote.RemoteError) as error:
        sys.exit(f"deploy: {error}")
    except KeyboardInterrupt:
        sys.exit("deploy: stopped; run it again to finish")


if __name__ == "__main__":
    main()
