"""A score that changes in steps, as the path of an SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from vienna_control.clock import from_iso

__all__ = ["steps"]

_MARGIN = 4


def steps(
    changes: Sequence[Mapping[str, Any]], *, now: datetime, score: float, wide: int, high: int
) -> dict[str, Any]:
    """A chart of a score from 0 to 100, in a field of ``wide`` by ``high``.

    ``changes``: ``at``, ``before`` and ``after``, oldest first; ``score``: that of now, for one that never changed.

    Answers ``line`` and ``area`` (path data), ``dots`` (``x``, ``y`` and the change of each), ``first`` (instant at the
    left edge), ``wide``, ``high``, and ``marks`` (height of 0, 50 and 100).
    """
    began = from_iso(changes[0]["at"]) if changes else now - timedelta(days=1)
    span = max((now - began).total_seconds(), 1.0)

    def across(at: datetime) -> float:
        part = min(1.0, max(0.0, (at - began).total_seconds() / span))
        return round(_MARGIN + part * (wide - 2 * _MARGIN), 1)

    def height(value: float) -> float:
        return round(high - _MARGIN - value / 100 * (high - 2 * _MARGIN), 1)

    line = f"M{_MARGIN} {height(changes[0]['before'] if changes else score)}"
    dots = []
    for change in changes:
        x, y = across(from_iso(change["at"])), height(change["after"])
        line += f"H{x}V{y}"
        dots.append({"x": x, "y": y, **change})
    line += f"H{wide - _MARGIN}"
    floor = height(0)
    return {
        "line": line,
        "area": f"{line}V{floor}H{_MARGIN}Z",
        "dots": dots,
        "first": began,
        "wide": wide,
        "high": high,
        "marks": [(mark, height(mark)) for mark in (0, 50, 100)],
    }
