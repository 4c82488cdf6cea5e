"""What holds all over the tree, and no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "vienna_kernel": ROOT / "control/vienna_kernel",
    "vienna_control": ROOT / "control/vienna_control",
    "vienna_cli": ROOT / "control/vienna_cli",
    "vienna_client": ROOT / "proxy/vienna_client",
    "vienna_proxy": ROOT / "proxy/vienna_proxy",
}
SOURCES = sorted(path for folder in PACKAGES.values() for path in folder.rglob("*.py"))
KERNEL = sorted(PACKAGES["vienna_kernel"].rglob("*.py"))

# The two shells that may meet anything: the gate's outermost hooks and the control plane's API edge. The store's
# writer runs its callers' work and hands each its own error back.
MAY_CATCH_ALL = {
    "proxy/vienna_proxy/gate.py",
    "proxy/vienna_proxy/peers.py",
    "proxy/vienna_proxy/sockets.py",
    "control/vienna_control/api/edge.py",
    "control/vienna_control/store/writer.py",
}

# Reads of a clock, a random source, the process or a file, by the name of the attribute or function called.
IMPURE_CALLS = {
    "open",
    "input",
    "print",
    "now",
    "utcnow",
    "today",
    "generate",
    "read_text",
    "read_bytes",
    "getenv",
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def catch_alls(module: ast.Module) -> Iterator[int]:
    """Lines of handlers that take anything and do not raise it again."""
    for node in ast.walk(module):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {item.id for item in caught if isinstance(item, ast.Name)}
            clears_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if (node.type is None or names & {"Exception", "BaseException"}) and not clears_up:
                yield node.lineno


def test_everything_may_be_caught_in_few_places_only() -> None:
    found = {name(path): lines for path in SOURCES if (lines := list(catch_alls(tree(path))))}
    assert set(found) <= MAY_CATCH_ALL, found


@pytest.mark.parametrize("path", KERNEL, ids=name)
def test_the_kernel_asks_nobody(path: Path) -> None:
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    impure = [f"line {node.lineno}: {called(node)}()" for node in calls if called(node) in IMPURE_CALLS]
    assert not impure


def test_the_environment_is_read_where_a_process_starts() -> None:
    allowed = re.compile(r"__main__\.py$|config\.py$|vienna_cli/|vienna_client/")
    readers = [
        name(path)
        for path in SOURCES
        if any(isinstance(node, ast.Attribute) and node.attr == "environ" for node in ast.walk(tree(path)))
    ]
    assert [path for path in readers if not allowed.search(path)] == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.read_text().strip()], ids=name)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(tree(path))


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
    assert [name(path) for path in SOURCES if words.search(path.read_text())] == []


def test_every_kernel_module_is_tried() -> None:
    """By tests of its own name, by tests that import it, or as a part (``mapping_place``) of one that is."""
    tried = {path.stem.removeprefix("test_") for path in (ROOT / "tests").rglob("test_*.py")}
    texts = "\n".join(path.read_text() for path in (ROOT / "tests" / "kernel").rglob("*.py"))
    missing = [
        name(path)
        for path in KERNEL
        if path.stem not in ("__init__", "errors", "verdict", "shipped")
        and path.stem.partition("_")[0] not in tried
        and not re.search(rf"vienna_kernel.*\b{path.stem}\b", texts)
    ]
    assert missing == []


def test_the_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
