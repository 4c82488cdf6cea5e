"""Calls over time as bars, and what each bar and each number of them leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from vienna_control.clock import from_iso
from vienna_control.console import filters
from vienna_control.filters.buckets import covering
from vienna_kernel import duration

__all__ = ["BARS", "HIGH", "drawn"]

BARS, HIGH = 100, 100
"""At most so many bars, and units that the highest of them has."""
_LEAST = 4.0
"""Units of what is there at all, so that it is seen."""
_MARKS = 6
_LATE = 0.75
"""A mark further to the right has its words to the left."""
_WORDS = {"deny": "refused", "hold": "held", "allow": "let go", "other": "neither"}
"""What stands out stands at the bottom, where bars are compared."""
_TERMS = {
    **{name: f"verdict:{name}" for name in ("deny", "hold", "allow")},
    "other": "-verdict:allow -verdict:hold -verdict:deny",
}


def drawn(told: Mapping[str, Any], q: str) -> dict[str, Any] | None:
    """What the API counted, as it is drawn; None where there is nothing.

    Every ``q`` in it is the filter narrowed to what was counted there.
    """
    if not any(told["totals"].values()):
        return None
    start, end = from_iso(told["start"]), from_iso(told["end"])
    highest = max(_sum(one) for one in told["buckets"])
    ends = [*(one["start"] for one in told["buckets"][1:]), told["end"]]
    pairs = enumerate(zip(told["buckets"], ends, strict=True))
    return {
        "start": told["start"],
        "end": told["end"],
        "counted_since": told["counted_since"],
        "count": len(told["buckets"]),
        "width": duration.text(told["width"]),
        "clock": "minute" if told["width"] >= 60 else "clock",
        "bars": [{"at": at, **_bar(one, end_, highest, q)} for at, (one, end_) in pairs if _sum(one)],
        "marks": list(_marks(start, end)),
        "legend": [
            {"name": name, "words": _WORDS[name], "count": count, "q": _narrowed(q, name)}
            for name in _WORDS
            if (count := told["totals"][name])
        ],
    }


def _sum(bucket: Mapping[str, Any]) -> int:
    return sum(bucket[name] for name in _WORDS)


def _bar(one: Mapping[str, Any], end: str, highest: int, q: str) -> dict[str, Any]:
    counts = [(name, one[name]) for name in _WORDS if one[name]]
    heights = [max(_LEAST, HIGH * count / highest) for _, count in counts]
    heights[heights.index(max(heights))] -= max(0.0, sum(heights) - HIGH)
    parts, top = [], float(HIGH)
    for (name, _), high in zip(counts, heights, strict=True):
        top -= high
        parts.append({"name": name, "y": round(top, 2), "high": round(high, 2)})
    return {
        "start": one["start"],
        "end": end,
        "parts": parts,
        "counts": {name: one[name] for name in _WORDS},
        "words": ", ".join(f"{count:,} {_WORDS[name]}" for name, count in counts),
        "q": filters.within(q, _short(one["start"]), _short(end)),
    }


def _marks(start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """Instants that people count in, and how far to the right they are, in percent."""
    edges = covering(start, end, _MARKS)
    for at in range(edges.count):
        along = (edges.edge(at) - start) / (end - start)
        if 0 <= along <= 1:
            yield {"at": edges.edge(at), "along": round(100 * along, 2), "late": along > _LATE}


def _narrowed(q: str, name: str) -> str:
    """Of that verdict alone, and of the time that was counted: the last day where the filter says nothing of it."""
    return filters.added(q if filters.of_time(q) else filters.added(q, "since:24h"), _TERMS[name])


def _short(instant: str) -> str:
    """Without what is zero anyway: ``2026-11-20T14:00Z``."""
    return instant.replace(".000Z", "Z").replace(":00Z", "Z", 1)
