"""What a backtest says, for people: what changes, and for each hour of the day a bar of what it would ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

_COLUMNS = 40
_NEVER = 12


def told(result: Mapping[str, Any]) -> Iterator[str]:
    """Lines about one result."""
    span = f"{result['since']} to {result['until']}"
    cut = ", the newest only" if result["cut"] else ""
    yield f"{result['judged']} of {result['intents']} recorded intents{cut}, {span}"
    if result["inexact"]:
        yield f"{result['inexact']} of them are from before facts were kept: trust and labels are those of today"
    yield f"{result['changed']} decisions change" + (":" if result["changes"] else "")
    for one in result["changes"]:
        yield f"  {one['count']:>6} × {one['from']} → {one['to']}"
    for one in result["new_denials"]:
        yield f"  newly denied: {one['name']} ({one['count']})"
    yield from _asked(result)
    for one in result["not_replayable"]:
        yield f"not told by this: {one['rule']} (its {one['on']} is not kept by moment)"
    never = [one["rule"] for one in result["never_fired"]["after"]]
    if never:
        more = f" and {len(never) - _NEVER} more" if len(never) > _NEVER else ""
        yield f"never held: {', '.join(never[:_NEVER])}{more}"


def _asked(result: Mapping[str, Any]) -> Iterator[str]:
    before, after = result["approvals"]["before"], result["approvals"]["after"]
    yield (
        f"approvals an hour: {before['per_hour']} → {after['per_hour']}, "
        f"at most {before['peak_hour']} → {after['peak_hour']} in one"
    )
    for one in after["by_group"]:
        yield f"  {one['name']}: {one['count']}"
    yield from bars(result["by_hour"])


def bars(hours: list[Mapping[str, Any]]) -> Iterator[str]:
    """A bar for each hour of the day (UTC) in which anybody would be asked; ``░`` is what is asked today."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for one in hours:
        before[one["at"][11:13]] += one["before"]
        after[one["at"][11:13]] += one["after"]
    most = max([*before.values(), *after.values()], default=0)
    for hour in sorted({*before, *after}):
        full, light = _length(after[hour], most), _length(before[hour], most)
        bar = "█" * full + "░" * max(0, light - full)
        yield f"  {hour}:00 {bar.ljust(_COLUMNS)} {after[hour]} (today {before[hour]})"


def _length(count: int, most: int) -> int:
    return -(-count * _COLUMNS // most) if most else 0
