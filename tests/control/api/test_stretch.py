"""A stretch of traffic is the last week unless said otherwise, and is never turned round or without end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from planes import NOW
from vienna_control.api.problems import Problem
from vienna_control.api.stretch import Stretch

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ({}, NOW - 7 * DAY, NOW),
        ({"to": NOW - DAY}, NOW - 8 * DAY, NOW - DAY),
        ({"from": NOW - 90 * DAY, "to": NOW}, NOW - 90 * DAY, NOW),
    ],
    ids=["nothing", "an end", "the longest"],
)
def test_its_ends(said: dict[str, Any], since: Any, until: Any) -> None:
    found = Stretch.model_validate(said).ends(NOW)
    last = until if "to" in said else until + timedelta(milliseconds=1)  # what is recorded now is part of it
    assert found == (last - (until - since), last)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"from": NOW, "to": NOW}, "an earlier time than /recorded/to"),
        ({"from": NOW + DAY}, "an earlier time than /recorded/to"),
        ({"from": NOW - 90 * DAY}, "at most 90 days before /recorded/to"),
    ],
    ids=["empty", "to come", "too long"],
)
def test_what_is_no_stretch_is_said_with_its_place(said: dict[str, Any], why: str) -> None:
    with pytest.raises(Problem, match=f"^/recorded/from: expected {why}"):
        Stretch.model_validate(said).ends(NOW, at="/recorded")
