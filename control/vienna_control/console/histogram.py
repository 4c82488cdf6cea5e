"""Calls over time as bars, and what each bar and each number of them leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from vienna_control.clock import from_iso
from vienna_control.console import filters
from vienna_control.filters.buckets import covering
from vienna_kernel import duration

__all__ = ["BARS", "HIGH", "drawn"]

type Lead = Callable[[str], str]
"""The address of a filter."""

BARS, HIGH = 64, 100
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


def drawn(told: Mapping[str, Any], q: str, lead: Lead) -> dict[str, Any] | None:
    """What the API counted, as it is drawn; None where there is nothing.

    Every ``q`` in it is the filter narrowed to what was counted there.
    """
    if not any(told["totals"].values()):
        return None
    sums = ((name, told["totals"][name]) for name in _WORDS)
    return {
        "counted_since": told["counted_since"],
        "count": len(told["buckets"]),
        "width": duration.text(told["width"]),
        "clock": "minute" if told["width"] >= 60 else "clock",
        "bars": list(_bars(told, q, lead)),
        "marks": list(_marks(from_iso(told["start"]), from_iso(told["end"]))),
        "legend": [
            {"name": name, "words": _WORDS[name], "count": count, **_led(_narrowed(q, name), lead)}
            for name, count in sums
            if count
        ],
    }


def _bars(told: Mapping[str, Any], q: str, lead: Lead) -> Iterator[dict[str, Any]]:
    buckets = told["buckets"]
    highest = max(_sum(one) for one in buckets)
    ends = [*(one["start"] for one in buckets[1:]), told["end"]]
    for at, (one, end) in enumerate(zip(buckets, ends, strict=True)):
        if _sum(one):
            counts = {name: one[name] for name in _WORDS}
            yield {
                "at": at,
                "start": one["start"],
                "end": end,
                "counts": counts,
                "words": ", ".join(f"{count:,} {_WORDS[name]}" for name, count in counts.items() if count),
                "parts": _parts(counts, highest),
                **_led(filters.within(q, _short(one["start"]), _short(end)), lead),
            }


def _parts(counts: Mapping[str, int], highest: int) -> list[dict[str, Any]]:
    """From the bottom up; the largest gives way to what would be too low to be seen."""
    there = [name for name in _WORDS if counts[name]]
    heights = [max(_LEAST, HIGH * counts[name] / highest) for name in there]
    heights[heights.index(max(heights))] -= max(0.0, sum(heights) - HIGH)
    parts, top = [], float(HIGH)
    for name, high in zip(there, heights, strict=True):
        top -= high
        parts.append({"name": name, "y": round(top, 2), "high": round(high, 2)})
    return parts


def _sum(bucket: Mapping[str, Any]) -> int:
    return sum(bucket[name] for name in _WORDS)


def _led(q: str, lead: Lead) -> dict[str, str]:
    return {"q": q, "href": lead(q)}


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
