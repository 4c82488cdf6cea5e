"""The lines and the metrics of a gate of its own process."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from typing import Any

import httpx

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


def lines(gate: Any) -> list[dict[str, Any]]:
    """Every line of a call so far."""
    rows = [json.loads(line) for line in gate.log().splitlines() if line.startswith("{")]
    return [row for row in rows if row["event"] == "call"]


def wait_for_lines(gate: Any, count: int, *, seconds: float = 20.0) -> list[dict[str, Any]]:
    """The lines, once there are ``count``. Errors: ``AssertionError`` when there are not so many."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if len(found := lines(gate)) >= count:
            return found
        pause.wait(0.05)
    raise AssertionError(f"expected {count} lines, saw {kinds(lines(gate))}")


def kinds(rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """What became of the calls, with how many each."""
    return Counter(
        (row["method"], row["decision"], row["reason"], row["status"], row["ended"]) for row in rows
    )


def samples(gate: Any) -> dict[str, float]:
    """The page of metrics, by series as it is written."""
    page = httpx.get(f"{gate.process.ready['admin']}/metrics", trust_env=False)
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


def until_sample(gate: Any, name: str, value: float, *, seconds: float = 20.0) -> None:
    """Wait until the series of that name add up to this. Errors: ``AssertionError`` when they do not."""
    pause, found = threading.Event(), -1.0
    for _ in range(int(seconds / 0.1)):
        if (found := total(samples(gate), name)) == value:
            return
        pause.wait(0.1)
    raise AssertionError(f"{name}: expected {value}, saw {found}")
