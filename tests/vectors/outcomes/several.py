"""Several parts of one request together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.outcomes.asked import Vector, came, promise, vector


def several() -> Iterator[Vector]:
    def part(effect: str, failed: bool) -> dict[str, Any]:
        intent = {"action": "x", "target": "t", "parameters": {}, "effect": effect}
        return promise(intent, {"failed": [{"pointer": "/failed", "values": [failed]}]})

    yield vector(
        "several_failed_beside_change",
        "a change was made, another failed",
        [part("write", True), part("write", False)],
        came({"failed": False}),
        "ambiguous",
        wrong={"2 /failed": "failed"},
    )
    yield vector(
        "several_failed_beside_read",
        "a read was answered, the change failed",
        [part("read", True), part("write", False)],
        came({"failed": False}),
        "failed",
        wrong={"2 /failed": "failed"},
    )
    yield vector(
        "several_all_failed",
        "all failed",
        [part("write", False), part("write", False)],
        came({"failed": False}),
        "failed",
        wrong={"1 /failed": "failed", "2 /failed": "failed"},
    )
    yield vector(
        "several_promised_and_not",
        "one part promises something, the other nothing",
        [part("write", True), promise({"action": "y", "target": "t", "parameters": {}, "effect": "write"})],
        came({"failed": False}),
        "unverifiable",
    )
