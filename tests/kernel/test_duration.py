"""Durations: what reads, what does not, one shortest spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel import duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("30m", 1800), ("4h", 14400), ("1d", 86400), (90, 90)]
)
def test_reads(text: str | int, seconds: int) -> None:
    assert duration.seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "4", "0s", "-1s", "1w", "1.5h", "4 h", "4H", "4h ", 0, -5, True, None, 1.5]
)
def test_refuses(text: object) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        duration.seconds(text)


@given(st.integers(1, 10**8))
def test_text_reads_back(total: int) -> None:
    assert duration.seconds(duration.text(total)) == total
