"""The vectors of consent: as they stand there, and in another language on another library's cryptography."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from vectors import consents

FOLDER = Path(__file__).parents[2] / "vectors"


def test_the_vectors_are_what_we_say() -> None:
    found = {f"consent/{path.name}": path.read_text() for path in (FOLDER / "consent").glob("*.json")}
    assert found == consents.files()
    granted = {path for path, text in found.items() if json.loads(text)["expect"] == "granted"}
    assert granted == {f"consent/{name}.json" for name in ("quorum", "eddsa", "and_a_code", "critical")}


def test_node_judges_them_as_we_do(tool: Callable[..., str]) -> None:
    run = subprocess.run(
        [tool("node"), FOLDER / "consent.mjs", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.stderr == ""
    assert json.loads(run.stdout) == {
        path.stem: json.loads(path.read_text())["expect"] for path in (FOLDER / "consent").glob("*.json")
    }
    assert run.returncode == 0
