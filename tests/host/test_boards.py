"""Every board's tree compiles for its processor and offers the face main uses."""

import pytest
from conftest import ROOT

from tools.deploy import build, tree


@pytest.mark.parametrize(("board", "march"), sorted(tree.BOARDS.items()))
def test_the_tree_compiles(board, march, tmp_path, umqtt_dir):
    files = build.build(board, march, tmp_path)
    targets = [target for _, target in files]
    assert "/main.py" in targets
    assert "/lib/ttu.mpy" in targets
    assert f"/lib/board/{board}/board.mpy" in targets
    assert not [t for t in targets if "shim" in t or t.endswith("machine.mpy")]
    assert all(local.stat().st_size for local, _ in files)


def test_a_file_that_does_not_compile_is_named(tmp_path, monkeypatch):
    broken = ROOT / "build" / "broken.py"
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("def f(:\n")
    monkeypatch.setattr(tree, "sources", lambda board: [(broken, "/lib/broken")])
    with pytest.raises(build.BuildError, match="broken.py does not compile"):
        build.build("unix", "x64", tmp_path)


def test_every_board_offers_the_same_face():
    """What main uses of a board is there on each, by the same name."""
    import ast

    faces = []
    for board in tree.BOARDS:
        names = set()
        for node in ast.parse((ROOT / "board" / board / "board.py").read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name.lower())
            elif isinstance(node, ast.Assign):
                names |= {t.id.lower() for t in node.targets if isinstance(t, ast.Name)}
        faces.append({name for name in names if not name.startswith("_")})
    assert faces[0] == faces[1] == faces[2]


@pytest.mark.parametrize("board", sorted(set(tree.BOARDS) - {"unix"}))
def test_the_manifest_is_python(board):
    compile((ROOT / "board" / board / "manifest.py").read_text(), board, "exec")
