"""The lines and the metrics of a gate of its own process."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import httpx

from harness.vienna import until

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


def lines(gate: Any) -> list[dict[str, Any]]:
    """Every line of a call so far."""
    rows = [json.loads(line) for line in gate.log().splitlines() if line.startswith("{")]
    return [row for row in rows if row["event"] == "call"]


def wait_for_lines(gate: Any, count: int) -> list[dict[str, Any]]:
    """The lines, once there are ``count``. Errors: ``AssertionError`` when there are not so many."""
    return until(f"{count} lines", lambda: found if len(found := lines(gate)) >= count else None)


def kinds(rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """What became of the calls, with how many each."""
    return Counter(
        (row["method"], row["decision"], row["reason"], row["status"], row["ended"]) for row in rows
    )


def samples(gate: Any) -> dict[str, float]:
    """The page of metrics, by series as it is written."""
    page = httpx.get(f"{gate.process.ready['admin']}/metrics", timeout=40, trust_env=False)
    assert page.status_code == 200
    return {
        f"{name}{{{labels}}}" if labels else name: float(value)
        for name, labels, value in _SAMPLE.findall(page.text)
    }


def total(found: dict[str, float], name: str, *labels: str) -> float:
    """Sum of the series of that name that have all of these labels, ``key="value"`` each."""
    return sum(
        value
        for series, value in found.items()
        if series.partition("{")[0] == name and all(label in series for label in labels)
    )


def until_sample(gate: Any, name: str, value: float) -> None:
    """Wait until the series of that name add up to this. Errors: ``AssertionError`` when they do not."""
    until(f"{name} to be {value}", lambda: total(samples(gate), name) == value)
