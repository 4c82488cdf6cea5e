"""The benchmarks run, and say what they say; how long anything takes is no test's business."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_of_the_kernel_runs(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench.kernel", "--rounds", "1", "--seconds", "0.0001", "--json", str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr  # 1: the machine is too busy for figures
    found = json.loads(file.read_text())
    assert found["void"] == (done.returncode == 1)
    rows = {row["name"]: row for row in found["rows"]}
    assert {row["group"] for row in rows.values()} >= {
        "policy", "decision", "mapping", "call", "body", "warrant", "ledger", "first use",
    }  # fmt: skip
    for row in rows.values():
        assert row["value"] > 0, row
        assert row["name"] in done.stdout
        assert (row["verdict"] != "") == (row["goal"] is not None)
    for count in ("10", "100", "1,000", "10,000"):
        assert rows[f"policy, {count} rules"]["times_naive"] > 0


def test_the_benchmark_of_the_console_runs(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    small = ["--pending", "20", "--intents", "100", "--requests", "1", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.console", *small],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr  # 1: the machine is too busy for the goals
    found = json.loads(file.read_text())
    assert {name.partition(",")[0] for name in found} >= {"inbox", "approval", "traffic", "intent"}
    assert all(name in done.stdout and row["p50_ms"] > 0 for name, row in found.items())
