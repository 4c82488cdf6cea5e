"""Time cut into buckets: they hold the whole span, are few enough, and are lengths that people count in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_control.filters.buckets import covering

NOW = datetime(2026, 11, 21, 12, 7, 30, tzinfo=UTC)
INSTANTS = st.integers(0, 36_000 * 86_400_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))


@given(
    start=INSTANTS,
    span=st.timedeltas(timedelta(milliseconds=1), timedelta(days=36_000)),
    most=st.integers(2, 200),
)
def test_they_hold_the_span_and_no_bucket_more(start: datetime, span: timedelta, most: int) -> None:
    end = start + span
    buckets = covering(start, end, most)
    assert 1 <= buckets.count <= most
    assert buckets.start <= start < buckets.edge(1)
    assert buckets.edge(buckets.count - 1) < end <= buckets.end
    assert buckets.first % buckets.width == 0


@pytest.mark.parametrize(
    ("span", "width"),
    [
        (timedelta(milliseconds=5), 1),
        (timedelta(minutes=15), 10),
        (timedelta(hours=1), 60),
        (timedelta(hours=24), 900),
        (timedelta(days=7), 7200),
        (timedelta(days=30), 43_200),
        (timedelta(days=365), 4 * 86_400),
    ],
)
def test_their_length_is_the_shortest_that_people_count_in(span: timedelta, width: int) -> None:
    assert covering(NOW - span, NOW, 100).width == width


@pytest.mark.parametrize("span", [timedelta(0), timedelta(days=-1)])
def test_of_no_time_there_are_none(span: timedelta) -> None:
    assert covering(NOW, NOW + span, 100).count == 0
