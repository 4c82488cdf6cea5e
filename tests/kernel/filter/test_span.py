"""The time that a filter is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vienna_kernel.filter.read import read
from vienna_kernel.filter.span import Span, span, timeless

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("q", "start", "end", "rest"),
    [
        ("", None, None, ""),
        ("tier:T2 refund", None, None, "tier:T2 refund"),
        ("after:2026-11-20", DAY, None, ""),
        ("before:2026-11-20 tier:T2", None, DAY, "tier:T2"),
        ("since:2h tier:T2 -before:2026-11-20", NOW - timedelta(hours=2), None, "tier:T2 -before:2026-11-20"),
        ("after:2026-11-20 (since:2h)", NOW - timedelta(hours=2), None, ""),
        ("since:3d after:2026-11-20 after:2026-11-19", DAY, None, ""),
        ("before:2026-11-20 before:2026-11-21", None, DAY, ""),
        ("after:2026-11-21 before:2026-11-20", DAY + timedelta(days=1), DAY, ""),
        ("since:1h or tier:T2", None, None, "since:1h or tier:T2"),
        ("-since:1h", None, None, "-since:1h"),
        ("tier:T2 (before:2026-11-20 or T3)", None, None, "tier:T2 (before:2026-11-20 or T3)"),
    ],
)
def test_what_must_hold_of_time_and_what_besides(
    q: str, start: datetime | None, end: datetime | None, rest: str
) -> None:
    what = read(q, "traffic")
    assert span(what, NOW) == Span(start, end)
    assert timeless(what) == read(rest, "traffic")
