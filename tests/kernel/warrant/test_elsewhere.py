"""The vectors in another language, on another library's cryptography: the same verdicts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "vectors"


def test_node_judges_every_vector_as_we_do(tool: Callable[..., str]) -> None:
    run = subprocess.run(
        [tool("node"), FOLDER / "run.mjs", "--json"], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.stderr == ""
    files = sorted((FOLDER / "warrant").glob("[0-9]*.json"))
    assert json.loads(run.stdout) == {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["expect"] for path in files
    }
    assert len(files) > 250
    assert run.returncode == 0


def test_it_needs_nothing_but_node() -> None:
    lines = (FOLDER / "run.mjs").read_text(encoding="utf-8").splitlines()
    imported = [line for line in lines if line.startswith("import ")]
    assert imported
    assert all('from "node:' in line for line in imported)
